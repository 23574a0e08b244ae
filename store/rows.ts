/**
 * Rows - the contract that every store of read models and process rows implements. Rows and their checkpoint are written together, or rows
 * first. A row records the last position folded in from each partition, so no commit is folded in twice.
 */

import { BEGINNING, type Tail } from "./log.ts";

export type Value = string | number | null;

/** A row as it is stored. */
export interface Row {
	readonly id: string;
	/** Number of writes; 0 before the first. */
	readonly rev: number;
	/** Last position folded in, by partition. */
	readonly at: Readonly<Record<string, number>>;
	/** Null once deleted; `at` stays, so that older commits are still skipped. */
	readonly data: object | null;
	/** One value per column of the table, in its order; null for a hidden row. */
	readonly columns: readonly Value[] | null;
	/** Time at which the row changes without a new fact, ISO-8601 UTC. */
	readonly due: string | null;
}
/** A row before and after a write. */
export interface Change {
	readonly before: Row;
	/** `rev` is still that of `before`; the store increments it. */
	readonly after: Row;
}
/** The row after the change was written. */
export const asWritten = ({ after }: Change): Row => ({ ...after, rev: after.rev + 1 });
/** A row that does not exist yet. */
export const blank = (id: string): Row => ({ id, rev: 0, at: {}, data: null, columns: null, due: null });

/** Moves a partition's checkpoint from `from` to `to`; the save fails if it is not at `from`. If both are equal, it only checks this. */
export interface CheckpointMove {
	readonly partition: string;
	readonly from: Tail;
	readonly to: Tail;
}
/** Checkpoints by partition: the last position folded in, and the hash that identifies its history. */
export type Checkpoints = Readonly<Record<string, Tail>>;
export const checkpointOf = (checkpoints: Checkpoints, partition: string): Tail => checkpoints[partition] ?? BEGINNING;

export interface TableSpec {
	/** Name of the projection or process. */
	readonly name: string;
	/** Each has an index that ends with the id. */
	readonly columns: readonly string[];
	/** Columns that rows are sorted by: their index contains every row, also those without a value. */
	readonly sorts?: readonly string[];
	/** Columns with few distinct values, for which the store may keep totals. */
	readonly counted: readonly string[];
	/** Columns with many values that arrive in random order: a store may split their indexes into segments. */
	readonly scattered?: readonly string[];
	/** Pairs of columns that are queried together: equality on the first, whose values are scattered, and a range on the second. */
	readonly ranges?: readonly (readonly [string, string])[];
}
export interface Query {
	readonly filters: Readonly<Record<string, Value>>;
	readonly range?: { readonly column: string; readonly from: Value; readonly to: Value };
	/** A column, or "id". */
	readonly sort: string;
	readonly descending: boolean;
	readonly limit: number;
	readonly offset?: number;
	/** Returns only rows after this one in the order. */
	readonly after?: { readonly value: Value; readonly id: string };
}

export interface Table {
	/** Whether a save is one transaction that compares the checkpoint; then rows loaded before it are still current in it. */
	readonly atomic: boolean;
	checkpoints(): Promise<Checkpoints>;
	/** Rows by id, including deleted ones; the map omits ids that do not exist. */
	load(ids: readonly string[]): Promise<Map<string, Row>>;
	/**
	 * Writes rows and steps. False means that another process was faster: some rows may be written, so the caller loads and folds again.
	 * Without a transaction, each row is written if it is unchanged; if all were, one conditional write moves all checkpoints.
	 */
	save(changes: readonly Change[], steps: readonly CheckpointMove[]): Promise<boolean>;
	/** Writes one row without moving a checkpoint; false if it was changed meanwhile. */
	refresh(change: Change): Promise<boolean>;
	get(id: string): Promise<Row | null>;
	find(query: Query): Promise<Row[]>;
	/** Counts visible rows, from an index or a stored total. */
	count(filters: Readonly<Record<string, Value>>): Promise<number>;
	/** All rows after an id, ordered by id, including hidden and deleted ones. */
	scan(after: string, limit: number): Promise<Row[]>;
	/** Rows, visible or hidden, whose `due` time has been reached. */
	due(now: string, limit: number): Promise<Row[]>;
}

