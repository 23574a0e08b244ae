/**
 * Schema - the tables of both files, and a check that a file contains nothing else: a foreign trigger or view would run with every write.
 */
import type { DatabaseSync } from "node:sqlite";
import { Misfit } from "./sample.ts";

const table = (name: string, columns: string): string => `CREATE TABLE ${name} (${columns}) STRICT`;

/** Tables of the log file, in addition to one table per partition. */
export const LOG_TABLES = [
	table("logs", "name TEXT PRIMARY KEY, partitions INTEGER NOT NULL"),
	`${table("heads", "partition TEXT NOT NULL, position INTEGER NOT NULL, hash TEXT NOT NULL, at TEXT NOT NULL, key TEXT NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (partition, position, key)")}, WITHOUT ROWID`,
	table("room", "id INTEGER PRIMARY KEY, filler BLOB NOT NULL"),
	table("moves", "id INTEGER PRIMARY KEY"),
	table("installation", "id TEXT NOT NULL"),
] as const;
/** The table of one partition; `name` is quoted. */
export const partitionTable = (name: string): string =>
	table(
		name,
		"position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (stream, version)",
	);

/** The same statement with IF NOT EXISTS. */
export const unlessThere = (sql: string): string => sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS");

interface Entry {
	readonly type: unknown;
	readonly name: unknown;
	readonly sql: unknown;
}
const entriesOf = (db: DatabaseSync): readonly Entry[] =>
	db.prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'").all() as unknown as Entry[]; // rows of SQLite's own catalog

/** Throws Misfit unless the file holds exactly the tables of a log, with identical statements. */
export function assertLogSchema(db: DatabaseSync): void {
	for (const { type, name, sql } of entriesOf(db)) {
		const own = /^log_[a-z][a-z\d-]*_\d+$/.test(String(name))
			? partitionTable(`"${String(name)}"`)
			: LOG_TABLES.find((one) => one.startsWith(`CREATE TABLE ${String(name)} `));
		if (type !== "table" || sql !== own) throw strange(type, name);
	}
}

/** Keywords that tables of rows never use, and that could give a write side effects. */
const MORE = /\b(VIRTUAL|REFERENCES|GENERATED|CHECK|CONFLICT|COLLATE|AS)\b/i;

/** Throws Misfit unless the file holds only plain tables of rows and their indexes. */
export function assertRowsSchema(db: DatabaseSync): void {
	for (const { type, name, sql } of entriesOf(db)) {
		const known = type === "index" || (type === "table" && /^(rows_.*|checkpoints|totals|generations|installation)$/.test(String(name)));
		if (!known || MORE.test(String(sql).replaceAll(/"[^"]*"/g, ""))) throw strange(type, name);
	}
}

const strange = (type: unknown, name: unknown): Misfit => new Misfit(`the ${String(type)} ${String(name)} does not belong there`);
