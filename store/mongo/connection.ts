/**
 * Connection - a MongoDB client with the guarantees that the stores need, set in one place: writes are acknowledged by a majority and
 * journaled, reads go to the primary with majority read concern. All errors become StoreUnavailable.
 */
import {
	type Collection,
	type Db,
	type Document,
	type FindOptions,
	MongoClient,
	type MongoClientOptions,
	ReadConcern,
	ReadConcernLevel,
} from "mongodb";
import { asError, StoreUnavailable } from "../log.ts";
import { accessOptions, type MongoAddress } from "./address.ts";
import { reasonOf, remedyOf } from "./errors.ts";

/** Default database, if the URL names none. */
const DATABASE = "vigie";
/** Timeouts in milliseconds: for finding a server, and for an answer. */
const SOUGHT = 3000;
const SILENT = 4000;
const OPTIONS: MongoClientOptions = {
	appName: "vigie",
	readPreference: "primary",
	maxPoolSize: 32,
	serverSelectionTimeoutMS: SOUGHT,
	connectTimeoutMS: SOUGHT,
	waitQueueTimeoutMS: SILENT,
	socketTimeoutMS: SILENT,
	heartbeatFrequencyMS: 2000,
};
/** `maxTimeMS` of linearizable reads: below the socket timeout, so that the server gives up first. */
const WAITS = 3000;
const STANDALONE =
	"MONGO_URL is a standalone server: if it crashes, commits that others have read just before may be lost; a replica set, even of one member, keeps them";

/** Kind of deployment: a standalone server, a sharded cluster, or (neither) a replica set. */
interface Kind {
	readonly standalone: boolean;
	readonly sharded: boolean;
}

export class Connection {
	readonly #client: MongoClient;
	readonly #name: string;
	#kind: Kind = { standalone: false, sharded: false };
	#database: Promise<Db> | null = null;
	#closed = false;

	/** `at`: a URL, or a URL with the access to it. `suffix`: added to the name of the database. */
	constructor(at: string | MongoAddress, suffix = "") {
		const { url, ...access } = typeof at === "string" ? { url: at } : at;
		try {
			this.#client = new MongoClient(url, { ...OPTIONS, ...accessOptions(access) });
		} catch (error) {
			throw new StoreUnavailable("MONGO_URL is not valid", error);
		}
		this.#client.on("serverDescriptionChanged", ({ previousDescription, newDescription }) => {
			if (previousDescription.type !== newDescription.type) this.#database = null; // the server may now be of another kind
		});
		this.#name = (/^[^/]+\/\/[^/]+\/([^?]+)/.exec(url)?.[1] ?? DATABASE) + suffix;
	}

	/** Warnings for the operator; complete once connected. */
	get warnings(): readonly string[] {
		return this.#kind.standalone ? [STANDALONE] : [];
	}
	/** Whether collections can be sharded; known once connected. */
	get sharded(): boolean {
		return this.#kind.sharded;
	}
	/**
	 * Options for a linearizable read of one document by `_id`, which a replaced primary cannot answer
	 * (docs/decisions/0019-a-look-is-linearizable.md); known once connected. A standalone server is never replaced.
	 */
	get proven(): FindOptions {
		return this.#kind.standalone ? {} : { readConcern: ReadConcernLevel.linearizable, maxTimeMS: WAITS };
	}

	/** Resolves when the server answers this user; rejects with a one-line reason otherwise. */
	async ready(): Promise<void> {
		try {
			const database = await this.#open();
			await database.collection("logs").findOne({});
		} catch (error) {
			const { hosts, srvHost, tls } = this.#client.options;
			const where = `MONGO_URL, database "${this.#name}" at ${srvHost ?? hosts.map(String).join(",")}`;
			throw failed(`${where}: ${reasonOf(error)} (${remedyOf(error, tls) ?? asError(error).message})`, error);
		}
	}

	/** Runs an operation on the database; rejects with StoreUnavailable. */
	async ask<T>(question: (database: Db) => Promise<T>): Promise<T> {
		if (this.#closed) throw new StoreUnavailable("MongoDB: the connection is closed");
		try {
			return await question(await this.#open());
		} catch (error) {
			throw error instanceof StoreUnavailable ? error : failed(`MongoDB: ${reasonOf(error)}`, error);
		}
	}
	/** Runs an operation on one collection; rejects with StoreUnavailable. */
	in<D extends Document, T>(name: string, question: (collection: Collection<D>) => Promise<T>): Promise<T> {
		return this.ask((database) => question(database.collection<D>(name)));
	}

	async close(): Promise<void> {
		this.#closed = true;
		await this.#client.close();
	}

	/** Connects once; after a failure the next call retries. */
	#open(): Promise<Db> {
		this.#database ??= this.#meet().catch((error: unknown) => {
			this.#database = null;
			throw error;
		});
		return this.#database;
	}

	/** Detects the kind of server. A standalone server does not support majority reads. */
	async #meet(): Promise<Db> {
		const { setName, msg } = await this.#client.db(this.#name).command({ hello: 1 });
		const sharded = msg === "isdbgrid";
		const standalone = setName === undefined && !sharded;
		this.#kind = { standalone, sharded };
		return this.#client.db(this.#name, {
			readConcern: new ReadConcern(standalone ? "local" : "majority"),
			writeConcern: { w: "majority", journal: true, wtimeoutMS: SILENT },
		});
	}
}

/** Attaches the cause for debugging, but does not quote it. */
const failed = (reason: string, cause: unknown): StoreUnavailable => Object.assign(new StoreUnavailable(reason), { cause });
