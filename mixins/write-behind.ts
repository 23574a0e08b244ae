/**
 * WriteBehind - the rows of a process, written once for several changes in a row: a case that is opened and seen to be open within
 * a moment is one write. Rows and checkpoints still move together; what a crash undoes is folded again, and its commands, being
 * the same commands, are answered from memory (docs/decisions/0005-process-rows-written-behind.md).
 */
import type { Change, Row, Step, Table } from "../store/rows.ts";
import { RowCache } from "./row-cache.ts";
import { nodeTimers, type Timers } from "./timers.ts";

/** Rows that may wait to be written. */
const MOST = 6000;
/** How long one may wait, in milliseconds. */
const LONGEST = 250;

export class WriteBehind {
	readonly #table: Table;
	readonly #cache: RowCache;
	/** Another process took what we were about to write: where each partition stands now. */
	readonly #overtaken: (checkpoints: Readonly<Record<string, number>>) => void;
	/** Runs a task while no row is between being loaded and being put. */
	readonly #between: (task: () => Promise<void>) => Promise<void>;
	#dirty = new Map<string, Change>();
	#steps = new Map<string, Step>();
	#saving: Promise<void> = Promise.resolve();
	readonly #timers: Timers;
	#cancel: (() => void) | null = null;

	constructor(
		table: Table,
		between: (task: () => Promise<void>) => Promise<void>,
		overtaken: (checkpoints: Readonly<Record<string, number>>) => void,
		timers: Timers = nodeTimers,
	) {
		this.#table = table;
		this.#cache = new RowCache(table);
		this.#between = between;
		this.#overtaken = overtaken;
		this.#timers = timers;
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
		for (const [id, row] of await this.#cache.load(missing)) found.set(id, this.#dirty.get(id)?.after ?? row);
		return found;
	}

	/** Changed rows, and how far they rest on a partition; waits only when too much is waiting. */
	async put(changes: readonly Change[], step?: Step): Promise<void> {
		for (const { before, after } of changes) this.#dirty.set(after.id, { before: this.#dirty.get(after.id)?.before ?? before, after });
		if (step) this.#steps.set(step.partition, { ...step, from: this.#steps.get(step.partition)?.from ?? step.from });
		if (this.#dirty.size >= MOST) return this.flush();
		this.#cancel ??= this.#timers.later(LONGEST, () => this.#later());
	}

	/** Resolves when all that was put before is written. Called while no row is between being loaded and being put. */
	flush(): Promise<void> {
		this.#cancel?.();
		this.#cancel = null;
		const [dirty, steps] = [this.#dirty, this.#steps];
		if (dirty.size === 0 && steps.size === 0) return this.#saving;
		this.#cache.keep([...dirty.values()]); // what is changed while these are written starts from here
		this.#dirty = new Map();
		this.#steps = new Map();
		const before = this.#saving.catch(() => undefined); // what failed then is among what is dirty now
		this.#saving = before.then(() => this.#save(dirty, steps));
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
			if (await this.#table.save([...dirty.values()], [...steps.values()])) return;
		} catch (error) {
			this.#restore(dirty, steps);
			throw error;
		}
		this.#cache.clear();
		this.#dirty.clear();
		this.#steps.clear();
		this.#overtaken(await this.#table.checkpoints());
	}

	/** Nothing was written: what came meanwhile is merged into what still has to be. */
	#restore(dirty: Map<string, Change>, steps: Map<string, Step>): void {
		const [laterRows, laterSteps] = [this.#dirty, this.#steps];
		this.#cache.clear();
		this.#dirty = dirty;
		this.#steps = steps;
		for (const [id, { before, after }] of laterRows) {
			const first = dirty.get(id)?.before;
			dirty.set(id, first ? { before: first, after: { ...after, rev: first.rev } } : { before, after });
		}
		for (const [partition, step] of laterSteps) steps.set(partition, { ...step, from: steps.get(partition)?.from ?? step.from });
	}
}
