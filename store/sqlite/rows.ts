/**
 * Rows - the row store on node:sqlite: one file, one table per read model, each batch one transaction that first compares the checkpoint.
 * Rows can be rebuilt from the log, so a batch needs no disk flush (synchronous=NORMAL still keeps rows and checkpoint consistent).
 */
import type { Generation, RowStore, Table, TableSpec } from "../rows.ts";
import { WalCopier } from "./wal-copier.ts";
import { DataFile } from "./file.ts";
import { SqliteGenerations } from "./generations.ts";
import { ENTRIES, foreignInRows, ROW_COLUMNS, ROWS_TABLES, unlessThere } from "./schema.ts";
import { field, quoted, SEGMENT, Segments } from "./segments.ts";
import { BESIDE, create, SqliteTable } from "./table.ts";
import { Thread } from "./thread.ts";

const INSTALLATION = unlessThere(ROWS_TABLES.installation);

export class SqliteRowStore implements RowStore {
	readonly #file: DataFile;
	readonly #writer: Thread;
	readonly #generations: SqliteGenerations;
	readonly #segment: number;
	readonly warnings: readonly string[];
	#reader: Thread | null = null;
	#walCopier: WalCopier | null = null;

	/** `segment`: rows per segment, as a power of two; must never change for a file. */
	constructor(file: string, segment = SEGMENT) {
		this.#file = new DataFile(file);
		this.#segment = segment;
		this.warnings = this.#file.closeToOthers();
		this.#writer = new Thread(this.#file, "NORMAL");
		this.#generations = new SqliteGenerations(this.#writer);
	}

	get damage(): string | null {
		return this.#file.damage;
	}

	async foreign(): Promise<readonly string[]> {
		const entries = (await this.#writer.query(ENTRIES)).map(([type, name, sql]) => ({ type, name, sql }));
		return foreignInRows(entries).map((part) => this.#file.holding(part));
	}
	async installation(): Promise<string | null> {
		await create([INSTALLATION], this.#writer);
		const [[id = null] = []] = await this.#writer.query("SELECT id FROM installation");
		return id === null ? null : String(id);
	}
	async adoptInstallation(id: string): Promise<void> {
		await this.#writer.transaction([
			{ sql: INSTALLATION, rows: [[]] },
			{ sql: "DELETE FROM installation", rows: [[]] },
			{ sql: "INSERT INTO installation VALUES (?)", rows: [[id]] },
		]);
	}

	async open(spec: TableSpec): Promise<Table> {
		const segments = new Segments(spec, this.#segment);
		await this.#fits(spec);
		await create(schemaOf(spec, segments), this.#writer);
		this.#reader ??= new Thread(this.#file, "read"); // needs an existing file
		this.#walCopier ??= new WalCopier(this.#file);
		return new SqliteTable(spec, segments, this.#writer, this.#reader);
	}

	/** Throws if the table has the columns of another version. */
	async #fits({ name, columns }: TableSpec): Promise<void> {
		const there = new Set((await this.#writer.query("SELECT name FROM pragma_table_info(?)", [`rows_${name}`])).map(([column]) => column));
		const missing = there.size > 0 ? columns.find((column) => !there.has(`by_${column}`)) : undefined;
		if (missing !== undefined)
			throw new Error(
				`rows.db has the rows of ${name} in the layout of another version (without ${missing}): move rows.db, its -wal and its -shm away and start again: it is rebuilt from events.db`,
			);
	}

	generations(name: string): Promise<Generation[]> {
		return this.#generations.of(name);
	}
	liveGeneration(spec: TableSpec, code: string, at: string): Promise<Generation> {
		return this.#generations.liveGeneration(spec, code, at);
	}
	begin(spec: TableSpec, code: string, at: string): Promise<Generation> {
		return this.#generations.begin(spec, code, at);
	}
	promote(name: string, number: number): Promise<boolean> {
		return this.#generations.promote(name, number);
	}
	remove(name: string, number: number): Promise<boolean> {
		return this.#generations.remove(name, number);
	}
	adopt(name: string, generations: readonly Generation[]): Promise<void> {
		return this.#generations.adopt(name, generations);
	}

	discard(table: string): Promise<void> {
		return this.#generations.discard(table);
	}

	async close(): Promise<void> {
		await this.#walCopier?.close();
		await this.#reader?.close();
		await this.#writer.close();
	}
}

function schemaOf({ name, columns, sorts = [], ranges = [] }: TableSpec, segments: Segments): string[] {
	const table = quoted(`rows_${name}`);
	const index = (by: readonly [string, ...string[]], all = false): string => {
		const entries = [...segments.before(by[0]), ...by.map(field), "id"].join(", ");
		return `CREATE INDEX IF NOT EXISTS ${quoted([name, ...by].join("_"))} ON ${table} (${entries})${all ? "" : ` WHERE ${field(by[0])} IS NOT NULL`}`;
	};
	return [
		...BESIDE,
		`CREATE TABLE IF NOT EXISTS ${table} (${ROW_COLUMNS}${columns.map((column) => `, ${field(column)}`).join("")})`,
		`CREATE INDEX IF NOT EXISTS ${quoted(`${name}_due`)} ON ${table} (due) WHERE due IS NOT NULL`,
		...columns.filter((column) => !ranges.some(([first]) => first === column)).map((column) => index([column], sorts.includes(column))),
		...ranges.map((pair) => index(pair)),
	];
}