/** One generation of a read model's rows: a rebuild fills the next one beside it. */
export interface Generation {
	/** 1, 2, 3 ... within its read model. */
	readonly number: number;
	/** Queries read the only `live` one; a `building` one is being filled; `kept` ones were live before. */
	readonly state: "building" | "live" | "kept";
	/** The spec at its creation, with the name of its own table. */
	readonly spec: TableSpec;
	/** Fingerprint of the code that folds it. */
	readonly code: string;
	/** Time of creation, ISO-8601 UTC. */
	readonly begun: string;
}

/** The right of one process at a time to do some work. It only saves duplicate work: correctness does not depend on it. */
export interface Lease {
	/** Whether this process holds it now. */
	readonly held: boolean;
	/** Acquires or renews the lease; called periodically. `orphaned`: the holder is gone, so expiry is not awaited. */
	want(orphaned?: boolean): Promise<boolean>;
	/** Observes the holder without acquiring the lease, so that a standby knows when it expires. */
	watch(): Promise<unknown>;
	release(): Promise<void>;
}

export interface RowStore {
	/** Id of the installation that owns these rows; null if they have no owner yet. */
	installation(): Promise<string | null>;
	/** Assigns these rows to that installation. */
	adoptInstallation(id: string): Promise<void>;
	/** A lease by the name of its work; absent in a store that only one process writes. */
	lease?(work: string): Lease;
	/** Resolves when the store answers; rejects with a one-line reason if it cannot be used. */
	ready?(): Promise<void>;
	/** As of a LogStore. */
	foreign?(): Promise<readonly string[]>;
	/** Warnings for the operator; complete once the store is ready. */
	readonly warnings?: readonly string[];
	/** First damage found since the store was opened; it is permanent. */
	readonly damage?: string | null;
	/** The table with the name of the spec, which is created if missing. */
	open(spec: TableSpec): Promise<Table>;
	/** All generations of a read model, ordered by number. */
	generations(name: string): Promise<Generation[]>;
	/** The live generation. If there is none, creates one that is live at once; concurrent callers get the same one. */
	liveGeneration(spec: TableSpec, code: string, at: string): Promise<Generation>;
	/** Creates the next generation: the first of a read model is live at once, any other is building. */
	begin(spec: TableSpec, code: string, at: string): Promise<Generation>;
	/** Atomically makes this generation live and the previous one kept. False if it does not exist. */
	promote(name: string, number: number): Promise<boolean>;
	/** Removes a generation with its rows and checkpoints; false if it is live or does not exist. */
	remove(name: string, number: number): Promise<boolean>;
	/** Atomically replaces all generations by those of another store, and removes the rows of all others. */
	adopt(name: string, generations: readonly Generation[]): Promise<void>;
	/** Removes a table that belongs to no generation, with its checkpoints; idempotent. */
	discard(table: string): Promise<void>;
	close(): Promise<void>;
}

/** Table name of a generation: the first one has the name of the read model. */
export const tableNameOf = (name: string, generation: number): string => (generation === 1 ? name : `${name}@${generation}`);

/** Changes of the stored totals by these rows. Keys are `<column>=<value>`, or "" for all visible rows. */
export function totalsOf({ columns, counted }: TableSpec, changes: readonly Change[]): Map<string, number> {
	const totals = new Map<string, number>();
	const places = counted.map((column) => [column, columns.indexOf(column)] as const);
	const add = (values: Row["columns"], by: number) => {
		if (!values) return;
		totals.set("", (totals.get("") ?? 0) + by);
		for (const [column, place] of places) {
			const value = values[place] ?? null;
			if (value !== null) totals.set(`${column}=${value}`, (totals.get(`${column}=${value}`) ?? 0) + by);
		}
	};
	for (const { before, after } of changes) {
		if (sameColumns(before.columns, after.columns)) continue;
		add(before.columns, -1);
		add(after.columns, 1);
	}
	return totals;
}
/** Whether queries find two rows under the same column values. */
export const sameColumns = (a: Row["columns"], b: Row["columns"]): boolean =>
	a === b || (a !== null && b !== null && a.every((value, i) => value === b[i]));
