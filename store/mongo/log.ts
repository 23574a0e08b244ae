/**
 * The log on MongoDB: one collection per (log, partition), one document per commit, its `_id` the position. An append is one
 * ordered insert at the position after the tail: whoever comes second finds it taken. No counter, no transaction, no lock.
 */
import { randomUUID } from "node:crypto";
import type { Collection } from "mongodb";
import { GENESIS } from "../chain.ts";
import { type Commit, type Head, HEADS_EVERY, type LogPartition, type LogStore, PartitionsFixed, StoreUnavailable } from "../log.ts";
import { isDuplicate, settled } from "./complaints.ts";
import { Connection } from "./connection.ts";
import { adoptInstallation, INSTALLATION, type KeptInstallation } from "./installation.ts";

/** Commits one insert carries: what a server writes in one go, so that a prefix lands and never a part with a hole. */
const MAX_BATCH = 100;
/** Of a new log, where nothing else is wanted. */
const PARTITIONS = 16;

const SPREAD =
	"is sharded, so nothing keeps its positions unique: a log's collections have to stay whole, each on any shard (unshardCollection, moveCollection)";

interface KeptLog {
	/** The context. */
	readonly _id: string;
	readonly partitions: number;
}
interface KeptMove {
	readonly _id: string;
	readonly begun: boolean;
}
interface KeptCommit extends Omit<Commit, "position" | "recorded"> {
	readonly _id: number;
}
interface KeptHead extends Head {
	/** `<log>:<partition>/<position>/<key>` */
	readonly _id: string;
}

export class MongoLogStore implements LogStore {
	readonly #connection: Connection;
	readonly #wanted: number | undefined;
	readonly #installation: string;

	/**
	 * Connects with the first question. `partitions`: the number a new log gets, or that an existing one must have; `installation`: the id
	 * a new store gets.
	 */
	constructor(url: string, partitions?: number, installation: string = randomUUID()) {
		this.#connection = new Connection(url);
		this.#wanted = partitions;
		this.#installation = installation;
	}

	/** What the operator should know, once it is ready or opened. */
	get warnings(): readonly string[] {
		return this.#connection.warnings;
	}

	/** Rejects with one clear line when the server cannot be used, or holds a log with another number of partitions. */
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

