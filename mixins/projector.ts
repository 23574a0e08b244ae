/**
 * Projector - keeps the rows of one projection: follows its logs, folds batches, and tells those who wait how far it is. Knows no
 * Moleculer.
 */
import type { AnyProjection } from "../model/index.ts";
import type { Follower } from "../store/follow.ts";
import type { Commit, LogPartition } from "../store/log.ts";
import type { Positions } from "../store/position.ts";
import type { Change, Row, Table, TableSpec, Value } from "../store/rows.ts";
import { Due, lastInstant } from "./due.ts";
import { type Folded, foldAll, Mutex, type Step, stepsOf } from "./folding.ts";
import { RowCache } from "./row-cache.ts";
import type { ContextLog } from "./storage.ts";
import { nodeTimers, type Timers } from "./timers.ts";

/** How soon a node looks again how far the one is that folds, in milliseconds. */
const WATCH = 20;

export const tableOf = ({ name, filters, identity = [], sorts = [], counted = [], scattered = [] }: AnyProjection): TableSpec => ({
	name,
	columns: [...new Set([...filters, ...sorts])].filter((column) => column !== "id" && !identity.includes(column)),
	sorts,
	counted,
	scattered,
});

/** What a follower is told to follow. */
export interface Followed {
	readonly context: string;
	readonly partition: number;
	readonly log: LogPartition;
	readonly from: ContextLog;
}

/** A batch on its way: what is to be folded, and the rows it concerns. */
export interface Looked {
	readonly name: string;
	readonly from: number;
	readonly to: number;
	readonly steps: readonly Step[];
	readonly rows: Promise<ReadonlyMap<string, Row>>;
}

export class Projector {
	readonly projection: AnyProjection;
	/** Of the generation that is live. */
	table: Table;
	readonly followers: Follower[] = [];
	readonly #columns: readonly string[];
	cache: RowCache;
	readonly #mutex = new Mutex();
	readonly clock: () => string;
	readonly timers: Timers;
	readonly #due: Due;
	/** Taken up to here, by partition; the followers hear of it a moment later. */
	readonly #taken = new Map<string, number>();
	#waiting: { positions: Positions; resolve: () => void }[] = [];

	constructor(projection: AnyProjection, table: Table, clock: () => string, timers: Timers = nodeTimers) {
		this.projection = projection;
		this.table = table;
		this.clock = clock;
		this.timers = timers;
		this.#columns = tableOf(projection).columns;
		this.cache = new RowCache(table);
		this.#due = new Due(this);
	}

	/** `active`: whether this node folds now; while another one does, this one sees how far that is. */
	async start(logs: readonly Followed[], stopped: (error: Error) => void, active: () => boolean = () => true): Promise<void> {
		const checkpoints = await this.table.checkpoints();
		if (this.projection.due) this.#due.seen(await lastInstant(logs.map(({ log }) => log))); // the clock may have been set back before this start
		for (const { context, partition, log, from } of logs) {
			const take = (commits: readonly Commit[]) =>
				active() ? this.#mutex.run(() => this.take(context, partition, log.name, commits)) : this.#watch(log.name, commits);
			this.#taken.set(log.name, checkpoints[log.name] ?? 0);
			this.followers.push(from.follow(log, this.projection.name, { from: checkpoints[log.name] ?? 0, take, stopped }));
		}
	}

	/** Runs a task while nothing is folded here. */
	hold<T>(task: () => Promise<T>): Promise<T> {
		return this.#mutex.run(task);
	}
	/** Another generation is live: go on in it, from where it is. Called while nothing is folded. */
	async adopt(table: Table): Promise<void> {
		const checkpoints = await table.checkpoints();
		this.table = table;
		this.cache = new RowCache(table);
		for (const follower of this.followers) {
			this.#taken.set(follower.name, checkpoints[follower.name] ?? 0);
			follower.resume(checkpoints[follower.name] ?? 0);
		}
	}

