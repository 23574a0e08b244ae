/** Documents - converts rows to documents and back, and lists the indexes of a collection. */
import type { Row, TableSpec, Value } from "../rows.ts";

/** What a row looks like in its collection. A column without a value is absent, so that an index of those with one leaves it out. */
export interface StoredRow {
	readonly _id: string;
	readonly rev: number;
	readonly at: Row["at"];
	/** JSON: no key and no number of it is changed by being stored. */
	readonly data: string | null;
	readonly shown: boolean;
	readonly due?: string;
	readonly [column: `by_${string}`]: string | number;
}

/** A column of the read model: never in the way of our own. */
export const field = (column: string): string => (column === "id" ? "_id" : `by_${column}`);

/** One revision on. */
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
/** The same as on SQLite: each column with the id, ranges together, and those without a value only where rows are sorted by it. */
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
