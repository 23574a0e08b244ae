/** Documents - converts rows to documents and back, and lists the indexes of a collection. */
import type { Row, TableSpec, Value } from "../rows.ts";

/** A row as a document. A column without a value is absent, so that partial indexes omit it. */
export interface StoredRow {
	readonly _id: string;
	readonly rev: number;
	readonly at: Row["at"];
	/** JSON text, because BSON would change some keys and numbers. */
	readonly data: string | null;
	readonly shown: boolean;
	readonly due?: string;
	readonly [column: `by_${string}`]: string | number;
}

/** Field name of a column of the read model; the prefix avoids clashes with the store's own fields. */
export const field = (column: string): string => (column === "id" ? "_id" : `by_${column}`);

/** The document for a row, with `rev` incremented. */
export function storedOf({ id, rev, at, data, due, columns }: Row, spec: TableSpec): StoredRow {
	const values = spec.columns.flatMap((column, i) => {
		const value = columns?.[i] ?? null;
		return value === null ? [] : [[field(column), value] as const];
	});
	const content = { _id: id, rev: rev + 1, at, data: data === null ? null : JSON.stringify(data), shown: columns !== null };
	return { ...content, ...(due === null ? {} : { due }), ...Object.fromEntries(values) };
}

export const rowOf = (stored: StoredRow, spec: TableSpec): Row => ({
	id: stored._id,
	rev: stored.rev,
	at: stored.at,
	data: stored.data === null ? null : (JSON.parse(stored.data) as object), // bytes come in here
	due: stored.due ?? null,
	columns: stored.shown ? spec.columns.map((column): Value => stored[`by_${column}`] ?? null) : null,
});

interface Index {
	readonly name: string;
	readonly key: Record<string, 1>;
	readonly partialFilterExpression?: object;
}
/** The same indexes as on SQLite: each column with the id, range pairs together. Rows without a value are only in indexes for sorting. */
export function indexesOf({ columns, sorts = [], ranges = [] }: TableSpec): readonly Index[] {
	const present = (name: string) => ({ partialFilterExpression: { [name]: { $exists: true } } });
	return [
		{ name: "due", key: { due: 1 }, ...present("due") },
		{ name: "shown", key: { shown: 1, _id: 1 } },
		...columns
			.filter((column) => !ranges.some(([first]) => first === column))
			.map((column): Index => {
				const key = { [field(column)]: 1, _id: 1 } as const;
				return sorts.includes(column) ? { name: `${column}, all`, key } : { name: column, key, ...present(field(column)) };
			}),
		...ranges.map(([first, second]): Index => ({
			name: `${first}, ${second}`,
			key: { [field(first)]: 1, [field(second)]: 1, _id: 1 },
			...present(field(first)),
		})),
	];
}
