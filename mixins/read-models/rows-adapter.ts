/** RowsAdapter - the moleculer-db adapter of a read model: it finds and counts by allowed columns only, and never writes. */
import type { Query, Value } from "../../store/rows.ts";
import type { Projector } from "./projector.ts";

/** The query that a service passes to moleculer-db; never a client's own query object. */
export interface Asked {
	readonly filters: Readonly<Record<string, Value>>;
	readonly after?: { readonly value: Value; readonly id: string };
}
interface Find {
	readonly query?: Asked;
	readonly sort?: string | readonly string[];
	readonly limit?: number;
	readonly offset?: number;
}

export class RowsAdapter {
	#projector: Projector | null = null;

	/** Gives each service an adapter of its own. */
	init(_broker: unknown, service: { adapter: unknown }): void {
		service.adapter = new RowsAdapter();
	}
	serve(projector: Projector): void {
		this.#projector = projector;
	}
	async connect(): Promise<void> {}
	async disconnect(): Promise<void> {}

	async find({ query, sort = "id", limit = 100, offset = 0 }: Find): Promise<object[]> {
		const key = typeof sort === "string" ? sort : (sort[0] ?? "id");
		const column = key.replace(/^-/, "");
		const asked: Query = {
			filters: query?.filters ?? {},
			sort: column,
			descending: key.startsWith("-"),
			limit,
			offset,
			...(query?.after ? { after: query.after } : {}),
		};
		return (await this.#rows.table.find(asked)).flatMap((row) => this.#rows.shown(row)?.row ?? []);
	}
	count({ query }: Find = {}): Promise<number> {
		return this.#rows.table.count(query?.filters ?? {});
	}
	async findById(id: string): Promise<{ row: object; rev: number } | null> {
		const row = await this.#rows.table.get(id);
		return row && this.#rows.shown(row);
	}
	entityToObject(entity: object): object {
		return entity;
	}
	afterRetrieveTransformID(entity: object): object {
		return entity;
	}

	get #rows(): Projector {
		if (!this.#projector) throw new Error("The read model has not started yet");
		return this.#projector;
	}
}
