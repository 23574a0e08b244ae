/** DataFolder - the two files of a data folder as SQLite sees them, whoever wrote them: every cell of what has to be the same after a move. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

type Cells = Readonly<Record<string, SQLOutputValue>>;
export interface Content {
	/** Every table of a log, with the signed heads; not what is scribbled on it. */
	readonly events: Readonly<Record<string, readonly Cells[]>>;
	/** Every table of rows with checkpoints, totals and generations; how often a row was written, and as the how many-eth it came, is left out. */
	readonly rows: Readonly<Record<string, readonly Cells[]>>;
}

/** The log alone, where there may be no rows. */
export const eventsOf = (folder: string): Content["events"] =>
	tables(join(folder, "events.db"), ({ name }) => !["room", "moves"].includes(name));
export const contentOf = (folder: string): Content => ({
	events: eventsOf(folder),
	rows: tables(join(folder, "rows.db"), () => true, ["rev", "n"]),
});
/** How often each row was written. */
export const revisionsOf = (folder: string): unknown =>
	reading(join(folder, "rows.db"), (db) =>
		namesOf(db)
			.filter((name) => name.startsWith("rows_"))
			.map((name) => [name, db.prepare(`SELECT id, rev FROM "${name}" ORDER BY id`).all()]),
	);
/** One number, or null while there is no such table. */
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

/** A total of nothing may be written down or not. */
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
