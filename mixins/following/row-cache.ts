/** RowCache - rows written recently, so that hot rows are not read back for every batch. A stale row is safe: its save fails. */
import { asWritten, blank, type Change, type Row, type Table } from "../../store/rows.ts";
import { BoundedCache } from "../common/bounded-cache.ts";
import type { Give } from "../common/metric-names.ts";

/** Rows kept per projection. */
const CAPACITY = 4096;

export class RowCache {
	readonly #table: Table;
	readonly #rows = new BoundedCache<Row>(CAPACITY);
	/** Requested rows since the start that were in memory (hits), and that were not (misses). */
	hits = 0;
	misses = 0;

	constructor(table: Table) {
		this.#table = table;
	}

	/** The current rows; a row that does not exist has rev 0. */
	async load(ids: Iterable<string>): Promise<Map<string, Row>> {
		const found = new Map<string, Row>();
		const missing: string[] = [];
		for (const id of new Set(ids)) {
			const row = this.#rows.get(id);
			if (row) found.set(id, row);
			else missing.push(id);
		}
		this.hits += found.size;
		this.misses += missing.length;
		const loaded = await this.#table.load(missing);
		for (const id of missing) found.set(id, loaded.get(id) ?? blank(id));
		return found;
	}

	get size(): number {
		return this.#rows.size;
	}

	/** Keeps saved rows; `again`: only those that existed before, because they are likely to be written again. */
	keep(changes: readonly Change[], again = false): void {
		for (const change of changes) if (!again || change.before.rev > 0) this.#rows.set(change.after.id, asWritten(change));
	}
	forget(id: string): void {
		this.#rows.delete(id);
	}
	clear(): void {
		this.#rows.clear();
	}
}

export function cacheFigures(follower: string, { size, hits, misses }: RowCache, give: Give): void {
	give("vigie_row_cache_rows", size, { follower });
	give("vigie_row_cache_hits_total", hits, { follower });
	give("vigie_row_cache_misses_total", misses, { follower });
}
