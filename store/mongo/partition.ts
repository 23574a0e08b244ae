/** Partition - one partition of a log on MongoDB: a collection of commits by position, and its signed heads. */
import type { Collection } from "mongodb";
import { GENESIS } from "../chain.ts";
import { type Commit, type Head, HEADS_EVERY, type LogPartition, StoreUnavailable } from "../log.ts";
import { isDuplicate, settled } from "./errors.ts";
import type { Connection } from "./connection.ts";

/** Maximum number of commits per insert: few enough for one server write, so that a failed insert leaves a prefix without a gap. */
const MAX_BATCH = 100;

const SPREAD =
	"is sharded, so its positions may not be unique: the collections of a log must be unsharded, each on any shard (unshardCollection, moveCollection)";

export interface KeptLog {
	/** Name of the context. */
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
	/** All positions up to this one are known to exist. */
	#known = 0;

	constructor(connection: Connection, context: string, partition: number) {
		this.name = `${context}:${partition}`;
		this.#connection = connection;
		this.#context = context;
		this.#collection = `log.${context}.${partition}`;
	}

	/** Creates the index that keeps (stream, version) unique; idempotent. Rejects if the collection is sharded. */
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

	/** A duplicate key means false; after any other error, including a missing majority, the outcome is unknown. */
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
	/** Whether a commit exists; the unique index alone would allow an insert after a gap. */
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

	/** Two routers can disagree about the primary, so one may not yet find what the other has read; hence the linearizable read. */
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

	/** Uses a write without effect, which still waits for a majority. */
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

	/** A crash between the two writes leaves some superfluous heads, which do no harm. */
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

/** Creates a plain object, so that all commits have the same shape. */
const commitOf = ({ _id, stream, version, body, hash }: KeptCommit): Commit => ({ position: _id, stream, version, body, hash });
