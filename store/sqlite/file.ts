/** File - how every SQLite file of the stores is opened, and how its errors are reported. */
import { closeSync, openSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreHeld, StoreUnavailable } from "../log.ts";
import { isMended, isShared, narrow, reportOf } from "../private.ts";

/** Milliseconds a statement waits for another process on the same file. */
const BUSY = 10_000;
/** Milliseconds between two attempts of the one statement for which SQLite itself does not wait. */
const RETRY_EVERY = 10;

/** Size of the write-ahead log, in pages, at which a writer copies it into the file if the WAL copier has not. */
const CHECKPOINT_PAGES = 32_000;
/** Bytes to which a larger write-ahead log is truncated when it restarts; a long read can make it grow. */
const LARGEST_LOG = 128 * 1024 * 1024;

/**
 * How a file is opened. FULL: every commit is flushed to the disk. NORMAL: flushed at checkpoints, for rows that can be rebuilt. read: read
 * only. secret: like FULL, and deleted content is overwritten.
 */
export type Mode = "FULL" | "NORMAL" | "read" | "secret";

/** Opens a file, and creates it if the mode writes; safe while other processes and threads do the same. All connections come from here. */
export function openDatabase(path: string, mode: Mode): DatabaseSync {
	const db = new DatabaseSync(path, { readOnly: mode === "read", timeout: BUSY });
	if (mode === "read") return db;
	try {
		useWal(db);
		db.exec(
			`PRAGMA synchronous = ${mode === "NORMAL" ? mode : "FULL"}; PRAGMA secure_delete = ${mode === "secret" ? "ON" : "OFF"}; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${LARGEST_LOG}`,
		);
		return db;
	} catch (error) {
		db.close();
		throw error;
	}
}

/**
 * Switching a file to WAL first reads it and then needs exclusive access. SQLite does not wait in the second step, because two such
 * connections would deadlock. So this function releases the file and retries.
 */
function useWal(db: DatabaseSync): void {
	const late = performance.now() + BUSY;
	for (;;) {
		try {
			if (text(db, "journal_mode") === "wal") return;
			if (text(db, "page_count") === "0") db.exec("PRAGMA journal_mode = MEMORY"); // an empty file needs no rollback, and a kill leaves no journal file
			return db.exec("PRAGMA journal_mode = WAL");
		} catch (error) {
			if (!isBusy(error) || performance.now() > late) throw error;
		}
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_EVERY);
	}
}
const text = (db: DatabaseSync, pragma: string): string => String(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);

/** SQLITE_BUSY: another connection holds the file. */
const LOCKED = 5;
export const isBusy = (error: unknown): boolean => error instanceof Error && (codeOf(error) & 0xff) === LOCKED;
/** SQLite's error code; zero for other errors. */
const codeOf = (error: Error): number => (error as { errcode?: number }).errcode ?? 0; // node:sqlite's own field

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = [11, 26];

/** An error of a file, as a worker sends it to its caller. */
export interface Fault {
	readonly reason: string;
	/** Whether the content is damaged, rather than the file full, locked or missing. */
	readonly damaged: boolean;
	/** Whether another process still holds the file after the wait. */
	readonly held?: boolean;
}

/** SQLite's message, with the extended code where there is one: a full and a broken disk can both be an "I/O error". */
export function faultOf(error: unknown): Fault {
	if (!(error instanceof Error)) return { reason: String(error), damaged: false };
	if (error instanceof SyntaxError) return { reason: "a row is not JSON", damaged: true }; // the error itself quotes the row
	const errcode = codeOf(error);
	return { reason: errcode > 0xff ? `${error.message} (SQLite ${errcode})` : error.message, damaged: DAMAGED.includes(errcode & 0xff) };
}

/** A file of a store, shared by all connections of this process. */
export class DataFile {
	readonly path: string;
	/** First damage found since the file was opened; it is permanent. */
	damage: string | null = null;

	constructor(path: string) {
		this.path = path;
	}
	/**
	 * Restricts the file to its owner, and reports changed modes. SQLite gives its side files the mode of the database file, so a new one is
	 * created here first. Must run before the file is opened: closing another handle would release SQLite's locks.
	 */
	closeToOthers(): string[] {
		try {
			closeSync(openSync(this.path, "wx", 0o600));
		} catch {
			// the file exists, or SQLite reports why it cannot be created
		}
		const shared = isShared(dirname(this.path));
		return reportOf(["", "-wal", "-shm", "-journal"].map((end) => narrow(`${this.path}${end}`, shared)).filter(isMended));
	}
	/** Clients see this message, so it names the file without its folder. */
	failed({ reason, damaged, held = false }: Fault): StoreUnavailable {
		const said = `${basename(this.path)}: ${reason}`;
		if (damaged) this.damage ??= said;
		return held ? new StoreHeld(said) : new StoreUnavailable(said);
	}
	/** A part of this file, for operators. */
	holding(part: string): string {
		return `${part} in ${basename(this.path)}`;
	}
	/** Runs a read, and converts errors of SQLite or of a row's JSON to StoreUnavailable. */
	reading<T>(read: () => T): T {
		try {
			return read();
		} catch (error) {
			throw this.failed(faultOf(error));
		}
	}
}

/**
 * Detects that an open file was moved or deleted. Such a file still accepts writes, but they are lost when the process ends.
 */
export class Presence {
	readonly #seen = new Map<string, number>();
	readonly #files: readonly string[];

	/** Right after the file was opened. */
	constructor(file: string) {
		this.#files = [file, `${file}-wal`];
		this.check();
	}

	/** Throws if a file is missing or was replaced; accepts a file seen for the first time. */
	check(): void {
		for (const file of this.#files) {
			const number = statSync(file, { throwIfNoEntry: false })?.ino;
			if (number !== (this.#seen.get(file) ?? number)) throw new Error(`${basename(file)} was moved or deleted while it was open`);
			if (number !== undefined) this.#seen.set(file, number);
		}
	}
}
