/**
 * Projector - maintains the rows of one projection: follows its logs, folds batches, and releases readers that wait for a position.
 * This module does not depend on Moleculer.
 */
import type { AnyProjection } from "../../model/index.ts";
import { ForeignHistory } from "../../store/chain.ts";
import type { Follower } from "../../store/follow.ts";
import { type Commit, endsBefore, type Tail } from "../../store/log.ts";
import { type Positions, positionText } from "../../store/position.ts";
import { type Change, checkpointOf, type Checkpoints, type Row, type Table, type TableSpec, type Value } from "../../store/rows.ts";
import type { Followed, Partitioned } from "../following/following.ts";
import { TimedRows, lastInstant } from "./timed-rows.ts";
import { type Folded, foldAll, Mutex, type FoldStep, stepsOf } from "../following/folding.ts";
import { Readers } from "./readers.ts";
import { RowCache } from "../following/row-cache.ts";
import { blinded, sealedTable } from "./sealed-table.ts";
import type { Vault } from "../../store/vault/vault.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

export const tableOf = ({ name, filters, identity = [], sorts = [], counted = [], scattered = [] }: AnyProjection): TableSpec => ({
	name,
	columns: [...new Set([...filters, ...sorts])].filter((column) => column !== "id" && !identity.includes(column)),
	sorts,
	counted,
	scattered,
});

/** A batch to fold: its steps, and the rows they need, which are being loaded. */
export interface Looked {
	readonly name: string;
	readonly from: Tail;
	readonly to: Tail;
	readonly steps: readonly FoldStep[];
	readonly rows: Promise<ReadonlyMap<string, Row>>;
}

/** Folds batches of commits into rows of its own. */
export interface Folder {
	readonly table: Table;
	look(of: Partitioned, commits: readonly Commit[], from: Tail): Looked;
	fold(looked: Looked, rows: ReadonlyMap<string, Row>): Change[];
	keep(looked: Looked, changes: readonly Change[]): Promise<Tail>;
}

/** Loads, folds and saves one batch; resolves to the end of the commits that are handled. */
export async function taken(folder: Folder, of: Partitioned, commits: readonly Commit[], from: Tail): Promise<Tail> {
	const looked = folder.look(of, commits, from);
	return folder.keep(looked, folder.fold(looked, await looked.rows));
}

export class Projector implements Folder {
	readonly projection: AnyProjection;
	/** Table of the live generation. */
	table: Table;
	readonly followers: Follower[] = [];
	readonly #columns: readonly string[];
	cache: RowCache;
	readonly #mutex = new Mutex();
	readonly clock: () => string;
	readonly timers: Timers;
	readonly vault: Vault | undefined;
	readonly #due: TimedRows;
	/** Last position in the rows, by partition; ahead of the followers' positions for a moment. */
	readonly #taken = new Map<string, number>();
	readonly readers: Readers;
	#logs: readonly Followed[] = [];
	/** Pending read of the checkpoints, which all partitions share. */
	#asked: Promise<Checkpoints> | null = null;

	/** `vault`: needed if the rows have personal fields. */
	constructor(projection: AnyProjection, table: Table, clock: () => string, timers: Timers = nodeTimers, vault?: Vault) {
		this.projection = projection;
		this.vault = vault;
		this.table = sealedTable(table, projection, vault);
		this.clock = clock;
		this.timers = timers;
		this.#columns = tableOf(projection).columns;
		this.cache = new RowCache(this.table);
		this.#due = new TimedRows(this);
		this.readers = new Readers(timers);
	}

