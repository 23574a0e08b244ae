/**
 * Segments - how values that come scattered are indexed. An index by plate is entered everywhere at once: as soon as it is larger than
 * a batch, every entry is a page of its own to be written, and a row costs more the more there are. So the rows are numbered as they
 * come, and such an index stands by segments of so many rows each, the value within: what is written stays close together, and whoever
 * looks for a value looks into every segment (docs/decisions/0022-indexes-by-segments.md).
 */
import type { TableSpec } from "../rows.ts";

/** Rows of a segment, as a power of two: the pages of its indexes fit into the cache, and a year has about 160. */
export const SEGMENT = 17;

/** The column that numbers the rows. */
export const NUMBERED = "n INTEGER PRIMARY KEY";
export const quoted = (name: string): string => `"${name}"`;
/** A column of the read model: never in the way of our own. */
export const field = (name: string): string => (name === "id" ? name : `"by_${name}"`);

export interface Place {
	readonly from: string;
	/** Conditions of the place itself. */
	readonly only: readonly string[];
	/** A column as it is compared with a value. */
	plain(column: string): string;
	readonly pieces: boolean;
}

export class Segments {
	readonly #scattered: ReadonlySet<string>;
	readonly #bits: number;

	constructor({ scattered = [], sorts = [], ranges = [] }: TableSpec, bits: number) {
		const ordered = new Set(sorts); // an order goes through all rows
		this.#scattered = new Set([...scattered, ...ranges.map(([first]) => first)].filter((column) => !ordered.has(column)));
		this.#bits = bits;
	}

	/** What an index by this column begins with. */
	before(column: string): readonly string[] {
		return this.#scattered.has(column) ? [`n >> ${this.#bits}`] : [];
	}

	/** Where rows with values in these columns are looked for: in the table as a whole, or piece by piece. */
	among(table: string, columns: readonly string[]): Place {
		if (!columns.some((column) => this.#scattered.has(column))) return { from: table, only: [], plain: field, pieces: false };
		const last = `(SELECT max(n) FROM ${table}) >> ${this.#bits}`;
		const every = `WITH RECURSIVE every(s) AS (SELECT 0 UNION ALL SELECT s + 1 FROM every WHERE s < ${last}) SELECT s FROM every`;
		return {
			from: `(${every}) CROSS JOIN ${table}`,
			only: [`n >> ${this.#bits} = s`],
			plain: (column) => (this.#scattered.has(column) ? field(column) : `+${field(column)}`), // with a plus: not by its own index, which knows no pieces
			pieces: true,
		};
	}
}
