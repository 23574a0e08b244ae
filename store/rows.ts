/**
 * Rows - the contract every store of read models and process rows keeps. Rows and the checkpoint they rest on move together or
 * in that order; a row remembers the last position it has seen of each partition, so nothing is folded into it twice.
 */

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
	/** The kept totals it counts in, as `<column>=<value>`; null while it is not shown. */
	readonly counted: readonly string[] | null;
}
/** A row to be written: `rev` is the one it was folded from. */
export interface Change extends Row {
	/** Of the row it was folded from. */
	readonly countedBefore: readonly string[] | null;
	/** When it will read differently by itself. */
	readonly due: string | null;
	/** One value a column of the table, in their order. */
	readonly columns: readonly Value[];
}
/** What a batch rests on: the partition's checkpoint moves from `from` to `to`, and only from there. */
export interface Step {
	readonly partition: string;
	readonly from: number;
	readonly to: number;
}

export interface TableSpec {
	/** Of the projection or process. */
	readonly name: string;
	/** Each backed by an index with the id. */
	readonly columns: readonly string[];
	/** Columns with few values, whose totals are kept. */
	readonly counted: readonly string[];
	/** Pairs of columns asked for together: equality on the first, a range on the second. */
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
	checkpoints(): Promise<Readonly<Record<string, number>>>;
	/** Rows by id, deleted ones too; absent ones are absent. */
	load(ids: readonly string[]): Promise<Map<string, Row>>;
	/** Rows and step. False: somebody else was faster, nothing is certain, load and fold again. */
	save(changes: readonly Change[], step: Step): Promise<boolean>;
	/** One row without a step, unless it was written meanwhile (false). */
	refresh(change: Change): Promise<boolean>;
	get(id: string): Promise<Row | null>;
	find(query: Query): Promise<Row[]>;
	/** Shown rows only; from an index or a kept total. */
	count(filters: Readonly<Record<string, Value>>): Promise<number>;
	/** Shown or not, rows whose time to read differently has come. */
	due(now: string, limit: number): Promise<Row[]>;
}

export interface RowStore {
	open(spec: TableSpec): Promise<Table>;
	close(): Promise<void>;
}

/** How the kept totals change with these rows, by `<column>=<value>`, "" for all shown. */
export function totalsOf(changes: readonly Change[]): Map<string, number> {
	const totals = new Map<string, number>();
	const add = (keys: readonly string[] | null, by: number) => {
		if (!keys) return;
		for (const key of ["", ...keys]) totals.set(key, (totals.get(key) ?? 0) + by);
	};
	for (const { counted, countedBefore } of changes) {
		add(countedBefore, -1);
		add(counted, 1);
	}
	return totals;
}