	/** The number of partitions, the same for all who ask at once: the first to be kept by a majority holds. */
	#settled(context: string, partitions: number): Promise<number> {
		return this.#connection.in<KeptLog, number>("logs", async (logs) => {
			const first = { $setOnInsert: { partitions } };
			const kept = await settled(() => logs.findOneAndUpdate({ _id: context }, first, { upsert: true, returnDocument: "after" }));
			if (!kept) throw new Error("what was kept is not there");
			return kept.partitions;
		});
	}

	/** The one that was kept first, for all who ask at once. */
	installation(): Promise<string> {
		return this.#connection.in<KeptInstallation, string>(INSTALLATION, async (all) => {
			const first = { $setOnInsert: { id: this.#installation } };
			const kept = await settled(() => all.findOneAndUpdate({ _id: "log" }, first, { upsert: true, returnDocument: "after" }));
			if (!kept) throw new Error("what was kept is not there");
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

class MongoPartition implements LogPartition {
	readonly name: string;
	readonly maxBatch = MAX_BATCH;
	readonly readsFirst = false;
	readonly #connection: Connection;
	readonly #context: string;
	readonly #collection: string;
	/** A position that is known to be taken, and with it all before. */
	#known = 0;

	constructor(connection: Connection, context: string, partition: number) {
		this.name = `${context}:${partition}`;
		this.#connection = connection;
		this.#context = context;
		this.#collection = `log.${context}.${partition}`;
	}

	/** The index that refuses a second version before any commit is there; nothing if it is. */
	async make(): Promise<void> {
		await this.#ask((commits) => commits.createIndex({ stream: 1, version: 1 }, { unique: true }));
		if (!this.#connection.sharded) return;
		const { sharded } = await this.#connection.ask((database) => database.command({ collStats: this.#collection }));
		if (sharded === true) throw new StoreUnavailable(`MongoDB: ${this.#collection} ${SPREAD}`);
	}

	async tail() {
		const [last] = await this.#ask((commits) => commits.find().sort({ _id: -1 }).limit(1).toArray());
		this.#known = Math.max(this.#known, last?._id ?? 0);
		return { position: last?._id ?? 0, hash: last?.hash ?? GENESIS };
	}

	/** A duplicate is a plain no; every other error leaves open what was written, a missing majority too. */
	async append(commits: readonly Commit[]): Promise<boolean> {
		const before = (commits[0]?.position ?? 1) - 1;
		if (before < 0 || (before > this.#known && !(await this.#holds(before)))) return false;
		const documents = commits.map(({ position, stream, version, body, hash }) => ({ _id: position, stream, version, body, hash }));
		const whole = await this.#ask((kept) =>
			kept.insertMany(documents, { ordered: true }).then(
				({ acknowledged, insertedCount }) => acknowledged && insertedCount === documents.length,
				(error: unknown) => (isDuplicate(error) ? false : Promise.reject(error)),
			),
		);
		if (whole) this.#known = Math.max(this.#known, before + documents.length);
		return whole;
	}
	/** An index refuses what is taken, but not what lies behind a hole. */
	async #holds(position: number): Promise<boolean> {
		return (await this.#ask((commits) => commits.findOne({ _id: position }, { projection: { _id: 1 } }))) !== null;
	}

	async read(after: number, limit: number): Promise<Commit[]> {
		const found = await this.#ask((commits) =>
			commits
				.find({ _id: { $gt: after } })
				.sort({ _id: 1 })
				.limit(limit)
				.batchSize(limit)
				.toArray(),
		);
		this.#known = Math.max(this.#known, found.at(-1)?._id ?? 0);
		return found.map(commitOf);
	}

	async endsAt(position: number): Promise<boolean> {
		const next = await this.#ask((commits) =>
			commits.findOne({ _id: position + 1 }, { projection: { _id: 1 }, ...this.#connection.proven }),
		);
		return next === null;
	}

	/** Two routers may disagree on who is primary, so that what the one has read the other may not find yet. */
	async streams(names: readonly string[]): Promise<Map<string, Commit[]>> {
		const all = await this.#ask((commits) =>
			commits
				.find({ stream: { $in: [...names] } }, this.#connection.sharded ? this.#connection.proven : {})
				.sort({ stream: 1, version: 1 })
				.toArray(),
		);
		return Map.groupBy(all.map(commitOf), ({ stream }) => stream);
	}

	async stream(name: string, from: number, limit: number): Promise<Commit[]> {
		const found = await this.#ask((commits) =>
			commits
				.find({ stream: name, version: { $gte: from } })
				.sort({ version: 1 })
				.limit(limit)
				.batchSize(limit)
				.toArray(),
		);
		return found.map(commitOf);
	}

	/** A write that changes nothing waits for a majority all the same. */
	async probe(): Promise<void> {
		await this.#connection.in<KeptLog, unknown>("logs", (logs) =>
			logs.updateOne({ _id: this.#context }, { $setOnInsert: { partitions: 0 } }),
		);
	}

	heads(): Promise<Head[]> {
		return this.#connection.in<KeptHead, Head[]>("heads", async (heads) => {
			const kept = await heads.find({ partition: this.name }).sort({ position: 1, key: 1 }).toArray();
			return kept.map(({ partition, position, hash, at, key, signature }) => ({ partition, position, hash, at, key, signature }));
		});
	}

	/** A crash between the two leaves a few more than are needed. */
	async keepHead({ position, hash, at, key, signature }: Head): Promise<void> {
		const _id = `${this.name}/${position}/${key}`;
		const first = { $setOnInsert: { partition: this.name, position, hash, at, key, signature } };
		const near = { partition: this.name, key, position: { $gte: position - (position % HEADS_EVERY), $lt: position } };
		await this.#connection.in<KeptHead, unknown>("heads", async (heads) => {
			await settled(() => heads.updateOne({ _id }, first, { upsert: true }));
			return heads.deleteMany(near);
		});
	}

	#ask<T>(question: (commits: Collection<KeptCommit>) => Promise<T>): Promise<T> {
		return this.#connection.in(this.#collection, question);
	}
}

/** A plain object of our own, so that every commit has one shape. */
const commitOf = ({ _id, stream, version, body, hash }: KeptCommit): Commit => ({ position: _id, stream, version, body, hash });
