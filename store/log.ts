/**
 * Log - the contract every event store keeps. One log per context, cut into partitions; in a partition positions run 1, 2, 3 ...
 * with no hole, and a commit becomes visible only after all before it.
 */

export interface RecordedFact {
	readonly type: string;
	readonly data: unknown;
}
/** What one commit says. */
export interface Recorded {
	readonly facts: readonly RecordedFact[];
	readonly command: { readonly name: string; readonly id: string; readonly digest?: string };
	/** Who decided. */
	readonly by: string;
	/** When, ISO-8601 UTC. */
	readonly at: string;
	/** The position of the fact it follows from, for commands of processes. */
	readonly cause?: string;
	/** The request it belongs to. */
	readonly trace?: string;
}

/** The facts of one decision, atomic. */
export interface Commit {
	/** 1, 2, 3 ... in its partition. */
	readonly position: number;
	/** `<service>-<id>` */
	readonly stream: string;
	/** Facts in the stream before this commit: the version the decision was made on. */
	readonly version: number;
	/** The exact text that is stored, hashed and handed to followers; made once. */
	readonly body: string;
	/** Over the previous commit's hash and this one's content (chain.ts). */
	readonly hash: string;
	/** The body, decoded; cached by the first reader in this process. */
	recorded?: Recorded;
	/** The hash this commit was found to chain onto; cached by the first check in this process (chain.ts). */
	previous?: string;
}

/** A place in a partition: a position and the hash of the commit that stands there. */
export interface Tail {
	readonly position: number;
	readonly hash: string;
}
/** The place before the first commit. */
export const BEGINNING: Tail = { position: 0, hash: "" };
export const sameTail = (a: Tail, b: Tail): boolean => a.position === b.position && a.hash === b.hash;

/** A signed statement, kept beside the commits: at this position the chain stood at this hash. */
export interface Head {
	/** `<log>:<partition>` */
	readonly partition: string;
	readonly position: number;
	readonly hash: string;
	/** When it was signed, ISO-8601 UTC. */
	readonly at: string;
	/** Id of the key that signed it. */
	readonly key: string;
	/** Ed25519 over all of the above, base64url. */
	readonly signature: string;
}

/** Of one key's heads in so many positions the newest is kept: the chain leads from it to all the others. */
export const HEADS_EVERY = 1000;

export interface LogPartition {
	/** `<log>:<partition>`, the prefix of its positions outside. */
	readonly name: string;
	/** Commits one append may carry. */
	readonly maxBatch: number;
	/** Whether a creation is looked up before it is tried: where a read costs less than a refused batch. */
	readonly readsFirst: boolean;
	tail(): Promise<Tail>;
	/**
	 * Appends at `tail + 1` and only there: true when all are durable. Anything else, a rejection too, says nothing: the caller
	 * reads from its tail on and sees.
	 */
	append(commits: readonly Commit[]): Promise<boolean>;
	/** Commits after a position, in order; not always the latest: a server that was replaced may not know it yet. */
	read(after: number, limit: number): Promise<Commit[]>;
	/** Whether a position that was read, or 0, is the last one. True is proof: nothing stood after it at a moment after the question. */
	endsAt(position: number): Promise<boolean>;
	/**
	 * Commits of several streams from their beginnings, at most `limit`; those of one stream together and in order. Where there are that
	 * many, the last stream given may have more, and nothing is said of those that are absent; else they do not exist.
	 */
	streams(names: readonly string[], limit: number): Promise<Commit[]>;
	/** The last commit of a stream that was decided on a version before this one; null where there is none. */
	lastBefore(name: string, version: number): Promise<Commit | null>;
	/** Commits of one stream from a version on (the one a decision was made on), in order; nothing for one that does not exist. */
	stream(name: string, from: number, limit: number): Promise<Commit[]>;
	/** Writes and changes nothing: resolves when the log can be written. */
	probe?(): Promise<void>;
	/** Signed heads, by position; several of one position are several keys'. */
	heads(): Promise<Head[]>;
	/** Keeps a head beside the commits; the same once more changes nothing. Older ones of its key go (HEADS_EVERY). */
	keepHead(head: Head): Promise<void>;
}

/** Whether a partition ends before a position, proven. */
export async function endsBefore(log: LogPartition, position: number): Promise<boolean> {
	const tail = await log.tail();
	return tail.position < position && log.endsAt(tail.position);
}

/** Watches a copy, and ends it. */
export interface CopyWatch {
	readonly advance: (done: number, total: number) => void;
	readonly signal: AbortSignal;
}

export interface LogStore {
	/** Id of the installation whose log this is; made with the store, and never changed but by a move. */
	installation(): Promise<string>;
	/** A move fills this store: it is the log of that installation from now on. */
	adoptInstallation(id: string): Promise<void>;
	/** Resolves once the store answers; rejects with one clear line of what it lacks. */
	ready?(): Promise<void>;
	/** What an operator should know of it, once it is ready. */
	readonly warnings?: readonly string[];
	/** What was found damaged in it since it was opened; that does not pass. */
	readonly damage?: string | null;
	/** The contexts that have a log here, with its number of partitions; makes none. */
	contexts(): Promise<ReadonlyMap<string, number>>;
	/** The partitions of a context's log, created when it is new. `partitions`: that many, or PartitionsFixed. */
	open(context: string, partitions?: number): Promise<readonly LogPartition[]>;
	/**
	 * Copies all of it, as it is at one moment, to a new file while others write, and resolves to the copy, opened. Missing where a store is
	 * backed up by means of its own.
	 */
	copyTo?(file: string, watch: CopyWatch): Promise<LogStore>;
	/** Whether a move fills this store and has not come to its end: what is here is a part of something. */
	moving(): Promise<boolean>;
	/** A move begins to fill this store, or has ended; durable when it resolves. */
	setMoving(moving: boolean): Promise<void>;
	close(): Promise<void>;
}

/** Thrown when a log is opened with another number of partitions than it was created with. */
export class PartitionsFixed extends Error {}

/** Thrown for a store that belongs to another installation than the one it is to be used for. */
export class ForeignInstallation extends Error {
	constructor(what: string, theirs: string, ours: string) {
		super(`${what} belongs to the installation ${theirs}, not to ${ours}`);
	}
}

/** Thrown for a store that a move has begun to fill and not finished: a part must not be taken for the whole. */
export class MoveBegun extends Error {
	constructor() {
		super("a move to here has not ended, so a part of the logs is missing: run the same move again, which goes on, or remove what is here");
	}
}

/** The store could not be read or written; the command may be tried again. */
export class StoreUnavailable extends Error {
	readonly code = "STORE_UNAVAILABLE";
	constructor(what: string, cause?: unknown) {
		super(`${what}${cause instanceof Error ? `: ${cause.message}` : ""}`, cause === undefined ? undefined : { cause });
		this.stack = `StoreUnavailable: ${this.message}`; // no bug of ours: there is nothing to be found in our code
	}
}

/** Another process holds the store, and was waited for as long as whoever asks may wait: to try again at once is no use. */
export class StoreHeld extends StoreUnavailable {}

/** A stream stands in the log, but nobody understands what it says: no second try will. */
export class StreamUnreadable extends Error {
	readonly code = "STREAM_UNREADABLE";
	constructor(what: string, cause?: unknown) {
		super(`${what} cannot be read${cause instanceof Error ? `: ${cause.message}` : ""}`, { cause });
	}
}

/** Thrown before a store is opened whose files are not as they were left; says which file, and what to do with it. */
export class StoreDamaged extends Error {}

/** Whatever was thrown, as an error. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
