/** Rows - the row store on MongoDB: one collection per read model, one document for its checkpoints, and one for its generations. */
import type { Generation, Lease, RowStore, Table, TableSpec } from "../rows.ts";
import type { MongoAddress } from "./address.ts";
import { isUnknownOption, settled } from "./errors.ts";
import { Connection } from "./connection.ts";
import { foreignIn, OF_ROWS } from "./schema.ts";
import { MongoGenerations } from "./generations.ts";
import { adoptInstallation, INSTALLATION, type KeptInstallation } from "./installation.ts";
import { MongoLeases } from "./leases.ts";
import { indexesOf } from "./documents.ts";
import { CHECKPOINTS, type KeptCheckpoints, collectionOf, MongoTable } from "./table.ts";

export class MongoRowStore implements RowStore {
	readonly #connection: Connection;
	readonly #generations: MongoGenerations;
	readonly #leases: MongoLeases;

	/** Connects with the first operation, with its own client, so that a slow query never delays an append. */
	constructor(at: string | MongoAddress) {
		this.#connection = new Connection(at);
		this.#generations = new MongoGenerations(this.#connection);
		this.#leases = new MongoLeases(this.#connection);
	}

	/** Warnings for the operator; complete once the store is ready or opened. */
	get warnings(): readonly string[] {
		return this.#connection.warnings;
	}
	/** Rejects with a one-line reason if the server cannot be used. */
	ready(): Promise<void> {
		return this.#connection.ready();
	}

	foreign(): Promise<readonly string[]> {
		return foreignIn(this.#connection, OF_ROWS);
	}
	installation(): Promise<string | null> {
		return this.#connection.in<KeptInstallation, string | null>(
			INSTALLATION,
			async (all) => (await all.findOne({ _id: "rows" }))?.id ?? null,
		);
	}
	adoptInstallation(id: string): Promise<void> {
		return adoptInstallation(this.#connection, "rows", id);
	}

	async open(spec: TableSpec): Promise<Table> {
		await this.#index(spec);
		const first = { $setOnInsert: { places: {} } };
		await this.#connection.in<KeptCheckpoints, unknown>(CHECKPOINTS, (checkpoints) =>
			settled(() => checkpoints.updateOne({ _id: spec.name }, first, { upsert: true })),
		);
		return new MongoTable(spec, this.#connection);
	}
	/** Creates the indexes; as full indexes on a compatible server without partial indexes. */
	#index(spec: TableSpec): Promise<unknown> {
		return this.#connection.ask((database) => {
			const rows = database.collection(collectionOf(spec.name));
			const indexes = indexesOf(spec);
			const whole = async () => {
				for (const { key, name } of indexes) await rows.createIndex(key, { name });
			};
			return rows.createIndexes([...indexes]).catch((error: unknown) => (isUnknownOption(error) ? whole() : Promise.reject(error)));
		});
	}

	lease(work: string): Lease {
		return this.#leases.lease(work);
	}

	generations(name: string): Promise<Generation[]> {
		return this.#generations.of(name);
	}
	liveGeneration(spec: TableSpec, code: string, at: string): Promise<Generation> {
		return this.#generations.liveGeneration(spec, code, at);
	}
	begin(spec: TableSpec, code: string, at: string): Promise<Generation> {
		return this.#generations.begin(spec, code, at);
	}
	promote(name: string, number: number): Promise<boolean> {
		return this.#generations.promote(name, number);
	}
	remove(name: string, number: number): Promise<boolean> {
		return this.#generations.remove(name, number);
	}
	adopt(name: string, generations: readonly Generation[]): Promise<void> {
		return this.#generations.adopt(name, generations);
	}

	discard(table: string): Promise<void> {
		return this.#generations.discard(table);
	}

	close(): Promise<void> {
		return this.#connection.close();
	}
}
