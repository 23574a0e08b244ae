/**
 * WriteBehind - the rows of a process, written once for several changes in a row: a case that is opened and seen to be open within
 * a moment is one write. Rows and checkpoints still move together; what a crash undoes is folded again, and its commands, being
 * the same commands, are answered from memory (docs/decisions/0005-process-rows-written-behind.md).
 */
import { same as sameData } from "../../model/index.ts";
import { oneLine } from "../../store/figures.ts";
import type { Tail } from "../../store/log.ts";
import { type Change, checkpointOf, type Checkpoints, type Row, same, type Step, type Table } from "../../store/rows.ts";
import { RowCache } from "../following/row-cache.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

/** What a task rests on is not so any more: another process was faster, and everything is taken again from where the rows are. */
export class Overtaken extends Error {}

/** Rows that may wait to be written. */
const MOST = 16_000;
/** How long one may wait, in milliseconds. */
export const LONGEST = 1000;

export class WriteBehind {
	readonly #table: Table;
	readonly cache: RowCache;
	/** Why the last write failed; null from the next one on that did not. */
	trouble: string | null = null;
	/** Another process took what we were about to write: where each partition stands now. */
	readonly #overtaken: (checkpoints: Checkpoints) => void;
	/** Runs a task while no row is between being loaded and being put. */
	readonly #between: (task: () => Promise<void>) => Promise<void>;
	#dirty = new Map<string, Change>();
	#steps = new Map<string, Step>();
	/** Up to where each partition is put, and up to where it is written. */
	readonly #put = new Map<string, Tail>();
	readonly #written = new Map<string, Tail>();
	/** Rows given out that still are as they were. */
	#known = new WeakSet<Row>();
	/** How often another process was faster, and whether it is still to be seen where it is. */
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

	/** All that is followed, and where it stands: what is written rests on all of it, or another process was faster. */
	begin(checkpoints: Checkpoints): void {
		for (const [partition, at] of Object.entries(checkpoints)) {
			this.#put.set(partition, at);
			this.#written.set(partition, at);
		}
	}

	/** Up to where a partition is put; undefined where nobody said. */
	place(partition: string): Tail | undefined {
		return this.#put.get(partition);
	}

	/** The rows as they stand, written or not. */
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

	/** Changed rows, as they were loaded, and how far they rest on a partition; waits only when too much is waiting. */
	async put(changes: readonly Change[], step?: Step): Promise<void> {
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

	/** Resolves when all that was put before is written. Called while no row is between being loaded and being put. */
	flush(): Promise<void> {
		this.#cancel?.();
		this.#cancel = null;
		const [dirty, steps] = [this.#dirty, this.#steps];
		if (dirty.size === 0 && steps.size === 0 && !this.#lost) return this.#saving;
		this.cache.keep([...dirty.values()]); // what is changed while these are written starts from here
		this.#dirty = new Map();
		this.#steps = new Map();
		const before = this.#saving.catch(() => undefined); // what failed then is among what is dirty now
		const { losses } = this;
		this.#saving = before.then(() => (this.#lost ? this.#goBack() : losses === this.losses ? this.#save(dirty, steps) : undefined));
		this.#saving.catch(() => undefined); // whoever waits for it is told
		return this.#saving;
	}

	/** What fails here is restored, and tried again with the next change or at the stop. */
	#later(): void {
		this.#cancel = null;
		let saved: Promise<void> = Promise.resolve();
		void this.#between(async () => {
			saved = this.flush();
		})
			.then(() => saved)
			.catch(() => undefined);
	}

	async #save(dirty: Map<string, Change>, steps: Map<string, Step>): Promise<void> {
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

	/** To where the rows are; what fails here is tried again. */
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

	/** Nothing was written: what came meanwhile is merged into what still has to be. */
	#restore(dirty: Map<string, Change>, steps: Map<string, Step>): void {
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
const alike = (before: Row, after: Row): boolean => same(before.columns, after.columns) && sameData(before.data, after.data);
