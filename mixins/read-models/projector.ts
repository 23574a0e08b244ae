/**
 * Projector - keeps the rows of one projection: follows its logs, folds batches, and tells those who wait how far it is. Knows no
 * Moleculer.
 */
import type { AnyProjection } from "../../model/index.ts";
import { ForeignHistory } from "../../store/chain.ts";
import type { Follower } from "../../store/follow.ts";
import { type Commit, endsBefore, type Tail } from "../../store/log.ts";
import { type Positions, positionText } from "../../store/position.ts";
import { type Change, checkpointOf, type Checkpoints, type Row, type Table, type TableSpec, type Value } from "../../store/rows.ts";
import type { Followed, Partitioned } from "../following/following.ts";
import { Due, lastInstant } from "./due.ts";
import { type Folded, foldAll, Mutex, type Step, stepsOf } from "../following/folding.ts";
import { Readers } from "./readers.ts";
import { RowCache } from "../following/row-cache.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

export const tableOf = ({ name, filters, identity = [], sorts = [], counted = [], scattered = [] }: AnyProjection): TableSpec => ({
	name,
	columns: [...new Set([...filters, ...sorts])].filter((column) => column !== "id" && !identity.includes(column)),
	sorts,
	counted,
	scattered,
});

/** A batch on its way: what is to be folded, and the rows it concerns. */
export interface Looked {
	readonly name: string;
	readonly from: Tail;
	readonly to: Tail;
	readonly steps: readonly Step[];
	readonly rows: Promise<ReadonlyMap<string, Row>>;
}

/** What keeps rows of its own from batches of commits. */
export interface Folder {
	readonly table: Table;
	look(of: Partitioned, commits: readonly Commit[], from: Tail): Looked;
	fold(looked: Looked, rows: ReadonlyMap<string, Row>): Change[];
	keep(looked: Looked, changes: readonly Change[]): Promise<Tail>;
}

/** Looks for a batch, folds it and keeps it; resolves to the place everything is taken up to. */
export async function taken(folder: Folder, of: Partitioned, commits: readonly Commit[], from: Tail): Promise<Tail> {
	const looked = folder.look(of, commits, from);
	return folder.keep(looked, folder.fold(looked, await looked.rows));
}

export class Projector implements Folder {
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
	readonly readers: Readers;
	#logs: readonly Followed[] = [];
	/** The checkpoints, while they are asked for: all partitions share one question. */
	#asked: Promise<Checkpoints> | null = null;

	constructor(projection: AnyProjection, table: Table, clock: () => string, timers: Timers = nodeTimers) {
		this.projection = projection;
		this.table = table;
		this.clock = clock;
		this.timers = timers;
		this.#columns = tableOf(projection).columns;
		this.cache = new RowCache(table);
		this.#due = new Due(this);
		this.readers = new Readers(timers);
	}

	/** `active`: whether this node folds now; while another one does, this one sees how far that is. */
	async start(logs: readonly Followed[], stopped: (error: Error) => void, active: () => boolean = () => true): Promise<void> {
		const checkpoints = await this.table.checkpoints();
		this.#logs = logs;
		if (this.projection.due) this.#due.seen(await lastInstant(logs.map(({ log }) => log))); // the clock may have been set back before this start
		for (const { context, partition, log, from } of logs) {
			const take = (commits: readonly Commit[], after: Tail) =>
				this.#mutex.run(() => this.take({ context, partition, log }, commits, after));
			const standby = () => (active() ? null : this.#elsewhere(log.name));
			const begin = checkpointOf(checkpoints, log.name);
			this.#taken.set(log.name, begin.position);
			this.followers.push(from.follow(log, this.projection.name, { from: begin, take, standby, stopped }));
		}
	}

	/** Why these rows do not belong to the logs it follows; null if they do, as far as is known here. */
	get foreign(): string | null {
		return this.followers.find(({ error }) => error instanceof ForeignHistory)?.error?.message ?? null;
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
			const at = checkpointOf(checkpoints, follower.name);
			this.#taken.set(follower.name, at.position);
			follower.resume(at);
		}
	}

	/** One batch of one partition, after a place. */
	take(of: Partitioned, commits: readonly Commit[], from: Tail): Promise<Tail> {
		return taken(this, of, commits, from);
	}
	/** What a batch concerns. */
	look({ context, partition, log: { name } }: Partitioned, commits: readonly Commit[], from: Tail): Looked {
		const steps = stepsOf(this.projection.on, context, partition, commits);
		const { position, hash } = commits.at(-1) ?? from;
		return { name, from, to: { position, hash }, steps, rows: this.cache.load(steps.map(({ id }) => id)) };
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
	async keep({ name, from, to }: Looked, changes: readonly Change[]): Promise<Tail> {
		const saved = await this.table.save(changes, [{ partition: name, from, to }]);
		const at = saved ? this.#saved(changes, to) : await this.#overtaken(name);
		this.#tell(name, at.position);
		return at;
	}

	/** How far the process is that folds now. */
	async #elsewhere(name: string): Promise<Tail> {
		this.cache.clear();
		this.#asked ??= this.table.checkpoints().finally(() => (this.#asked = null));
		const at = checkpointOf(await this.#asked, name);
		this.#tell(name, at.position);
		return at;
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

	/** The positions that are not in its rows yet; those of logs it does not follow are left out. */
	ahead(positions: Positions): readonly (readonly [partition: string, position: number])[] {
		return this.followers.flatMap(({ name }) => {
			const position = positions[name] ?? 0;
			return position > (this.#taken.get(name) ?? 0) ? [[name, position] as const] : [];
		});
	}
	/** The first of these positions that the log does not hold; null if it holds all of them. */
	async beyond(positions: Positions): Promise<string | null> {
		for (const [name, position] of this.ahead(positions)) {
			const known = this.followers.find((follower) => follower.name === name)?.known ?? 0;
			const log = this.#logs.find((one) => one.log.name === name)?.log;
			if (log && known < position && (await endsBefore(log, position))) return positionText(name, position);
		}
		return null;
	}
	/** Resolves to true when every position it follows is in its rows, to false after the time given. */
	async until(positions: Positions, milliseconds: number): Promise<boolean> {
		const ahead = this.ahead(positions);
		if (ahead.length === 0) return true;
		const reached = this.readers.wait(ahead, milliseconds);
		this.#hurry();
		return reached.finally(() => this.#hurry());
	}
	#hurry(): void {
		for (const follower of this.followers) follower.want(this.readers.wanted(follower.name));
	}

	/** The row as people read it. */
	shown({ id, rev, data }: Row): { readonly row: object; readonly rev: number } | null {
		const shown = data && this.projection.show(data, this.clock(), id);
		return shown && { row: { id, ...("version" in data ? { version: data.version } : {}), ...shown }, rev };
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

	#saved(changes: readonly Change[], to: Tail): Tail {
		this.cache.keep(changes, true);
		return to;
	}
	/** Another process took this batch, or more: resume where it is. */
	async #overtaken(name: string): Promise<Tail> {
		this.cache.clear();
		return checkpointOf(await this.table.checkpoints(), name);
	}

	#tell(name: string, position: number): void {
		this.#taken.set(name, position);
		this.readers.reached(name, position);
	}
}

/** Found as before. */
const counted = ({ before, data, at }: Folded): Change => ({ before, after: { ...before, at, data } });
const cell = (value: unknown): Value =>
	typeof value === "string" || typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : null;
