/** RowCache - the rows a projector has just written, so that hot ones are not read back for every batch. Correct because a save that rests on a stale row is refused. */
import type { Change, Row, Table } from "../store/rows.ts";
import { Generations } from "./memory.ts";

/** Rows kept per projection. */
const CAPACITY = 5000;

export class RowCache {
	readonly #table: Table;
	readonly #rows = new Generations<Row>(CAPACITY);

	constructor(table: Table) {
		this.#table = table;
	}

	/** The rows as they stand; one that never was is there with rev 0. */
	async load(ids: Iterable<string>): Promise<Map<string, Row>> {
		const found = new Map<string, Row>();
		const missing: string[] = [];
		for (const id of new Set(ids)) {
			const row = this.#rows.get(id);
			if (row) found.set(id, row);
			else missing.push(id);
		}
		const loaded = await this.#table.load(missing);
		for (const id of missing) found.set(id, loaded.get(id) ?? { id, rev: 0, at: {}, data: null, counted: null });
		return found;
	}

	/** These are saved. */
	keep(changes: readonly Change[]): void {
		for (const { id, rev, at, data, counted } of changes) this.#rows.set(id, { id, rev: rev + 1, at, data, counted });
	}
	forget(id: string): void {
		this.#rows.delete(id);
	}
	clear(): void {
		this.#rows.clear();
	}
}
