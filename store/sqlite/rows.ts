/**
 * Rows on node:sqlite: one file, a table per read model, each batch one transaction that first compares the checkpoint. What the
 * log can give again needs no disk flush per batch (synchronous=NORMAL keeps rows and checkpoint together all the same).
 */
import type { Generation, RowStore, Table, TableSpec } from "../rows.ts";
import { DataFile } from "./file.ts";
import { Generations } from "./generations.ts";
import { BESIDE, field, quoted, SqliteTable } from "./table.ts";
import { Thread } from "./thread.ts";

export class SqliteRowStore implements RowStore {
	readonly #file: DataFile;
	readonly #writer: Thread;
	readonly #generations: Generations;
	#reader: Thread | null = null;

	constructor(file: string) {
		this.#file = new DataFile(file);
		this.#writer = new Thread(this.#file, "NORMAL");
		this.#generations = new Generations(this.#writer);
	}

	get damage(): string | null {
		return this.#file.damage;
	}

	async open(spec: TableSpec): Promise<Table> {
		await this.#writer.transaction(schemaOf(spec).map((sql) => ({ sql, rows: [[]] })));
		this.#reader ??= new Thread(this.#file, "read"); // only once there is a file to read
		return new SqliteTable(spec, this.#writer, this.#reader);
	}

	generations(name: string): Promise<Generation[]> {
		return this.#generations.of(name);
	}
	live(spec: TableSpec, code: string, at: string): Promise<Generation> {
		return this.#generations.live(spec, code, at);
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

	async close(): Promise<void> {
		await this.#reader?.close();
		await this.#writer.close();
	}
}

function schemaOf({ name, columns, sorts = [], ranges = [] }: TableSpec): string[] {
	const table = quoted(`rows_${name}`);
	const fields = columns.map((column) => `, ${field(column)}`).join("");
	return [
		...BESIDE,
		`CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, rev INTEGER NOT NULL, at TEXT NOT NULL, data TEXT, shown INTEGER NOT NULL, due TEXT${fields})`,
		`CREATE INDEX IF NOT EXISTS ${quoted(`${name}_due`)} ON ${table} (due) WHERE due IS NOT NULL`,
		...columns
			.filter((column) => !ranges.some(([first]) => first === column))
			.map(
				(column) =>
					`CREATE INDEX IF NOT EXISTS ${quoted(`${name}_${column}`)} ON ${table} (${field(column)}, id)${sorts.includes(column) ? "" : ` WHERE ${field(column)} IS NOT NULL`}`,
			),
		...ranges.map(
			([first, second]) =>
				`CREATE INDEX IF NOT EXISTS ${quoted(`${name}_${first}_${second}`)} ON ${table} (${field(first)}, ${field(second)}, id) WHERE ${field(first)} IS NOT NULL`,
		),
	];
}
