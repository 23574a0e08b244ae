/**
 * WriteBehind - delays the writes of a process's rows, so that several changes of one row become one write. Rows and checkpoints still
 * move together; after a crash, lost changes are folded again, and their repeated commands get the first answers
 * (docs/decisions/0005-process-rows-written-behind.md).
 */
import { sameJson as sameData } from "../../model/index.ts";
import { oneLine } from "../../store/figures.ts";
import type { Tail } from "../../store/log.ts";
import { type Change, checkpointOf, type Checkpoints, type Row, sameColumns, type CheckpointMove, type Table } from "../../store/rows.ts";
import { RowCache } from "../following/row-cache.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

/** Another process was faster, so the loaded rows are outdated; followers resume at the stored checkpoints. */
export class Overtaken extends Error {}

/** Rows that may wait to be written; above that, `put` writes at once. */
const MOST = 16_000;
/** How long a row may wait to be written, in milliseconds. */
export const LONGEST = 1000;

export class WriteBehind {
	readonly #table: Table;
	readonly cache: RowCache;
	/** Why the last write failed; null if it succeeded. */
	trouble: string | null = null;
	/** Called with the stored checkpoints after another process was faster. */
	readonly #overtaken: (checkpoints: Checkpoints) => void;
	/** Runs a task while no other task is between loading and putting rows. */
	readonly #between: (task: () => Promise<void>) => Promise<void>;
	#dirty = new Map<string, Change>();
	#steps = new Map<string, CheckpointMove>();
	/** Last place put, and last place written, by partition. */
	readonly #put = new Map<string, Tail>();
	readonly #written = new Map<string, Tail>();
	/** Loaded rows that are not outdated. */
	#known = new WeakSet<Row>();
	/** How often another process was faster, and whether its checkpoints must still be read. */
	losses = 0;
	#lost = false;
	#saving: Promise<void> = Promise.resolve();
	readonly #timers: Timers;
	#cancel: (() => void) | null = null;

	constructor(
		table: Table,
		between: (task: () => Promise<void>) => Promise<void>,
		overtaken: (checkpoints: Checkpoints) => void,
		timers: Timers = nodeTimers,
	) {
		this.#table = table;
		this.cache = new RowCache(table);
		this.#between = between;
		this.#overtaken = overtaken;
		this.#timers = timers;
	}

	/** Sets the checkpoints of all followed partitions; a save fails unless the store has the same ones. */
	begin(checkpoints: Checkpoints): void {
		for (const [partition, at] of Object.entries(checkpoints)) {
			this.#put.set(partition, at);
			this.#written.set(partition, at);
		}
	}

	/** Last place put in a partition; undefined for an unknown partition. */
	place(partition: string): Tail | undefined {
		return this.#put.get(partition);
	}

