/**
 * RowCheck - compares rows with the logs: each checkpoint with the commit it names and, on request, every row with one folded from the
 * logs in a separate table. It changes no live data and does not depend on Moleculer.
 */
import { ForeignHistory } from "../../store/chain.ts";
import { anchored } from "../../store/follow.ts";
import { asError, endsBefore } from "../../store/log.ts";
import { checkpointOf, type Row, type RowStore, type Table, type TableSpec } from "../../store/rows.ts";
import type { Folder } from "./projector.ts";
import type { Followed } from "../following/following.ts";
import { type Difference, type Live, Rebuild, type RebuildStep } from "./rebuild.ts";
import type { Timers } from "../common/timers.ts";

/** The codes of findings about rows, each with its meaning. */
export const ROW_FINDINGS = {
	FOREIGN_CHECKPOINT:
		"The rows of a read model or process were made from another history: the log holds another commit at their checkpoint.",
	CHECKPOINT_BEYOND_LOG: "The rows of a read model or process were made from commits the log no longer holds.",
} as const;
export interface RowFinding {
	/** `<log>:<partition>` */
	readonly log: string;
	/** Position of the checkpoint. */
	readonly position: number;
	readonly code: keyof typeof ROW_FINDINGS;
	readonly detail: string;
}
/** Result for the rows of one read model or process. */
export interface RowsChecked {
	readonly phase: "checked";
	readonly name: string;
	readonly findings: readonly RowFinding[];
	/** Null if the rows were not compared. */
	readonly compared: {
		readonly rows: number;
		/** Number of rows that differ; `differences` holds the first of them. */
		readonly differing: number;
		readonly differences: readonly Difference[];
	} | null;
}
/** Progress reports, then the result. */
export type RowsChecking = Exclude<RebuildStep, { readonly phase: "compared" }> | RowsChecked;

export interface RowCheckOptions {
	readonly name: string;
	readonly logs: readonly Followed[];
	readonly live: Live;
	/** Whether to fold and compare every row; else only the checkpoints are checked. */
	readonly rows: boolean;
	readonly store: Pick<RowStore, "open" | "discard">;
	readonly spec: TableSpec;
	readonly folder: (table: Table) => Folder;
	readonly alike: (before: Row | null, after: Row | null) => boolean;
	readonly timers: Timers;
	/** Milliseconds. */
	readonly clock: () => number;
}

/** The options that depend only on the read model or process. */
export type Checked = Pick<RowCheckOptions, "name" | "live" | "spec" | "folder" | "alike">;

export async function* checkRows(options: RowCheckOptions): AsyncGenerator<RowsChecking> {
	const { name, logs, live, rows } = options;
	const findings = await misplaced(live.table, logs);
	const compared = rows && findings.length === 0 ? yield* compare(options) : null;
	yield { phase: "checked", name, findings, compared };
}

/** Checkpoints that name no commit of the log. */
async function misplaced(table: Table, logs: readonly Followed[]): Promise<RowFinding[]> {
	const checkpoints = await table.checkpoints();
	const found = await Promise.all(
		logs.map(async ({ log }): Promise<RowFinding | null> => {
			const at = checkpointOf(checkpoints, log.name);
			try {
				await anchored(log.name, (after, limit) => log.read(after, limit), at);
				return null;
			} catch (error) {
				const finding = { log: log.name, position: at.position, detail: asError(error).message };
				if (error instanceof ForeignHistory) return { ...finding, code: "FOREIGN_CHECKPOINT" };
				if (await endsBefore(log, at.position)) return { ...finding, code: "CHECKPOINT_BEYOND_LOG" };
				throw error;
			}
		}),
	);
	return found.filter((finding) => finding !== null);
}

/** Folds into a separate table, which it discards afterwards. */
async function* compare({ store, spec, folder, ...options }: RowCheckOptions): AsyncGenerator<RowsChecking, RowsChecked["compared"]> {
	const name = `${spec.name}~check`;
	await store.discard(name); // left over from an interrupted check
	try {
		const next = folder(await store.open({ ...spec, name }));
		const rebuild = new Rebuild({ ...options, next, compare: true });
		for await (const step of rebuild.run(() => Promise.resolve())) {
			if (step.phase !== "compared") yield step;
			else return { rows: step.rows, differing: step.differing, differences: step.differences };
		}
		throw new Error("the rebuild ended without a comparison");
	} finally {
		await store.discard(name);
	}
}