	/** `active`: whether this node folds now; as a standby it reads the checkpoints of the node that does. */
	async start(logs: readonly Followed[], stopped: (error: Error) => void, active: () => boolean = () => true): Promise<void> {
		const checkpoints = await this.table.checkpoints();
		this.#logs = logs;
		if (this.projection.changesAt) this.#due.seen(await lastInstant(logs.map(({ log }) => log))); // the clock may have been set back before this start
		for (const { context, partition, log, contextLog: from } of logs) {
			const take = (commits: readonly Commit[], after: Tail) =>
				this.#mutex.run(() => this.take({ context, partition, log }, commits, after));
			const standby = () => (active() ? null : this.#elsewhere(log.name));
			const begin = checkpointOf(checkpoints, log.name);
			this.#taken.set(log.name, begin.position);
			this.followers.push(from.follow(log, this.projection.name, { from: begin, take, standby, stopped }));
		}
	}

	/** Why these rows do not belong to the followed logs; null if no mismatch is known. */
	get foreign(): string | null {
		return this.followers.find(({ error }) => error instanceof ForeignHistory)?.error?.message ?? null;
	}

	/** Runs a task while this node folds no batch. */
	hold<T>(task: () => Promise<T>): Promise<T> {
		return this.#mutex.run(task);
	}
	/** Switches to the table of another generation and resumes at its checkpoints. Must be called inside `hold`. */
	async adopt(table: Table): Promise<void> {
		const checkpoints = await table.checkpoints();
		this.table = sealedTable(table, this.projection, this.vault);
		this.cache = new RowCache(this.table);
		for (const follower of this.followers) {
			const at = checkpointOf(checkpoints, follower.name);
			this.#taken.set(follower.name, at.position);
			follower.resume(at);
		}
	}

	/** Handles one batch of one partition, which follows `from`. */
	take(of: Partitioned, commits: readonly Commit[], from: Tail): Promise<Tail> {
		return taken(this, of, commits, from);
	}
	/** Collects the steps of a batch and loads their rows. */
	look({ context, partition, log: { name } }: Partitioned, commits: readonly Commit[], from: Tail): Looked {
		const steps = stepsOf(this.projection.on, context, partition, commits);
		const { position, hash } = commits.at(-1) ?? from;
		return { name, from, to: { position, hash }, steps, rows: this.cache.load(steps.map(({ id }) => id)) };
	}
	/** Folds a batch into the current rows. */
	fold({ name, steps }: Looked, rows: ReadonlyMap<string, Row>): Change[] {
		const now = this.clock();
		this.#due.seen(now);
		return [...foldAll(rows, steps, name, this.projection.of).values()].map((folded) =>
			folded.counts && folded.data ? counted(folded) : this.#change(this.#versioned(folded), now),
		);
	}
	/** Saves the changes with the checkpoint, unless another process has handled this batch. */
	async keep({ name, from, to }: Looked, changes: readonly Change[]): Promise<Tail> {
		const saved = await this.table.save(changes, [{ partition: name, from, to }]);
		const at = saved ? this.#saved(changes, to) : await this.#overtaken(name);
		this.#tell(name, at.position);
		return at;
	}

	/** The checkpoint of the process that folds now. */
	async #elsewhere(name: string): Promise<Tail> {
		this.cache.clear();
		this.#asked ??= this.table.checkpoints().finally(() => (this.#asked = null));
		const at = checkpointOf(await this.#asked, name);
		this.#tell(name, at.position);
		return at;
	}

	/** Rewrites due rows; called before a list is answered. */
	refreshDue(): Promise<void> {
		return this.#due.refresh();
	}
	/** The change that writes a row as it reads at `now`. */
	rewritten(row: Row, now: string): Change {
		return this.#change({ before: row, data: row.data, at: row.at }, now);
	}
	forget(id: string): void {
		this.cache.forget(id);
	}

	/** The positions that its rows have not reached yet, without those of logs it does not follow. */
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
	/** Resolves to true once its rows have reached every position in the logs it follows, to false after so many milliseconds. */
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

	/** The row as clients read it. */
	shown({ id, rev, data }: Row): { readonly row: object; readonly rev: number } | null {
		const shown = data && this.projection.show(data, this.clock(), id);
		return shown && { row: { id, ...("version" in data ? { version: data.version } : {}), ...shown }, rev };
	}

	/** Sets the actor's version in its row; facts of other actors leave the version as it is. */
	#versioned({ before, data, at, version }: Folded): Pick<Folded, "before" | "data" | "at"> {
		return { before, data: data && version !== undefined ? { ...data, version } : data, at };
	}

	#change({ before, data, at }: Pick<Folded, "before" | "data" | "at">, now: string): Change {
		const shown = data && this.projection.show(data, now, before.id);
		const value = (column: string): Value => this.#blinded(column, cell((shown as Readonly<Record<string, unknown>> | null)?.[column])); // each column is a key of the shown row
		const due = (data && this.projection.changesAt?.(data, now)) ?? null;
		return { before, after: { id: before.id, rev: before.rev, at, data, due, columns: shown && this.#columns.map(value) } };
	}

	#blinded(column: string, value: Value): Value {
		const { vault, projection } = this;
		return vault && projection.personal ? blinded({ name: projection.name, personal: projection.personal, vault }, column, value) : value;
	}

	#saved(changes: readonly Change[], to: Tail): Tail {
		this.cache.keep(changes, true);
		return to;
	}
	/** Resumes at the checkpoint of another process, which has handled this batch or more. */
	async #overtaken(name: string): Promise<Tail> {
		this.cache.clear();
		return checkpointOf(await this.table.checkpoints(), name);
	}

	#tell(name: string, position: number): void {
		this.#taken.set(name, position);
		this.readers.reached(name, position);
	}
}

/** Keeps index columns and due time as they are. */
const counted = ({ before, data, at }: Folded): Change => ({ before, after: { ...before, at, data } });
const cell = (value: unknown): Value =>
	typeof value === "string" || typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : null;
