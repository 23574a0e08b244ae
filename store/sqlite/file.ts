/** What every SQLite file of ours has in common: how it is opened, and how it says what went wrong. */
import { statSync } from "node:fs";
import { basename } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailable } from "../log.ts";

/** How long another process on the same file is waited for, in milliseconds. */
const BUSY = 10_000;

/** Pages the write-ahead log may grow to before whoever writes copies it into the file, where nobody did beside. */
const CHECKPOINT_PAGES = 32_000;

/** WAL, and on the disk when acknowledged (FULL) or at the latest checkpoint (NORMAL, for what a log can give again). */
export function settle(db: DatabaseSync, durability: "FULL" | "NORMAL"): DatabaseSync {
	db.exec(
		`PRAGMA busy_timeout = ${BUSY}; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
	);
	return db;
}

/** SQLite's numbers for what is no whole database, and for what is none at all. */
const DAMAGED = [11, 26];

/** What went wrong with a file; goes from a worker to whoever asked it. */
export interface Fault {
	readonly reason: string;
	/** Not full or locked or away: what is in it is not what was written. */
	readonly damaged: boolean;
}

/** SQLite's own words, with its number where they say little: a full disk and a broken one are both an "I/O error" at times. */
export function faultOf(error: unknown): Fault {
	if (!(error instanceof Error)) return { reason: String(error), damaged: false };
	if (error instanceof SyntaxError) return { reason: "a row is no JSON", damaged: true }; // the error itself quotes the row
	const { errcode = 0 } = error as { errcode?: number }; // node:sqlite's own field
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
	/** Named without its folder, for clients read it too. */
	failed({ reason, damaged }: Fault): StoreUnavailable {
		const said = `${basename(this.path)}: ${reason}`;
		if (damaged) this.damage ??= said;
		return new StoreUnavailable(said);
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

	constructor(file: string) {
		this.#files = [file, `${file}-wal`];
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
