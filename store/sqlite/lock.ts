/**
 * Lock - the write lock of a file, with a bounded wait. While other writers make progress, it waits longer. A holder that writes nothing (a
 * stopped process, an open shell) cannot safely be removed, so the error names that process.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isBusy } from "./file.ts";

/** Milliseconds without a write after which the lock counts as held; half the timeout of callers, so that they get an answer. */
const PATIENCE = 4000;
/** Maximum wait in milliseconds while other writers make progress. */
const QUEUE = 10_000;
/** Milliseconds between two attempts: SQLite's own delays grow to 100 ms and miss the short gaps between writes of a busy holder. */
const RETRY_EVERY = 2;
/** The byte of the -shm file that SQLite locks for the writer. */
const WRITE_LOCK = 120;

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** The file was locked for the whole wait, and nothing was written to it meanwhile. */
export class Held extends Error {}

export class WriteLock {
	readonly #file: string;
	readonly #db: DatabaseSync;
	readonly #commits: StatementSync;
	/** The data version at which the lock was found to be held; null if it is not. */
	#heldAt: number | null = null;

	constructor(file: string, db: DatabaseSync) {
		this.#file = file;
		this.#db = db;
		this.#commits = db.prepare("PRAGMA data_version");
		db.exec("PRAGMA busy_timeout = 0");
	}

	/** Begins a transaction. Throws Held; at once if the lock was held before and nothing has been written since. */
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

	/** Changes after each commit of another connection. */
	#version(): number {
		return Number(this.#commits.get()?.["data_version"]);
	}
}

/** Describes another process that has the file open, or null. It also works for a file that is no longer a database. */
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

/** Another process with a matching lock, from the kernel's list. The list exists only on Linux and covers this machine or container. */
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
