/**
 * Rows - the contract every store of read models and process rows keeps. Rows and the checkpoint they rest on move together or
 * in that order; a row remembers the last position it has seen of each partition, so nothing is folded into it twice.
 */

import { BEGINNING, type Tail } from "./log.ts";

export type Value = string | number | null;

/** A row as it is kept. */
export interface Row {
	readonly id: string;
	/** Times it was written; 0 before the first. */
	readonly rev: number;
	/** Last position folded in, by partition. */
	readonly at: Readonly<Record<string, number>>;
	/** Null once deleted: the guard stays. */
	readonly data: object | null;
	/** One value a column of the table, in their order; null while reads do not find it. */
	readonly columns: readonly Value[] | null;
	/** When it will read differently by itself. */
	readonly due: string | null;
}
/** A row to be written, and as it was. */
export interface Change {
	readonly before: Row;
	/** Its `rev` is the one it was folded from. */
	readonly after: Row;
}
/** The row once the change is written. */
export const asWritten = ({ after }: Change): Row => ({ ...after, rev: after.rev + 1 });
/** A row that never was. */
export const blank = (id: string): Row => ({ id, rev: 0, at: {}, data: null, columns: null, due: null });

/** Moves the checkpoint of a partition from `from` to `to`; a save fails unless it stands at `from`. Both equal: asserts that it stands there. */
export interface Step {
	readonly partition: string;
	readonly from: Tail;
	readonly to: Tail;
}
/** How far rows were folded, by partition: the position, and the hash that says of which history. */
export type Checkpoints = Readonly<Record<string, Tail>>;
/** Where a partition was folded up to. */
export const checkpointOf = (checkpoints: Checkpoints, partition: string): Tail => checkpoints[partition] ?? BEGINNING;

export interface TableSpec {
	/** Of the projection or process. */
	readonly name: string;
	/** Each backed by an index with the id. */
	readonly columns: readonly string[];
	/** Of these, those rows are sorted by: every row is in their index, also where it has no value. */
	readonly sorts?: readonly string[];
	/** Columns with few values, whose totals are kept. */
	readonly counted: readonly string[];
	/** Columns with many values that come in no order: a store may keep their indexes in pieces. */
	readonly scattered?: readonly string[];
	/** Pairs of columns asked for together: equality on the first, whose values are scattered, a range on the second. */
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
	/** Only what comes after this row in the order. */
	readonly after?: { readonly value: Value; readonly id: string };
}

export interface Table {
	/** Whether a save is one transaction that compares the checkpoint: then what was loaded before it still holds in it. */
	readonly atomic: boolean;
	checkpoints(): Promise<Checkpoints>;
	/** Rows by id, deleted ones too; absent ones are absent. */
	load(ids: readonly string[]): Promise<Map<string, Row>>;
	/**
	 * Rows and steps. False: somebody else was faster, nothing is certain, load and fold again. Without a transaction the rows come
	 * first, each if it is as it was, and when all were, every step in one conditional write.
	 */
	save(changes: readonly Change[], steps: readonly Step[]): Promise<boolean>;
	/** One row without a step, unless it was written meanwhile (false). */
	refresh(change: Change): Promise<boolean>;
	get(id: string): Promise<Row | null>;
	find(query: Query): Promise<Row[]>;
	/** Shown rows only; from an index or a kept total. */
	count(filters: Readonly<Record<string, Value>>): Promise<number>;
	/** All rows after an id, by id: hidden and deleted ones too. */
	scan(after: string, limit: number): Promise<Row[]>;
	/** Shown or not, rows whose time to read differently has come. */
	due(now: string, limit: number): Promise<Row[]>;
}

/** One life of a read model's rows: a rebuild makes the next one beside it. */
export interface Generation {
	/** 1, 2, 3 ... of its read model. */
	readonly number: number;
	/** One is live, the one read from; a building one is being filled; kept ones were live before. */
	readonly state: "building" | "live" | "kept";
	/** As it was begun, with the name of its own table. */
	readonly spec: TableSpec;
	/** Fingerprint of the code it is folded by. */
	readonly code: string;
	/** When it was begun, ISO-8601 UTC. */
	readonly begun: string;
}

/** The right to do a piece of work, of one process at a time; for economy. */
export interface Lease {
	/** Whether it is held here, now. */
	readonly held: boolean;
	/** Takes it if it is free, keeps it if it is held here; called again and again. `orphaned`: its holder is gone, so it need not expire. */
	want(orphaned?: boolean): Promise<boolean>;
	/** Sees whether its holder is alive, for who may want it later. */
	watch(): Promise<unknown>;
	release(): Promise<void>;
}

export interface RowStore {
	/** Id of the installation whose rows these are; null for rows of nobody yet. */
	installation(): Promise<string | null>;
	/** These are rows of that installation from now on. */
	adoptInstallation(id: string): Promise<void>;
	/** The right to do a piece of work, by its name; where only one process writes, there is none. */
	lease?(work: string): Lease;
	/** Resolves once the store answers; rejects with one clear line of what it lacks. */
	ready?(): Promise<void>;
	/** What an operator should know of it, once it is ready. */
	readonly warnings?: readonly string[];
	/** What was found damaged in it since it was opened; that does not pass. */
	readonly damage?: string | null;
	/** The table of a spec's name, made when it is new. */
	open(spec: TableSpec): Promise<Table>;
	/** All there are of a read model, by number. */
	generations(name: string): Promise<Generation[]>;
	/** The live one; where there is none one is begun, and is live at once: the same for all who ask at the same time. */
	live(spec: TableSpec, code: string, at: string): Promise<Generation>;
	/** The next generation; the first of a read model is live at once, any other is building. */
	begin(spec: TableSpec, code: string, at: string): Promise<Generation>;
	/** In one step: this one is live, the one that was is kept. False if there is no such one. */
	promote(name: string, number: number): Promise<boolean>;
	/** Its rows and checkpoints are gone; false if it is live, or not there. */
	remove(name: string, number: number): Promise<boolean>;
	/** In one step: these are all there are, as they are in another store; what any other held is gone. */
	adopt(name: string, generations: readonly Generation[]): Promise<void>;
	/** Removes a table that is no generation's, with its checkpoints; the same once more changes nothing. */
	discard(table: string): Promise<void>;
	close(): Promise<void>;
}

/** Where the rows of a generation are: the first has the read model's own name. */
export const tableNameOf = (name: string, generation: number): string => (generation === 1 ? name : `${name}@${generation}`);

/** How the kept totals change with these rows, by `<column>=<value>`, "" for all shown. */
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
		if (same(before.columns, after.columns)) continue;
		add(before.columns, -1);
		add(after.columns, 1);
	}
	return totals;
}
/** Whether two rows are found alike. */
export const same = (a: Row["columns"], b: Row["columns"]): boolean =>
	a === b || (a !== null && b !== null && a.every((value, i) => value === b[i]));
