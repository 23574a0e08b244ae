/** DataFolder - the content of the two files of a data folder, read with SQL: every cell that must be equal after a move. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

type Cells = Readonly<Record<string, SQLOutputValue>>;
export interface Content {
	/** All tables of a log with its signed heads, except `room` and `moves`. */
	readonly events: Readonly<Record<string, readonly Cells[]>>;
	/** All tables of rows with checkpoints, totals and generations, without revisions and row numbers. */
	readonly rows: Readonly<Record<string, readonly Cells[]>>;
}

/** The log without rows, which may not exist. */
export const eventsOf = (folder: string): Content["events"] =>
	tables(join(folder, "events.db"), ({ name }) => !["room", "moves"].includes(name));
export const contentOf = (folder: string): Content => ({
	events: eventsOf(folder),
	rows: tables(join(folder, "rows.db"), () => true, ["rev", "n"]),
});
/** Revision of each row. */
export const revisionsOf = (folder: string): unknown =>
	reading(join(folder, "rows.db"), (db) =>
		namesOf(db)
			.filter((name) => name.startsWith("rows_"))
			.map((name) => [name, db.prepare(`SELECT id, rev FROM "${name}" ORDER BY id`).all()]),
	);
/** One number, or null if the file or the table does not exist. */
export const figure = (file: string, sql: string): number | null => {
	if (!existsSync(file)) return null;
	try {
		return reading(file, (db) => Number(Object.values(db.prepare(sql).get() ?? {})[0]));
	} catch {
		return null;
	}
};

function reading<T>(file: string, read: (db: DatabaseSync) => T): T {
	const db = new DatabaseSync(file, { readOnly: true });
	try {
		return read(db);
	} finally {
		db.close();
	}
}
const namesOf = (db: DatabaseSync): string[] =>
	db
		.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
		.all()
		.map(({ name }) => String(name));

/** The rows of tables; zero totals are left out, because they may be absent. */
const tables = (file: string, wanted: (table: { name: string }) => boolean, without: readonly string[] = []): Content["events"] =>
	reading(file, (db) =>
		Object.fromEntries(
			namesOf(db)
				.filter((name) => wanted({ name }))
				.map((name) => {
					const columns = db
						.prepare(`PRAGMA table_info("${name}")`)
						.all()
						.map((column) => String(column["name"]))
						.filter((column) => !without.includes(column));
					const all = db
						.prepare(
							`SELECT "${columns.join('", "')}" FROM "${name}" ORDER BY ${columns
								.map((_, i) => i + 1)
								.slice(0, 2)
								.join()}`,
						)
						.all();
					return [name, all.filter(({ total }) => total !== 0)];
				}),
		),
	);
