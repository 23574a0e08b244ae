/**
 * Log - the contract that every event store implements. Each context has one log, which is divided into partitions. The positions of a
 * partition are 1, 2, 3 ... without a gap, and a commit becomes visible only after all commits before it.
 */
import type { KeyObject } from "node:crypto";

export interface RecordedFact {
	readonly type: string;
	readonly data: unknown;
}
/** The content of one commit. */
export interface Recorded {
	readonly facts: readonly RecordedFact[];
	readonly command: { readonly name: string; readonly id: string; readonly digest?: string };
	/** The actor or user that made the decision. */
	readonly by: string;
	/** Time of the decision, ISO-8601 UTC. */
	readonly at: string;
	/** For commands of processes: position of the fact that caused the command. */
	readonly cause?: string;
	/** Id of the request that this commit belongs to. */
	readonly trace?: string;
}

/** The facts of one decision, stored atomically. */
export interface Commit {
	/** 1, 2, 3 ... within its partition. */
	readonly position: number;
	/** `<service>-<id>` */
	readonly stream: string;
	/** Number of facts in the stream before this commit: the version that the decision was based on. */
	readonly version: number;
	/** The exact text that is stored, hashed and passed to followers; serialized once. */
	readonly body: string;
	/** Hash of the previous commit's hash and this commit's content (chain.ts). */
	readonly hash: string;
	/** The decoded body; cached by the first reader in this process. */
	recorded?: Recorded;
	/** The previous hash that this commit was verified against; cached by the first check in this process (chain.ts). */
	previous?: string;
	/** The keys of its sealed data, the context they belong to, and how many subjects were forgotten when it was decoded (codec.ts). */
	keys?: CommitKeys | undefined;
	log?: string;
	opened?: number | undefined;
}
/** Gives the keys with which the sealed data of a commit is opened. */
export interface CommitKeys {
	/** Null if it is destroyed, undefined if it was not fetched. */
	of(subject: string): KeyObject | null | undefined;
	/** Number of subjects that this process knows to be forgotten. */
	readonly forgettings: number;
}

/** A place in a partition: a position and the hash of the commit at that position. */
export interface Tail {
	readonly position: number;
	readonly hash: string;
}
/** The place before the first commit. */
export const BEGINNING: Tail = { position: 0, hash: "" };
export const sameTail = (a: Tail, b: Tail): boolean => a.position === b.position && a.hash === b.hash;

/** A signed statement stored beside the commits: the chain had this hash at this position. */
export interface Head {
	/** `<log>:<partition>` */
	readonly partition: string;
	readonly position: number;
	readonly hash: string;
	/** Time of signing, ISO-8601 UTC. */
	readonly at: string;
	/** Id of the signing key. */
	readonly key: string;
	/** Ed25519 signature of all fields above, base64url. */
	readonly signature: string;
}

/** Positions per range in which only the newest head of each key is kept; the chain connects it to the older ones. */
export const HEADS_EVERY = 1000;

export interface LogPartition {
	/** `<log>:<partition>`, the prefix of its positions in the API. */
	readonly name: string;
	/** Maximum number of commits in one append. */
	readonly maxBatch: number;
	/** Whether the writer reads a stream before it creates it; true where a read costs less than a refused batch. */
	readonly readsFirst: boolean;
	tail(): Promise<Tail>;
	/**
	 * Appends commits at `tail + 1` and nowhere else. Resolves to true when all are durable. After any other result, including a
	 * rejection, the outcome is unknown: the caller reads from its tail to find out.
	 */
	append(commits: readonly Commit[]): Promise<boolean>;
	/** Commits after a position, in order. The latest may be missing: a replaced primary can still answer with older data. */
	read(after: number, limit: number): Promise<Commit[]>;
	/** Whether a position that was read, or 0, is the last one. True proves that no later commit existed at some moment after the call. */
	endsAt(position: number): Promise<boolean>;
	/**
	 * Commits of several streams from their beginnings, at most `limit`, grouped by stream and in order. If the result has `limit` commits,
	 * its last stream may have more, and absent streams may exist. With fewer commits, absent streams do not exist.
	 */
	streams(names: readonly string[], limit: number): Promise<Commit[]>;
	/** The last commit of a stream with a lower `version` than this one, or null. */
	lastBefore(name: string, version: number): Promise<Commit | null>;
	/** Commits of one stream whose `version` is at least `from`, in order; empty for a stream that does not exist. */
	stream(name: string, from: number, limit: number): Promise<Commit[]>;
	/** Tests whether the log accepts writes, without changing its content; rejects if it does not. */
	probe?(): Promise<void>;
	/** Signed heads, ordered by position; one position can have heads of several keys. */
	heads(): Promise<Head[]>;
	/** Stores a head beside the commits; idempotent. Removes older heads of its key in the same range (HEADS_EVERY). */
	keepHead(head: Head): Promise<void>;
}

