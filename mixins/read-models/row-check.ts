/**
 * RowCheck - whether rows are what the logs make them: each checkpoint against the commit it names, and, where it is asked for, every
 * row against one folded anew beside it. Changes nothing that is in use. Knows no Moleculer.
 */
import { ForeignHistory } from "../../store/chain.ts";
import { anchored } from "../../store/follow.ts";
import { asError, endsBefore } from "../../store/log.ts";
import { checkpointOf, type Row, type RowStore, type Table, type TableSpec } from "../../store/rows.ts";
import type { Folder } from "./projector.ts";
import type { Followed } from "../following/following.ts";
import { type Difference, type Live, Rebuild, type RebuildStep } from "./rebuild.ts";
import type { Timers } from "../common/timers.ts";

export interface RowFinding {
	/** `<log>:<partition>` */
	readonly log: string;
	/** Of the checkpoint. */
	readonly position: number;
	readonly code:
		/** The log holds another commit there: these rows are of another history. */
		| "FOREIGN_CHECKPOINT"
		/** The log ends before. */
		| "CHECKPOINT_BEYOND_LOG";
	readonly detail: string;
}
/** What the rows of one read model or process came to. */
export interface RowsChecked {
	readonly phase: "checked";
	readonly name: string;
	readonly findings: readonly RowFinding[];
	/** Null where they were not folded anew. */
	readonly compared: {
		readonly rows: number;
		/** How many differ, and the first of them. */
		readonly differing: number;
		readonly differences: readonly Difference[];
	} | null;
}
/** How far it is, now and then, and at the end what it came to. */
export type RowsChecking = Exclude<RebuildStep, { readonly phase: "compared" }> | RowsChecked;

export interface RowCheckOptions {
	readonly name: string;
	readonly logs: readonly Followed[];
	readonly live: Live;
	/** Whether every row is folded anew and compared; else only the checkpoints are looked at. */
	readonly rows: boolean;
	readonly store: Pick<RowStore, "open" | "discard">;
	readonly spec: TableSpec;
	readonly folder: (table: Table) => Folder;
	readonly alike: (before: Row | null, after: Row | null) => boolean;
	readonly timers: Timers;
	/** Milliseconds. */
	readonly clock: () => number;
}

/** What is known of the rows before anything is checked. */
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

/** In a table of its own, which is gone afterwards. */
async function* compare({ store, spec, folder, ...options }: RowCheckOptions): AsyncGenerator<RowsChecking, RowsChecked["compared"]> {
	const name = `${spec.name}~check`;
	await store.discard(name); // what a check that was cut short has left
	try {
		const next = folder(await store.open({ ...spec, name }));
		const rebuild = new Rebuild({ ...options, next, compare: true });
		for await (const step of rebuild.run(() => Promise.resolve())) {
			if (step.phase !== "compared") yield step;
			else return { rows: step.rows, differing: step.differing, differences: step.differences };
		}
		throw new Error("a rebuild ends with what it compared");
	} finally {
		await store.discard(name);
	}
}
