/**
 * KeyStore - the contract of every store of data keys. It is separate from logs and rows, so that destroying one key here makes everything
 * sealed under it unreadable. It holds only wrapped keys, and how far the logs were searched for subjects to forget.
 */
import type { Checkpoints } from "../rows.ts";
import type { Tail } from "../log.ts";

/** The key of one subject, as it is stored. */
export interface KeptKey {
	readonly subject: string;
	/** The data key, wrapped by the master key with this id; null once it is destroyed. */
	readonly wrapped: string | null;
	/** Id of the master key; empty once it is destroyed. */
	readonly master: string;
}

export interface KeyStore {
	/** Resolves when the store answers; rejects with a one-line reason if it cannot be used. */
	ready?(): Promise<void>;
	/** Parts that are not of this system and could change its reads or writes, such as `the trigger t in keys.db`. */
	foreign?(): Promise<readonly string[]>;
	/** Warnings for the operator; complete once the store is ready. */
	readonly warnings?: readonly string[];
	/** The keys of these subjects; the map omits subjects that never had one. */
	find(subjects: readonly string[]): Promise<ReadonlyMap<string, KeptKey>>;
	/** Adds keys, except for subjects that have one or had one; durable when it resolves. */
	keep(keys: readonly KeptKey[]): Promise<void>;
	/** Destroys the keys of these subjects permanently, also of subjects that have none yet; durable when it resolves. */
	destroy(subjects: readonly string[]): Promise<void>;
	/** All keys after a subject, ordered by subject. */
	page(after: string, limit: number): Promise<readonly KeptKey[]>;
	/** Replaces wrapped keys, each only if it is still as it was before. */
	rewrap(changes: readonly { readonly before: KeptKey; readonly after: KeptKey }[]): Promise<void>;
	/** The place in each partition up to which subjects were forgotten. */
	progress(): Promise<Checkpoints>;
	advance(partition: string, to: Tail): Promise<void>;
	close(): Promise<void>;
}