/** Whether a partition provably ends before a position. */
export async function endsBefore(log: LogPartition, position: number): Promise<boolean> {
	const tail = await log.tail();
	return tail.position < position && log.endsAt(tail.position);
}

/** Reports the progress of a copy, and aborts it. */
export interface CopyWatch {
	readonly advance: (done: number, total: number) => void;
	readonly signal: AbortSignal;
}

export interface LogStore {
	/** Id of the installation that owns this log; created with the store and changed only by a move. */
	installation(): Promise<string>;
	/** Assigns this store to another installation, at the beginning of a move. */
	adoptInstallation(id: string): Promise<void>;
	/** Resolves when the store answers; rejects with a one-line reason if it cannot be used. */
	ready?(): Promise<void>;
	/** Parts that are not of this system and could change its reads or writes, such as `the trigger t in events.db`. */
	foreign?(): Promise<readonly string[]>;
	/** Warnings for the operator; complete once the store is ready. */
	readonly warnings?: readonly string[];
	/** First damage found since the store was opened; it is permanent. */
	readonly damage?: string | null;
	/** Number of partitions by context, for all existing logs; creates none. */
	contexts(): Promise<ReadonlyMap<string, number>>;
	/** The partitions of a context's log, created if missing. Rejects with PartitionsFixed if their number is not `partitions`. */
	open(context: string, partitions?: number): Promise<readonly LogPartition[]>;
	/**
	 * Copies a snapshot of the store to a new file while others write, and resolves to the opened copy. Absent for databases with backup
	 * tools of their own.
	 */
	copyTo?(file: string, watch: CopyWatch): Promise<LogStore>;
	/** Whether an unfinished move has left this store incomplete. */
	moving(): Promise<boolean>;
	/** Marks the beginning or the end of a move into this store; durable when it resolves. */
	setMoving(moving: boolean): Promise<void>;
	close(): Promise<void>;
}

/** Thrown when a log is opened with a different number of partitions than it was created with. */
export class PartitionsFixed extends Error {}

/** Thrown when a store belongs to another installation than the caller. */
export class ForeignInstallation extends Error {
	constructor(what: string, theirs: string, ours: string) {
		super(`${what} belongs to the installation ${theirs}, not to ${ours}`);
	}
}

/** Thrown for a store with parts that this system did not make, before anything is written to it. */
export class ForeignParts extends Error {
	constructor(parts: readonly string[]) {
		const [shown, more] = [parts.slice(0, SHOWN).join(", "), parts.length - SHOWN];
		super(
			`the store holds ${shown}${more > 0 ? ` and ${more} more` : ""}, which this system did not make and which can change what it reads or writes: remove it, and prove the log with "npm run es -- verify --rows"`,
		);
	}
}
const SHOWN = 5;

/** Thrown for a store with an unfinished move, so that a partial log is not mistaken for a complete one. */
export class MoveBegun extends Error {
	constructor() {
		super(
			"a move to this store has not finished, so part of the logs is missing: run the same move again to resume it, or remove what is here",
		);
	}
}

/** The store could not be read or written; the command can be retried. */
export class StoreUnavailable extends Error {
	readonly code = "STORE_UNAVAILABLE";
	constructor(what: string, cause?: unknown) {
		super(`${what}${cause instanceof Error ? `: ${cause.message}` : ""}`, cause === undefined ? undefined : { cause });
		this.stack = `StoreUnavailable: ${this.message}`; // not a bug, so a stack trace would not help
	}
}

/** Another process holds the store, and the wait for it has used up the caller's timeout: an immediate retry does not help. */
export class StoreHeld extends StoreUnavailable {}

/** A stream exists but cannot be decoded; a retry does not help. */
export class StreamUnreadable extends Error {
	readonly code = "STREAM_UNREADABLE";
	constructor(what: string, cause?: unknown) {
		super(`${what} cannot be read${cause instanceof Error ? `: ${cause.message}` : ""}`, { cause });
	}
}

/** Thrown before a store with damaged files is opened; names the file and what the operator has to do. */
export class StoreDamaged extends Error {}

/** Converts any thrown value to an Error. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
