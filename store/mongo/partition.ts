/** Partition - one partition of a log on MongoDB: a collection of commits by position, and its signed heads. */
import type { Collection } from "mongodb";
import { GENESIS } from "../chain.ts";
import { type Commit, type Head, HEADS_EVERY, type LogPartition, StoreUnavailable } from "../log.ts";
import { isDuplicate, settled } from "./errors.ts";
import type { Connection } from "./connection.ts";

/** Commits one insert carries: what a server writes in one go, so that a prefix lands and never a part with a hole. */
const MAX_BATCH = 100;

const SPREAD =
	"is sharded, so nothing keeps its positions unique: a log's collections have to stay whole, each on any shard (unshardCollection, moveCollection)";

export interface KeptLog {
	/** The context. */
	readonly _id: string;
	readonly partitions: number;
}
interface KeptCommit extends Omit<Commit, "position" | "recorded" | "previous"> {
	readonly _id: number;
}
export interface KeptHead extends Head {
	/** `<log>:<partition>/<position>/<key>` */
	readonly _id: string;
}

export class MongoPartition implements LogPartition {
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
	async streams(names: readonly string[], limit: number): Promise<Commit[]> {
		const all = await this.#ask((commits) =>
			commits
				.find({ stream: { $in: [...names] } }, this.#connection.sharded ? this.#connection.proven : {})
				.sort({ stream: 1, version: 1 })
				.limit(limit)
				.batchSize(limit)
				.toArray(),
		);
		return all.map(commitOf);
	}

	async lastBefore(name: string, version: number): Promise<Commit | null> {
		const last = { sort: { version: -1 } } as const;
		const found = await this.#ask((commits) => commits.findOne({ stream: name, version: { $lt: version } }, last));
		return found && commitOf(found);
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
