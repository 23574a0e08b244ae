/** Keys - the key store on MongoDB: a database of its own, so that backups of the log and the rows do not contain the keys. */
import type { Tail } from "../log.ts";
import type { Checkpoints } from "../rows.ts";
import type { KeptKey, KeyStore } from "../vault/key-store.ts";
import type { MongoAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import { isDuplicate, settled } from "./errors.ts";
import { foreignIn, OF_KEYS } from "./schema.ts";

interface StoredKey {
	readonly _id: string;
	readonly master: string;
	readonly wrapped: string | null;
}
interface StoredProgress extends Tail {
	readonly _id: string;
}
const KEYS = "keys";
const PROGRESS = "progress";

export class MongoKeyStore implements KeyStore {
	readonly #connection: Connection;

	/** Connects with the first operation. `suffix`: added to the name of the database in the URL. */
	constructor(at: string | MongoAddress, suffix = "") {
		this.#connection = new Connection(at, suffix);
	}
	/** Rejects with a one-line reason if the server cannot be used. */
	ready(): Promise<void> {
		return this.#connection.ready();
	}

	foreign(): Promise<readonly string[]> {
		return foreignIn(this.#connection, OF_KEYS);
	}

	async find(subjects: readonly string[]): Promise<ReadonlyMap<string, KeptKey>> {
		const found = await this.#connection.in<StoredKey, StoredKey[]>(KEYS, (keys) => keys.find({ _id: { $in: [...subjects] } }).toArray());
		return new Map(found.map((stored) => [stored._id, keyOf(stored)]));
	}
	/** Unordered: a key that exists refuses only its own insert. */
	async keep(all: readonly KeptKey[]): Promise<void> {
		const documents = all.map(({ subject, master, wrapped }) => ({ _id: subject, master, wrapped }));
		await this.#connection.in<StoredKey, unknown>(KEYS, (keys) =>
			keys.insertMany(documents, { ordered: false }).catch((error: unknown) => (isDuplicate(error) ? null : Promise.reject(error))),
		);
	}
	async destroy(subjects: readonly string[]): Promise<void> {
		const nothing = { $set: { master: "", wrapped: null } };
		await this.#connection.in<StoredKey, unknown>(KEYS, async (keys) => {
			for (const subject of subjects) await settled(() => keys.updateOne({ _id: subject }, nothing, { upsert: true }));
		});
	}
	async page(after: string, limit: number): Promise<readonly KeptKey[]> {
		const found = await this.#connection.in<StoredKey, StoredKey[]>(KEYS, (keys) =>
			keys
				.find({ _id: { $gt: after } })
				.sort({ _id: 1 })
				.limit(limit)
				.toArray(),
		);
		return found.map(keyOf);
	}
	async rewrap(changes: Parameters<KeyStore["rewrap"]>[0]): Promise<void> {
		await this.#connection.in<StoredKey, unknown>(KEYS, (keys) =>
			Promise.all(
				changes.map(({ before, after: { subject, master, wrapped } }) =>
					keys.updateOne({ _id: subject, wrapped: before.wrapped }, { $set: { master, wrapped } }),
				),
			),
		);
	}

	async progress(): Promise<Checkpoints> {
		const found = await this.#connection.in<StoredProgress, StoredProgress[]>(PROGRESS, (all) => all.find({}).toArray());
		return Object.fromEntries(found.map(({ _id, position, hash }) => [_id, { position, hash }]));
	}
	async advance(partition: string, { position, hash }: Tail): Promise<void> {
		await this.#connection.in<StoredProgress, unknown>(PROGRESS, (all) =>
			settled(() => all.updateOne({ _id: partition }, { $set: { position, hash } }, { upsert: true })),
		);
	}
	close(): Promise<void> {
		return this.#connection.close();
	}
}

const keyOf = ({ _id, master, wrapped }: StoredKey): KeptKey => ({ subject: _id, master, wrapped });
