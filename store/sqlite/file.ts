/** What every SQLite file of ours has in common: how it is opened, and how it says what went wrong. */
import { closeSync, openSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreHeld, StoreUnavailable } from "../log.ts";
import { isShared, narrow, reportOf } from "../private.ts";

/** Milliseconds a statement waits for another process on the same file. */
const BUSY = 10_000;
/** Milliseconds between two attempts of the one statement SQLite itself does not wait with. */
const RETRY_EVERY = 10;

/** Pages the write-ahead log may grow to before whoever writes copies it into the file, where nobody did beside. */
const CHECKPOINT_PAGES = 32_000;
/** Bytes that are left of a log which grew beyond that, because a reader held it, once it begins anew. */
const LARGEST_LOG = 128 * 1024 * 1024;

/** How a file is opened: written, and on the disk when acknowledged (FULL) or at the latest checkpoint (NORMAL, for what a log can give again), or only read. */
export type Mode = "FULL" | "NORMAL" | "read";

/** Opens a file, and makes it if it is to be written; safe while other processes and threads do the same. Every connection of ours comes from here. */
export function openDatabase(path: string, mode: Mode): DatabaseSync {
	const db = new DatabaseSync(path, { readOnly: mode === "read", timeout: BUSY });
	if (mode === "read") return db;
	try {
		useWal(db);
		db.exec(
			`PRAGMA synchronous = ${mode}; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${LARGEST_LOG}`,
		);
		return db;
	} catch (error) {
		db.close();
		throw error;
	}
}

/**
 * Switching a file to WAL reads it first and then needs it alone. SQLite does not wait in that second step, because two connections that
 * do would wait for each other: each lets go here, and tries again.
 */
function useWal(db: DatabaseSync): void {
	const late = performance.now() + BUSY;
	for (;;) {
		try {
			if (text(db, "journal_mode") === "wal") return;
			if (text(db, "page_count") === "0") db.exec("PRAGMA journal_mode = MEMORY"); // nothing to roll back to; a journal that a kill leaves would have to be
			return db.exec("PRAGMA journal_mode = WAL");
		} catch (error) {
			if (!isBusy(error) || performance.now() > late) throw error;
		}
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_EVERY);
	}
}
const text = (db: DatabaseSync, pragma: string): string => String(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);

/** SQLite's number for a file that another connection holds. */
const LOCKED = 5;
export const isBusy = (error: unknown): boolean => error instanceof Error && (codeOf(error) & 0xff) === LOCKED;
/** Zero for an error that is not SQLite's. */
const codeOf = (error: Error): number => (error as { errcode?: number }).errcode ?? 0; // node:sqlite's own field

/** SQLite's numbers for what is no whole database, and for what is none at all. */
const DAMAGED = [11, 26];

/** What went wrong with a file; goes from a worker to whoever asked it. */
export interface Fault {
	readonly reason: string;
	/** Not full or locked or away: what is in it is not what was written. */
	readonly damaged: boolean;
	/** By another process, which was waited for. */
	readonly held?: boolean;
}

/** SQLite's own words, with its number where they say little: a full disk and a broken one are both an "I/O error" at times. */
export function faultOf(error: unknown): Fault {
	if (!(error instanceof Error)) return { reason: String(error), damaged: false };
	if (error instanceof SyntaxError) return { reason: "a row is no JSON", damaged: true }; // the error itself quotes the row
	const errcode = codeOf(error);
	return { reason: errcode > 0xff ? `${error.message} (SQLite ${errcode})` : error.message, damaged: DAMAGED.includes(errcode & 0xff) };
}

/** A file of the store, by all who have it open in this process. */
export class DataFile {
	readonly path: string;
	/** What was found damaged since it was opened: that does not pass. */
	damage: string | null = null;

	constructor(path: string) {
		this.path = path;
	}
	/**
	 * Leaves it to its owner alone, and reports what was open to others. SQLite gives what it makes beside a file the mode of that file, so a
	 * new one is made here first; only before it is opened, for closing it once more would take away SQLite's locks on it.
	 */
	closeToOthers(): string[] {
		try {
			closeSync(openSync(this.path, "wx", 0o600));
		} catch {
			// it is there, or cannot be made: then SQLite says why
		}
		const shared = isShared(dirname(this.path));
		return reportOf(["", "-wal", "-shm"].map((end) => narrow(`${this.path}${end}`, shared)));
	}
	/** Named without its folder, for clients read it too. */
	failed({ reason, damaged, held = false }: Fault): StoreUnavailable {
		const said = `${basename(this.path)}: ${reason}`;
		if (damaged) this.damage ??= said;
		return held ? new StoreHeld(said) : new StoreUnavailable(said);
	}
	/** Reads; what SQLite or the text of a row says against it is the store's failure. */
	reading<T>(read: () => T): T {
		try {
			return read();
		} catch (error) {
			throw this.failed(faultOf(error));
		}
	}
}

/**
 * Whether a file that is open is still the one that stands there. One that was moved or deleted takes writes as before, and they
 * are gone with the process.
 */
export class Presence {
	readonly #seen = new Map<string, number>();
	readonly #files: readonly string[];

	/** Right after the file was opened. */
	constructor(file: string) {
		this.#files = [file, `${file}-wal`];
		this.check();
	}

	/** Throws when one is gone or another; a file not seen before is taken as it is. */
	check(): void {
		for (const file of this.#files) {
			const number = statSync(file, { throwIfNoEntry: false })?.ino;
			if (number !== (this.#seen.get(file) ?? number)) throw new Error(`${basename(file)} was moved or deleted while it was open`);
			if (number !== undefined) this.#seen.set(file, number);
		}
	}
}
