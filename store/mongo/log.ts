/**
 * Log - the log on MongoDB: one collection per (log, partition), one document per commit, with the position as `_id`. An append is one
 * ordered insert at the position after the tail, and fails if another writer used it first. It needs no counter, transaction or lock.
 */
import { randomUUID } from "node:crypto";
import type { Collection } from "mongodb";
import { type LogPartition, type LogStore, PartitionsFixed } from "../log.ts";
import type { MongoAddress } from "./address.ts";
import { settled } from "./errors.ts";
import { Connection } from "./connection.ts";
import { foreignIn, OF_LOG } from "./schema.ts";
import { adoptInstallation, INSTALLATION, type KeptInstallation } from "./installation.ts";
import { type KeptHead, type KeptLog, MongoPartition } from "./partition.ts";

/** Default number of partitions of a new log. */
const PARTITIONS = 16;

interface KeptMove {
	readonly _id: string;
	readonly begun: boolean;
}
export class MongoLogStore implements LogStore {
	readonly #connection: Connection;
	readonly #wanted: number | undefined;
	readonly #installation: string;

	/**
	 * Connects with the first operation. `partitions`: the number for a new log, required of an existing one; `installation`: the id for a
	 * new store.
	 */
	constructor(at: string | MongoAddress, partitions?: number, installation: string = randomUUID()) {
		this.#connection = new Connection(at);
		this.#wanted = partitions;
		this.#installation = installation;
	}

	/** Warnings for the operator; complete once the store is ready or opened. */
	get warnings(): readonly string[] {
		return this.#connection.warnings;
	}

	/** Rejects with a one-line reason if the server cannot be used, or holds a log with another number of partitions. */
	async ready(): Promise<void> {
		await this.#connection.ready();
		for (const [context, partitions] of await this.contexts()) fits(context, partitions, this.#wanted);
	}

	async contexts(): Promise<ReadonlyMap<string, number>> {
		const logs = await this.#connection.in<KeptLog, KeptLog[]>("logs", (all) => all.find().toArray());
		return new Map(logs.map(({ _id, partitions }) => [_id, partitions]));
	}

	async open(context: string, wanted = this.#wanted): Promise<readonly LogPartition[]> {
		const kept = await this.#settled(context, wanted ?? PARTITIONS);
		fits(context, kept, wanted);
		const partitions = Array.from({ length: kept }, (_, partition) => new MongoPartition(this.#connection, context, partition));
		await this.#connection.in<KeptHead, string>("heads", (heads) => heads.createIndex({ partition: 1, position: 1, key: 1 }));
		await Promise.all(partitions.map((partition) => partition.make()));
		return partitions;
	}

	/** The number of partitions; concurrent callers get the same one, because only the first insert succeeds. */
	#settled(context: string, partitions: number): Promise<number> {
		return this.#connection.in<KeptLog, number>("logs", async (logs) => {
			const first = { $setOnInsert: { partitions } };
			const kept = await settled(() => logs.findOneAndUpdate({ _id: context }, first, { upsert: true, returnDocument: "after" }));
			if (!kept) throw new Error("the stored document is missing");
			return kept.partitions;
		});
	}

	foreign(): Promise<readonly string[]> {
		return foreignIn(this.#connection, OF_LOG);
	}
	/** The id; concurrent callers get the same one, because only the first insert succeeds. */
	installation(): Promise<string> {
		return this.#connection.in<KeptInstallation, string>(INSTALLATION, async (all) => {
			const first = { $setOnInsert: { id: this.#installation } };
			const kept = await settled(() => all.findOneAndUpdate({ _id: "log" }, first, { upsert: true, returnDocument: "after" }));
			if (!kept) throw new Error("the stored document is missing");
			return kept.id;
		});
	}
	adoptInstallation(id: string): Promise<void> {
		return adoptInstallation(this.#connection, "log", id);
	}

	async moving(): Promise<boolean> {
		return (await this.#moves((moves) => moves.findOne({}))) !== null;
	}
	async setMoving(moving: boolean): Promise<void> {
		const [it, begun] = [{ _id: "begun" }, { $setOnInsert: { begun: true } }];
		await this.#moves<unknown>((moves) => (moving ? settled(() => moves.updateOne(it, begun, { upsert: true })) : moves.deleteOne(it)));
	}
	#moves<T>(question: (moves: Collection<KeptMove>) => Promise<T>): Promise<T> {
		return this.#connection.in("moves", question);
	}

	close(): Promise<void> {
		return this.#connection.close();
	}
}

function fits(context: string, kept: number, wanted: number | undefined): void {
	if (wanted !== undefined && wanted !== kept)
		throw new PartitionsFixed(`PARTITIONS is ${wanted}, but the log "${context}" was created with ${kept}`);
}
