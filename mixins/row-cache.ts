/** RowCache - the rows a projector has just written, so that hot ones are not read back for every batch. Correct because a save that rests on a stale row is refused. */
import { blank, type Change, type Row, type Table } from "../store/rows.ts";
import { Generations } from "./memory.ts";

/** Rows kept per projection. */
const CAPACITY = 4096;

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
		for (const id of missing) found.set(id, loaded.get(id) ?? blank(id));
		return found;
	}

	/** These are saved; `again`: only those written before are worth keeping, for they will be again. */
	keep(changes: readonly Change[], again = false): void {
		for (const { before, after } of changes) if (!again || before.rev > 0) this.#rows.set(after.id, { ...after, rev: after.rev + 1 });
	}
	forget(id: string): void {
		this.#rows.delete(id);
	}
	clear(): void {
		this.#rows.clear();
	}
}