	/** One batch of one partition: looked for, folded and kept. Resolves to the position everything is taken up to. */
	async take(context: string, partition: number, name: string, commits: readonly Commit[]): Promise<number> {
		const looked = this.look(context, partition, name, commits);
		return this.keep(looked, this.fold(looked, await looked.rows));
	}
	/** What a batch concerns. */
	look(context: string, partition: number, name: string, commits: readonly Commit[]): Looked {
		const steps = stepsOf(this.projection.on, context, partition, commits);
		const from = (commits[0]?.position ?? 1) - 1;
		return { name, from, to: commits.at(-1)?.position ?? from, steps, rows: this.cache.load(steps.map(({ id }) => id)) };
	}
	/** Into the rows as they stand. */
	fold({ name, steps }: Looked, rows: ReadonlyMap<string, Row>): Change[] {
		const now = this.clock();
		this.#due.seen(now);
		return [...foldAll(rows, steps, name, this.projection.of).values()].map((folded) =>
			folded.counts && folded.data ? counted(folded) : this.#change(this.#versioned(folded), now),
		);
	}
	/** With the checkpoint, unless another process took this batch. */
	async keep({ name, from, to }: Looked, changes: readonly Change[]): Promise<number> {
		const saved = await this.table.save(changes, [{ partition: name, from, to }]);
		const position = saved ? this.#saved(changes, to) : await this.#overtaken(name, from);
		this.#tell(name, position);
		return position;
	}

	async #watch(name: string, commits: readonly Commit[]): Promise<number> {
		this.cache.clear();
		const position = (await this.table.checkpoints())[name] ?? 0;
		if (position < (commits.at(-1)?.position ?? 0)) await this.timers.wait(WATCH);
		this.#tell(name, position);
		return position;
	}

	/** Rows whose hour has come are found as they read now; called before a list is answered. */
	refreshDue(): Promise<void> {
		return this.#due.refresh();
	}
	/** As it is to be written, at that instant. */
	rewritten(row: Row, now: string): Change {
		return this.#change({ before: row, data: row.data, at: row.at }, now);
	}
	forget(id: string): void {
		this.cache.forget(id);
	}

	/** Resolves when every position it follows is in its rows; false after the time given. Positions of other logs are ignored. */
	until(positions: Positions, milliseconds: number): Promise<boolean> {
		if (this.#reached(positions)) return Promise.resolve(true);
		for (const follower of this.followers) follower.hurry(positions[follower.name] ?? 0);
		return new Promise((resolve) => {
			const entry = { positions, resolve: () => (cancel(), resolve(true)) };
			const cancel = this.timers.later(milliseconds, () => {
				this.#waiting = this.#waiting.filter((other) => other !== entry);
				resolve(false);
			});
			this.#waiting.push(entry);
		});
	}

	/** The row as people read it. */
	shown({ id, rev, data }: Row): { readonly row: object; readonly rev: number } | null {
		const shown = data && this.projection.show(data, this.clock(), id);
		return shown && { row: { id, ...("version" in data ? { version: data.version } : {}), ...shown }, rev };
	}

	#reached(positions: Positions): boolean {
		return this.followers.every(({ name }) => (positions[name] ?? 0) <= (this.#taken.get(name) ?? 0));
	}

	/** Rows of an actor carry its version; what others' facts add to a row leaves it. */
	#versioned({ before, data, at, version }: Folded): Pick<Folded, "before" | "data" | "at"> {
		return { before, data: data && version !== undefined ? { ...data, version } : data, at };
	}

	#change({ before, data, at }: Pick<Folded, "before" | "data" | "at">, now: string): Change {
		const shown = data && this.projection.show(data, now, before.id);
		const value = (column: string): Value => cell((shown as Readonly<Record<string, unknown>> | null)?.[column]); // a column is a key of what is shown
		const due = (data && this.projection.due?.(data, now)) ?? null;
		return { before, after: { id: before.id, rev: before.rev, at, data, due, columns: shown && this.#columns.map(value) } };
	}

	#saved(changes: readonly Change[], to: number): number {
		this.cache.keep(changes, true);
		return to;
	}
	/** Another process took this batch, or more: go on where it is. */
	async #overtaken(name: string, from: number): Promise<number> {
		this.cache.clear();
		return (await this.table.checkpoints())[name] ?? from;
	}

	#tell(name: string, position: number): void {
		this.#taken.set(name, position);
		if (this.#waiting.length === 0) return;
		const done = this.#waiting.filter(({ positions }) => this.#reached(positions));
		this.#waiting = this.#waiting.filter((entry) => !done.includes(entry));
		for (const { resolve } of done) resolve();
	}
}

/** Found as before. */
const counted = ({ before, data, at }: Folded): Change => ({ before, after: { ...before, at, data } });
const cell = (value: unknown): Value =>
	typeof value === "string" || typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : null;
