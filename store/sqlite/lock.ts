/**
 * Lock - the right to write to a file, waited for while others who have it write. One that keeps it and writes nothing (a process that is
 * stopped, a shell that was left open) cannot be robbed of it safely: whoever waits is told in bounded time who it is.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isBusy } from "./file.ts";

/** Milliseconds without a write after which whoever has the lock counts as holding it: half of what callers give, so they get an answer. */
const PATIENCE = 4000;
/** Milliseconds for which others who write all the time are waited for. */
const QUEUE = 10_000;
/** Milliseconds between two attempts: SQLite's own pauses grow to a hundred, and miss the moment between two writes of a busy holder. */
const RETRY_EVERY = 2;
/** The byte of the -shm file that SQLite locks for whoever writes. */
const WRITE_LOCK = 120;

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** The file has been locked for as long as it is waited for, and nothing was written meanwhile. */
export class Held extends Error {}

export class WriteLock {
	readonly #file: string;
	readonly #db: DatabaseSync;
	readonly #commits: StatementSync;
	/** What was last written when it was found to be held. */
	#heldAt: number | null = null;

	constructor(file: string, db: DatabaseSync) {
		this.#file = file;
		this.#db = db;
		this.#commits = db.prepare("PRAGMA data_version");
		db.exec("PRAGMA busy_timeout = 0");
	}

	/** Begins a transaction; throws Held, at once while the same holder is known to have written nothing since. */
	begin(): void {
		const begun = performance.now();
		for (let [seen, since] = [this.#heldAt ?? this.#version(), begun]; ;) {
			try {
				this.#db.exec("BEGIN IMMEDIATE");
				this.#heldAt = null;
				return;
			} catch (error) {
				if (!isBusy(error)) throw error;
				const version = this.#version();
				if (version !== seen && performance.now() - begun > QUEUE) throw error;
				if (version === seen && (this.#heldAt !== null || performance.now() - since > PATIENCE)) {
					this.#heldAt = version;
					throw new Held(`locked by ${holderOf(this.#file)}, and nothing is written to it`);
				}
				if (version !== seen) [seen, since, this.#heldAt] = [version, performance.now(), null];
			}
			Atomics.wait(PAUSE, 0, 0, RETRY_EVERY);
		}
	}

	/** Another one after each commit of another connection. */
	#version(): number {
		return Number(this.#commits.get()?.["data_version"]);
	}
}

/** Who else has a file of ours open, or null; one that is no database any more may be open all the same. */
export function userOf(file: string): string | null {
	if (!existsSync(file)) return null;
	const listed = lockedBy(file, () => true);
	if (listed !== null) return listed;
	const db = new DatabaseSync(file);
	try {
		db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK");
		return null;
	} catch (error) {
		return isBusy(error) ? SOMEBODY : null;
	} finally {
		db.close();
	}
}

const SOMEBODY = "another process";
const holderOf = (file: string): string => lockedBy(`${file}-shm`, (from, to) => from <= WRITE_LOCK && to >= WRITE_LOCK) ?? SOMEBODY;

/** Another process with such a lock on a file, by the list of the kernel: that knows those of this machine, or of this container, and there is one on Linux alone. */
function lockedBy(file: string, matches: (from: number, to: number) => boolean): string | null {
	try {
		const { ino } = statSync(file);
		const locks = readFileSync("/proc/locks", "utf8").matchAll(/ (?:READ|WRITE) +(\d+) [\da-f]+:[\da-f]+:(\d+) (\d+) (\d+)$/gm);
		const [, pid] =
			[...locks].find(
				([, by, inode, from, to]) => Number(inode) === ino && Number(by) !== process.pid && matches(Number(from), Number(to)),
			) ?? [];
		if (pid === undefined) return null;
		const stopped = /^\d+ \(.*\) [Tt] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
		return `process ${pid}${stopped ? ", which is stopped" : ""}`;
	} catch {
		return null;
	}
}