	/** The current rows, written or not. */
	async load(ids: Iterable<string>): Promise<Map<string, Row>> {
		const found = new Map<string, Row>();
		const missing: string[] = [];
		for (const id of new Set(ids)) {
			const dirty = this.#dirty.get(id);
			if (dirty) found.set(id, dirty.after);
			else missing.push(id);
		}
		const losses = this.losses;
		for (const [id, row] of await this.cache.load(missing)) found.set(id, this.#dirty.get(id)?.after ?? row);
		if (this.losses === losses) for (const row of found.values()) this.#known.add(row);
		return found;
	}

	/** Takes changes of loaded rows and the step of their partition. Waits only if too many rows are waiting. Throws Overtaken. */
	async put(changes: readonly Change[], step?: CheckpointMove): Promise<void> {
		const goesOn = !step || (this.#put.get(step.partition) ?? step.from).position === step.from.position;
		if (this.#lost || !goesOn || !changes.every(({ before }) => this.#known.has(before))) throw new Overtaken("another process was faster");
		for (const { before, after } of changes) {
			if (after.at === before.at && alike(before, after)) continue;
			const first = this.#dirty.get(after.id)?.before ?? before;
			this.#dirty.set(after.id, { before: first, after: after.rev === first.rev ? after : { ...after, rev: first.rev } });
		}
		if (step) this.#put.set(step.partition, step.to);
		if (step) this.#steps.set(step.partition, { ...step, from: this.#steps.get(step.partition)?.from ?? step.from });
		if (this.#dirty.size >= MOST) return this.flush();
		this.#cancel ??= this.#timers.later(LONGEST, () => this.#later());
	}

	/** Resolves when everything put before is written. Must not be called between loading and putting rows. */
	flush(): Promise<void> {
		this.#cancel?.();
		this.#cancel = null;
		const [dirty, steps] = [this.#dirty, this.#steps];
		if (dirty.size === 0 && steps.size === 0 && !this.#lost) return this.#saving;
		this.cache.keep([...dirty.values()]); // base of changes made during this write
		this.#dirty = new Map();
		this.#steps = new Map();
		const before = this.#saving.catch(() => undefined); // changes of a failed write are dirty again
		const { losses } = this;
		this.#saving = before.then(() => (this.#lost ? this.#goBack() : losses === this.losses ? this.#save(dirty, steps) : undefined));
		this.#saving.catch(() => undefined); // the callers that wait get the error
		return this.#saving;
	}

	/** Writes in the background; a failed write is restored, and retried with the next change or at shutdown. */
	#later(): void {
		this.#cancel = null;
		let saved: Promise<void> = Promise.resolve();
		void this.#between(async () => {
			saved = this.flush();
		})
			.then(() => saved)
			.catch(() => undefined);
	}

	async #save(dirty: Map<string, Change>, steps: Map<string, CheckpointMove>): Promise<void> {
		try {
			const still = [...this.#written].filter(([partition]) => !steps.has(partition));
			const rests = still.map(([partition, at]) => ({ partition, from: at, to: at }));
			const saved = await this.#table.save([...dirty.values()], [...steps.values(), ...rests]);
			this.trouble = null;
			if (saved) for (const { partition, to } of steps.values()) this.#written.set(partition, to);
			if (saved) return;
		} catch (error) {
			this.trouble = oneLine(error);
			this.#restore(dirty, steps);
			throw error;
		}
		this.losses++;
		this.#lost = true;
		this.#known = new WeakSet();
		this.cache.clear();
		this.#dirty.clear();
		this.#steps.clear();
		await this.#goBack();
	}

	/** Resumes at the stored checkpoints; a failure is retried. */
	async #goBack(): Promise<void> {
		try {
			const checkpoints = await this.#table.checkpoints();
			for (const partition of this.#put.keys()) this.#put.set(partition, checkpointOf(checkpoints, partition));
			for (const partition of this.#written.keys()) this.#written.set(partition, checkpointOf(checkpoints, partition));
			this.#lost = false;
			this.#overtaken(checkpoints);
		} catch (error) {
			this.trouble = oneLine(error);
			this.#cancel ??= this.#timers.later(LONGEST, () => this.#later());
			throw error;
		}
	}

	/** Restores the changes of a failed write, and merges later changes into them. */
	#restore(dirty: Map<string, Change>, steps: Map<string, CheckpointMove>): void {
		const [laterRows, laterSteps] = [this.#dirty, this.#steps];
		this.cache.clear();
		this.#dirty = dirty;
		this.#steps = steps;
		for (const [id, { before, after }] of laterRows) {
			const first = dirty.get(id)?.before;
			dirty.set(id, first ? { before: first, after: { ...after, rev: first.rev } } : { before, after });
		}
		for (const [partition, step] of laterSteps) steps.set(partition, { ...step, from: steps.get(partition)?.from ?? step.from });
	}
}

/** Whether there is nothing to write. */
const alike = (before: Row, after: Row): boolean =>
	before.due === after.due && sameColumns(before.columns, after.columns) && sameData(before.data, after.data);
