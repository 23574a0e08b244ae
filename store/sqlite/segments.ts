/**
 * Segments - how columns with scattered values are indexed. In a plain index by plate, new entries go to random pages: once it is larger
 * than a batch, each entry writes a page of its own. So rows are numbered in order of arrival, and such an index is sorted first by segment
 * of the row number, then by value: writes stay close together, and a query searches every segment
 * (docs/decisions/0022-indexes-by-segments.md).
 */
import type { TableSpec } from "../rows.ts";

/** Rows per segment, as a power of two: the pages of its indexes fit into the cache. A year has about 160 segments. */
export const SEGMENT = 17;

/** The column that numbers the rows. */
export const NUMBERED = "n INTEGER PRIMARY KEY";
export const quoted = (name: string): string => `"${name}"`;
/** SQL name of a column of the read model; the prefix avoids clashes with the store's own columns. */
export const field = (name: string): string => (name === "id" ? name : `"by_${name}"`);

export interface SegmentPlace {
	readonly from: string;
	/** Conditions that join rows to segments. */
	readonly only: readonly string[];
	/** The column as an SQL expression for a comparison. */
	plain(column: string): string;
	readonly pieces: boolean;
}

export class Segments {
	readonly #scattered: ReadonlySet<string>;
	readonly #bits: number;

	constructor({ scattered = [], sorts = [], ranges = [] }: TableSpec, bits: number) {
		const ordered = new Set(sorts); // sorting needs one order over all rows
		this.#scattered = new Set([...scattered, ...ranges.map(([first]) => first)].filter((column) => !ordered.has(column)));
		this.#bits = bits;
	}

	/** Leading expressions of an index by this column. */
	before(column: string): readonly string[] {
		return this.#scattered.has(column) ? [`n >> ${this.#bits}`] : [];
	}

	/** The FROM clause and conditions of a query by these columns: the whole table, or segment by segment. */
	among(table: string, columns: readonly string[]): SegmentPlace {
		if (!columns.some((column) => this.#scattered.has(column))) return { from: table, only: [], plain: field, pieces: false };
		const last = `(SELECT max(n) FROM ${table}) >> ${this.#bits}`;
		const every = `WITH RECURSIVE every(s) AS (SELECT 0 UNION ALL SELECT s + 1 FROM every WHERE s < ${last}) SELECT s FROM every`;
		return {
			from: `(${every}) CROSS JOIN ${table}`,
			only: [`n >> ${this.#bits} = s`],
			plain: (column) => (this.#scattered.has(column) ? field(column) : `+${field(column)}`), // the plus keeps SQLite from its index, which has no segments
			pieces: true,
		};
	}
}
