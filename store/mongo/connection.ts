/**
 * Connection - one client of a MongoDB, with what the laws rest on stated once: a write is acknowledged by a majority and on its
 * disks, a read comes from the primary and from what a majority has. Whatever goes wrong comes out as StoreUnavailable.
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
import { reasonOf } from "./errors.ts";

/** Where the URL names no database. */
const DATABASE = "vigie";
/** How long a server is looked for, and how long one that was found may be silent, in milliseconds. */
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
/** What a server is told to give up after, where it could wait for a majority for ever: before we give up on the server. */
const WAITS = 3000;
const STANDALONE =
	"MONGO_URL is a standalone server: if it crashes, what others have read in its last moment may be gone; a replica set, even of one member, keeps it";

/** What is known of a deployment: members whose majority counts, and routers in front of several such sets. */
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

	constructor(url: string) {
		try {
			this.#client = new MongoClient(url, OPTIONS);
		} catch (error) {
			throw new StoreUnavailable("MONGO_URL makes no sense", error);
		}
		this.#client.on("serverDescriptionChanged", ({ previousDescription, newDescription }) => {
			if (previousDescription.type !== newDescription.type) this.#database = null; // it may be another kind of server than before
		});
		this.#name = /^[^/]+\/\/[^/]+\/([^?]+)/.exec(url)?.[1] ?? DATABASE;
	}

	/** What the operator should know, once the server is known. */
	get warnings(): readonly string[] {
		return this.#kind.standalone ? [STANDALONE] : [];
	}
	/** Whether a collection may be spread over servers, once the server is known. */
	get sharded(): boolean {
		return this.#kind.sharded;
	}
	/**
	 * Options of a read, of one document by its `_id`, that no primary answers that has been replaced and has not noticed
	 * (docs/decisions/0019-a-look-is-linearizable.md); once the server is known. A server alone is replaced by nobody.
	 */
	get proven(): FindOptions {
		return this.#kind.standalone ? {} : { readConcern: ReadConcernLevel.linearizable, maxTimeMS: WAITS };
	}

	/** Resolves when the server answers this user; says what is missing when it does not. */
	async ready(): Promise<void> {
		try {
			const database = await this.#open();
			await database.collection("logs").findOne({});
		} catch (error) {
			const { hosts, srvHost } = this.#client.options;
			const where = `MONGO_URL, database "${this.#name}" at ${srvHost ?? hosts.map(String).join(",")}`;
			throw failed(`${where}: ${reasonOf(error)} (${asError(error).message})`, error);
		}
	}

	/** One question to the database. */
	async ask<T>(question: (database: Db) => Promise<T>): Promise<T> {
		if (this.#closed) throw new StoreUnavailable("MongoDB: the connection is closed");
		try {
			return await question(await this.#open());
		} catch (error) {
			throw error instanceof StoreUnavailable ? error : failed(`MongoDB: ${reasonOf(error)}`, error);
		}
	}
	/** The same of one collection. */
	in<D extends Document, T>(name: string, question: (collection: Collection<D>) => Promise<T>): Promise<T> {
		return this.ask((database) => question(database.collection<D>(name)));
	}

	async close(): Promise<void> {
		this.#closed = true;
		await this.#client.close();
	}

	/** What failed is tried again with the next question. */
	#open(): Promise<Db> {
		this.#database ??= this.#meet().catch((error: unknown) => {
			this.#database = null;
			throw error;
		});
		return this.#database;
	}

	/** A standalone server has no majority whose view could be read. */
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

/** The cause is kept for whoever looks for it, but not quoted. */
const failed = (reason: string, cause: unknown): StoreUnavailable => Object.assign(new StoreUnavailable(reason), { cause });
