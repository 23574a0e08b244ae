/**
 * Schema - the tables of all files, and a check that a file contains nothing else: a foreign trigger or view would run with every write.
 */
import type { DatabaseSync } from "node:sqlite";
import { Misfit } from "./sample.ts";
import { NUMBERED } from "./segments.ts";

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

/** Tables of the file of the keys. */
export const KEYS_TABLES = [
	`${table("keys", "subject TEXT PRIMARY KEY, master TEXT NOT NULL, wrapped TEXT")}, WITHOUT ROWID`,
	`${table("progress", "partition TEXT PRIMARY KEY, position INTEGER NOT NULL, hash TEXT NOT NULL")}, WITHOUT ROWID`,
] as const;

/** The same statement with IF NOT EXISTS. */
export const unlessThere = (sql: string): string => sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS");

/** Tables of the file of the rows, in addition to one table per table of rows. */
export const ROWS_TABLES = {
	checkpoints: `${table("checkpoints", "name TEXT NOT NULL, partition TEXT NOT NULL, position INTEGER NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (name, partition)")}, WITHOUT ROWID`,
	totals: `${table("totals", "name TEXT NOT NULL, key TEXT NOT NULL, total INTEGER NOT NULL, PRIMARY KEY (name, key)")}, WITHOUT ROWID`,
	generations: `${table("generations", "name TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, spec TEXT NOT NULL, code TEXT NOT NULL, begun TEXT NOT NULL, PRIMARY KEY (name, number)")}, WITHOUT ROWID`,
	installation: table("installation", "id TEXT NOT NULL"),
} as const;
/** The columns of every table of rows, before those of the read model. */
export const ROW_COLUMNS = `${NUMBERED}, id TEXT NOT NULL UNIQUE, rev INTEGER NOT NULL, at TEXT NOT NULL, data TEXT, shown INTEGER NOT NULL, due TEXT`;
/** The statements of a table of rows and of its indexes, with any names. */
const OF_ROWS = [
	new RegExp(`^CREATE TABLE "rows_[^"]+" \\(${ROW_COLUMNS}(, "by_[^"]+")*\\)$`),
	/^CREATE INDEX "[^"]+" ON "rows_[^"]+" \(due\) WHERE due IS NOT NULL$/,
	/^CREATE INDEX "[^"]+" ON "rows_[^"]+" \((n >> \d+, )?(("by_[^"]+"|id), )+id\)( WHERE ("by_[^"]+"|id) IS NOT NULL)?$/,
];

/** An entry of SQLite's own catalog. */
interface Entry {
	readonly type: unknown;
	readonly name: unknown;
	readonly sql: unknown;
}
/** All entries except those that SQLite makes by itself. A name alone does not prove that: other tools can write any name to the catalog. */
export const ENTRIES =
	"SELECT type, name, sql FROM sqlite_schema WHERE NOT (type = 'index' AND sql IS NULL) AND NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4'))";
export const entriesOf = (db: DatabaseSync): readonly Entry[] => db.prepare(ENTRIES).all() as unknown as Entry[]; // the columns above

/** The entries that do not belong in a log file: everything but the tables of a log, with identical statements. */
export function foreignInLog(entries: readonly Entry[]): string[] {
	return entries.flatMap(({ type, name, sql }) => {
		const own = /^log_[a-z][a-z\d-]*_\d+$/.test(String(name))
			? partitionTable(`"${String(name)}"`)
			: LOG_TABLES.find((one) => one.startsWith(`CREATE TABLE ${String(name)} `));
		return type === "table" && sql === own ? [] : [entryText(type, name)];
	});
}
/** The entries that do not belong in a file of rows: everything but plain tables of rows and their indexes. */
export function foreignInRows(entries: readonly Entry[]): string[] {
	const shared: ReadonlySet<unknown> = new Set(Object.values(ROWS_TABLES));
	return entries.flatMap(({ type, name, sql }) =>
		shared.has(sql) || OF_ROWS.some((statement) => statement.test(String(sql))) ? [] : [entryText(type, name)],
	);
}
/** The entries that do not belong in the file of the keys: a trigger could copy a key before it is destroyed. */
export function foreignInKeys(entries: readonly Entry[]): string[] {
	const own: ReadonlySet<unknown> = new Set(KEYS_TABLES);
	return entries.flatMap(({ type, name, sql }) => (own.has(sql) ? [] : [entryText(type, name)]));
}
const entryText = (type: unknown, name: unknown): string => `the ${String(type)} ${String(name)}`;

/** Throws Misfit if the file holds an entry that does not belong in a log file. */
export const assertLogSchema = (db: DatabaseSync): void => assertNone(foreignInLog(entriesOf(db)));
/** Throws Misfit if the file holds an entry that does not belong in a file of rows. */
export const assertRowsSchema = (db: DatabaseSync): void => assertNone(foreignInRows(entriesOf(db)));
function assertNone([first]: readonly string[]): void {
	if (first !== undefined) throw new Misfit(`${first} does not belong there`);
}
