/**
 * Check - cheap checks of the files of a data folder at the start; each error says how to recover. They detect gross damage: no database,
 * emptied, truncated, or older than the rows made from it. Only a full verification of the log proves every commit.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MoveBegun, StoreDamaged, type Tail } from "../log.ts";
import { DataFile, faultOf } from "./file.ts";
import { hashAt, Misfit, tailsOf } from "./sample.ts";
import { assertLogSchema, assertRowsSchema } from "./schema.ts";
import { NUMBERED } from "./segments.ts";

/** The first bytes of every SQLite file. */
const MAGIC = "SQLite format 3\0";

/** The place up to which a read model or process was folded. */
interface Checkpoint extends Tail {
	readonly partition: string;
}

/**
 * Throws StoreDamaged if a file is damaged or the two do not belong together, StoreUnavailable if a file cannot be opened, and MoveBegun
 * after an unfinished move. A missing file is accepted. Other processes may write meanwhile: the rows are read first, so that the log,
 * which only grows, holds every commit they were made from.
 */
export function checkFiles(events: string, rows: string): void {
	const [log, models] = [basename(events), basename(rows)];
	const anew = `move ${models}, its -wal and its -shm away and start again: it is rebuilt from ${log}`;
	const back = `Put back a copy of it, with its -wal if the copy has one, and prove it with "npm run es -- verify"`;
	if (!sizeOf(events) && sizeOf(`${events}-wal`)) throw new StoreDamaged(`${log} is empty or missing, but ${log}-wal is there. ${back}`); // SQLite would delete the -wal
	const checkpoints = looked(rows, `To continue, ${anew}`, checkpointsOf) ?? [];
	const found = looked(events, back, (db) => ({ tails: wholeTailsOf(db), hashes: checkpoints.map((at) => hashAt(db, at)) }));
	for (const [i, { partition, position, hash }] of checkpoints.entries()) {
		const tail = found?.tails.get(partition) ?? 0;
		if (position > tail)
			throw new StoreDamaged(
				`${log} ends at ${partition}:${tail}, but ${models} was made from ${partition}:${position}: commits are missing. Put back the latest copy of ${log}, with its -wal if the copy has one; if this is the latest, what came after it is lost: ${anew}`,
			);
		if (found?.hashes[i] !== hash)
			throw new StoreDamaged(
				`${models} was made from another history than ${log} holds: ${partition}:${position} is not the commit it was made from. If ${log} is the right one, ${anew}; else put back the ${log} it belongs to`,
			);
	}
}

function wholeTailsOf(db: DatabaseSync): ReadonlyMap<string, number> {
	assertLogSchema(db);
	const moves = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'moves'").get();
	if (moves && db.prepare("SELECT 1 FROM moves").get()) throw new MoveBegun();
	return tailsOf(db);
}
/** The checkpoints of all read models and processes. */
function checkpointsOf(db: DatabaseSync): readonly Checkpoint[] {
	const outdated = db
		.prepare(
			`SELECT name FROM sqlite_schema WHERE type = 'table' AND (name GLOB 'rows_*' AND sql GLOB 'CREATE TABLE ["r]*' AND instr(sql, ?) = 0 OR name = 'checkpoints' AND instr(sql, 'hash') = 0)`,
		)
		.get(NUMBERED);
	if (outdated) throw new Misfit(`${String(outdated["name"])} is as an earlier version made it`);
	assertRowsSchema(db);
	if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'").get() === undefined) return [];
	const rows = db.prepare("SELECT DISTINCT partition, position, hash FROM checkpoints WHERE position > 0 ORDER BY position").all();
	return rows.map(({ partition, position, hash }) => ({ partition: String(partition), position: Number(position), hash: String(hash) }));
}

/** The result of `look` on one snapshot of a file, or null without a file. Errors end with `wayOut`. */
function looked<T>(file: string, wayOut: string, look: (db: DatabaseSync) => T): T | null {
	for (const part of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(part)) accessible(part);
	if (!sizeOf(file)) return null;
	if (!isDatabase(file)) throw new StoreDamaged(`${basename(file)} is not a database. ${wayOut}`);
	let db: DatabaseSync | null = null;
	try {
		db = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
		db.exec("BEGIN"); // all queries see the same snapshot
		return look(db);
	} catch (error) {
		if (error instanceof MoveBegun) throw error;
		const fault = faultOf(error);
		if (!(error instanceof Misfit) && !fault.damaged) throw new DataFile(file).failed(fault);
		throw new StoreDamaged(`${basename(file)} is damaged (${fault.reason}). ${wayOut}`);
	} finally {
		db?.close();
	}
}

function accessible(file: string): void {
	try {
		accessSync(file, constants.R_OK | constants.W_OK);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException; // node:fs throws only these
		throw new DataFile(file).failed({ reason: `it cannot be read and written (${String(code)})`, damaged: false });
	}
}

function isDatabase(file: string): boolean {
	const head = Buffer.alloc(MAGIC.length);
	const handle = openSync(file, "r");
	try {
		readSync(handle, head);
	} finally {
		closeSync(handle);
	}
	return head.toString("latin1") === MAGIC;
}
/** Null if the file does not exist. */
const sizeOf = (file: string): number | null => statSync(file, { throwIfNoEntry: false })?.size ?? null;
