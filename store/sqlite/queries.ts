/** Queries - the SQL statements that find and count the visible rows of one table by its indexes. */
import type { SQLInputValue } from "node:sqlite";
import type { Query } from "../rows.ts";
import { field, type Segments } from "./segments.ts";

/** A statement or a condition, with its parameters. */
interface Sql {
	readonly sql: string;
	readonly params: readonly SQLInputValue[];
}

export class RowQueries {
	readonly #table: string;
	readonly #fields: string;
	readonly #segments: Segments;

	constructor(table: string, fields: string, segments: Segments) {
		this.#table = table;
		this.#fields = fields;
		this.#segments = segments;
	}

	/** Selects row numbers first, from indexes where possible, and reads only the requested rows as a whole. */
	rows({ filters, range, sort, descending, limit, offset = 0, after }: Query): Sql {
		const { from, where, pieces } = this.#shown(filters);
		if (range) where.push(...bounds(range));
		if (after) where.push(beyond(sort, descending, after));
		const order = descending ? "DESC" : "ASC";
		const ordered = `ORDER BY ${sort === "id" ? "" : `${field(sort)} ${order}, `}id ${order}`;
		if (pieces && sort === "id") where.push(this.#enough(where, ordered, descending, limit + offset));
		const found = `SELECT n FROM ${from} WHERE ${all(where)} ${ordered} LIMIT ? OFFSET ?`;
		return {
			sql: `SELECT ${this.#fields} FROM ${this.#table} WHERE n IN (${found}) ${ordered}`,
			params: [...where.flatMap(({ params }) => params), limit, offset],
		};
	}

	count(filters: Query["filters"]): Sql {
		const { from, where } = this.#shown(filters);
		return { sql: `SELECT count(*) FROM ${from} WHERE ${all(where)}`, params: where.flatMap(({ params }) => params) };
	}

	/** Conditions for visible rows with these values. Hidden rows have no column values, so only queries by id need `shown`. */
	#shown(filters: Query["filters"]) {
		const { from, only, plain, pieces } = this.#segments.among(this.#table, Object.keys(filters));
		const where: Sql[] = only.map((sql) => ({ sql, params: [] }));
		for (const [column, value] of Object.entries(filters)) where.push({ sql: `${plain(column)} = ?`, params: [value] });
		if (Object.keys(filters).every((column) => column === "id")) where.push({ sql: "shown = 1", params: [] });
		return { from, where, pieces };
	}

	/** Limits the rows read from each segment to the page size, so that a frequent value costs no more than a rare one. */
	#enough(where: readonly Sql[], ordered: string, descending: boolean, most: number): Sql {
		const last = `SELECT id FROM ${this.#table} WHERE ${all(where)} ${ordered} LIMIT 1 OFFSET ?`;
		return {
			sql: descending ? `id >= coalesce((${last}), '')` : `id <= coalesce((${last}), x'')`, // bytes come after every text
			params: [...where.flatMap(({ params }) => params), most - 1],
		};
	}
}

const all = (where: readonly Sql[]): string => where.map(({ sql }) => sql).join(" AND ");

function bounds({ column, from, to }: NonNullable<Query["range"]>): Sql[] {
	const found: Sql[] = [];
	if (from !== null) found.push({ sql: `${field(column)} >= ?`, params: [from] });
	if (to !== null) found.push({ sql: `${field(column)} < ?`, params: [to] });
	return found;
}

/** The condition for rows after a given row; SQLite sorts nulls first. */
function beyond(sort: string, descending: boolean, { value, id }: NonNullable<Query["after"]>): Sql {
	const by = field(sort);
	const than = descending ? "<" : ">";
	if (sort === "id") return { sql: `id ${than} ?`, params: [id] };
	if (value === null)
		return { sql: descending ? `(${by} IS NULL AND id < ?)` : `((${by} IS NULL AND id > ?) OR ${by} IS NOT NULL)`, params: [id] };
	return { sql: `((${by}, id) ${than} (?, ?)${descending ? ` OR ${by} IS NULL` : ""})`, params: [value, id] };
}
