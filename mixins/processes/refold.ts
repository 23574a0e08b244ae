/**
 * Refold - folds the rows of a process from the logs alone, to compare them with the live rows: subjects, references and dropped
 * commands. Pending and parked commands are not in the logs and are left out. It sends no commands.
 */
import { type AnyProcess, sameJson } from "../../model/index.ts";
import type { Commit, Tail } from "../../store/log.ts";
import { type Change, checkpointOf, type Row, type Table } from "../../store/rows.ts";
import { foldAll } from "../following/folding.ts";
import { change, processTableOf, type Reference, type Subject } from "./rows.ts";
import type { ProcessRunner } from "./runner.ts";
import { processSteps } from "./steps.ts";
import type { Checked } from "../read-models/row-check.ts";
import type { Folder, Looked } from "../read-models/projector.ts";
import type { Partitioned } from "../following/following.ts";
import { RowCache } from "../following/row-cache.ts";

export class ProcessRefold implements Folder {
	readonly table: Table;
	readonly #process: AnyProcess;
	readonly #cache: RowCache;
	readonly #columns: readonly null[];

	constructor(manager: AnyProcess, table: Table) {
		this.#process = manager;
		this.table = table;
		this.#cache = new RowCache(table);
		this.#columns = processTableOf(manager).columns.map(() => null);
	}

	look({ context, partition, log: { name } }: Partitioned, commits: readonly Commit[], from: Tail): Looked {
		const { subjects, references, words } = processSteps(this.#process, context, partition, commits);
		const steps = [...subjects, ...references, ...words];
		const { position, hash } = commits.at(-1) ?? from;
		return { name, from, to: { position, hash }, steps, rows: this.#cache.load(steps.map(({ id }) => id)) };
	}
	fold({ name, steps }: Looked, rows: ReadonlyMap<string, Row>): Change[] {
		return [...foldAll(rows, steps, name).values()].map((folded) => change(folded, folded.data, this.#columns));
	}
	async keep({ name, from, to }: Looked, changes: readonly Change[]): Promise<Tail> {
		if (await this.table.save(changes, [{ partition: name, from, to }])) {
			this.#cache.keep(changes);
			return to;
		}
		this.#cache.clear();
		return checkpointOf(await this.table.checkpoints(), name);
	}
}

/** The rows of a running process to check; on a standby, these are the rows that the node on duty has written. */
export const checkedWork = (manager: AnyProcess, runner: Pick<ProcessRunner, "table" | "hold">): Checked => ({
	name: manager.name,
	live: { table: runner.table, foreign: null, hold: (task) => runner.hold(task) },
	spec: processTableOf(manager),
	folder: (table) => new ProcessRefold(manager, table),
	alike: sameWork,
});

/** Whether two rows of a process have the same content from the logs. */
function sameWork(before: Row | null, after: Row | null): boolean {
	return sameJson(told(before), told(after));
}
function told(row: Row | null): object {
	const { subject, dropped, reference } = (row?.data ?? {}) as Partial<Subject & Reference>; // our own rows
	return { subject: subject ?? null, dropped: dropped ?? [], reference: reference ?? null };
}
