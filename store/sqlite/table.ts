/** Table - the statements for one table of rows: load by id, save in one transaction with the checkpoint, find by index. */
import type { SQLInputValue } from "node:sqlite";
import {
	type Change,
	type Checkpoints,
	type Query,
	type Row,
	sameColumns,
	type CheckpointMove,
	type Table,
	type TableSpec,
	totalsOf,
	type Value,
} from "../rows.ts";
import { RowQueries } from "./queries.ts";
import { ROWS_TABLES, unlessThere } from "./schema.ts";
import { field, quoted, type Segments } from "./segments.ts";
import type { Thread } from "./thread.ts";
import type { Run } from "./worker.ts";

/** Tables that all tables of rows share. */
export const BESIDE = [ROWS_TABLES.checkpoints, ROWS_TABLES.totals].map(unlessThere);

/** Creates missing tables and indexes. A complete file is not written to, because another process may hold its lock. */
export async function create(statements: readonly string[], thread: Thread): Promise<void> {
	const there = new Set((await thread.query("SELECT name FROM sqlite_schema")).map(([name]) => name));
	const missing = statements.filter((sql) => !there.has(/ IF NOT EXISTS "?([^"\s(]+)/.exec(sql)?.[1] ?? null));
	if (missing.length > 0) await thread.transaction(missing.map((sql) => ({ sql, rows: [[]] })));
}

export class SqliteTable implements Table {
	readonly atomic = true;
	readonly #spec: TableSpec;
	readonly #finding: RowQueries;
	readonly #writer: Thread;
	readonly #reader: Thread;
	readonly #table: string;
	readonly #fields: string;
	readonly #insert: string;
	readonly #update: string;
	/** For a row with unchanged column values: updates no index. */
	readonly #rewrite: string;

	constructor(spec: TableSpec, segments: Segments, writer: Thread, reader: Thread) {
		this.#spec = spec;
		this.#writer = writer;
		this.#reader = reader;
		this.#table = quoted(`rows_${spec.name}`);
		const columns = spec.columns.map(field);
		this.#fields = ["id", "rev", "at", "data", "due", "shown", ...columns].join(", ");
		this.#finding = new RowQueries(this.#table, this.#fields, segments);
		this.#insert = `INSERT INTO ${this.#table} (id, rev, at, data, due, shown${columns.map((column) => `, ${column}`).join("")}) VALUES (?, ?, ?, ?, ?, ?${", ?".repeat(columns.length)}) ON CONFLICT DO NOTHING`;
		this.#update = `UPDATE ${this.#table} SET rev = ?, at = ?, data = ?, due = ?, shown = ?${columns.map((column) => `, ${column} = ?`).join("")} WHERE id = ? AND rev = ?`;
		this.#rewrite = `UPDATE ${this.#table} SET rev = ?, at = ?, data = ? WHERE id = ? AND rev = ?`;
	}

	async checkpoints(): Promise<Checkpoints> {
		const rows = await this.#reader.query("SELECT partition, position, hash FROM checkpoints WHERE name = ?", [this.#spec.name]);
		return Object.fromEntries(
			rows.map(([partition, position, hash]) => [String(partition), { position: Number(position), hash: String(hash) }]),
		);
	}

	async load(ids: readonly string[]): Promise<Map<string, Row>> {
		if (ids.length === 0) return new Map();
		const rows = await this.#writer.query(
			`SELECT ${this.#fields} FROM ${this.#table} WHERE id IN (SELECT value FROM json_each(?))`, // a fifth of the cost of one statement per row
			[JSON.stringify(ids)],
		);
		return new Map(this.#read(rows).map((row) => [row.id, row]));
	}

	save(changes: readonly Change[], steps: readonly CheckpointMove[]): Promise<boolean> {
		const { name } = this.#spec;
		const moved = {
			sql: "INSERT INTO checkpoints VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position, hash = excluded.hash",
			rows: steps
				.filter(({ from, to }) => to.position !== from.position)
				.map(({ partition, to }) => [name, partition, to.position, to.hash]),
		};
		const sql = "SELECT coalesce(max(position || ' ' || hash), '0 ') FROM checkpoints WHERE name = ? AND partition = ?";
		return this.#writer.transaction(
			[...this.#runs(changes), moved],
			steps.map(({ partition, from }) => ({ sql, params: [name, partition], value: `${from.position} ${from.hash}` })),
		);
	}

	refresh(change: Change): Promise<boolean> {
		return change.before.rev === 0 ? Promise.resolve(false) : this.#writer.transaction(this.#runs([change]));
	}

	#runs(changes: readonly Change[]): Run[] {
		const inserts: SQLInputValue[][] = [];
		const updates: SQLInputValue[][] = [];
		const rewrites: SQLInputValue[][] = [];
		for (const { before, after } of changes) {
			const { id, rev, at, data, due, columns } = after;
			const [seen, text] = [JSON.stringify(at), data === null ? null : JSON.stringify(data)];
			const shown = columns ? 1 : 0;
			if (rev === 0) inserts.push([id, 1, seen, text, due, shown, ...(columns ?? this.#hidden)]);
			else if (before.due === due && sameColumns(before.columns, columns)) rewrites.push([rev + 1, seen, text, id, rev]);
			else updates.push([rev + 1, seen, text, due, shown, ...(columns ?? this.#hidden), id, rev]);
		}
		const totals = [...totalsOf(this.#spec, changes)].filter(([, by]) => by !== 0);
		return [
			{ sql: this.#insert, rows: inserts, each: true },
			{ sql: this.#update, rows: updates, each: true },
			{ sql: this.#rewrite, rows: rewrites, each: true },
			{
				sql: "INSERT INTO totals VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET total = total + excluded.total",
				rows: totals.map(([key, by]) => [this.#spec.name, key, by]),
			},
		];
	}

	get #hidden(): SQLInputValue[] {
		return this.#spec.columns.map(() => null);
	}

	async get(id: string): Promise<Row | null> {
		const [cells] = await this.#reader.query(`SELECT ${this.#fields} FROM ${this.#table} WHERE id = ? AND shown = 1`, [id]);
		return this.#read(cells ? [cells] : [])[0] ?? null;
	}

	async find(query: Query): Promise<Row[]> {
		const { sql, params } = this.#finding.rows(query);
		return this.#read(await this.#reader.query(sql, params));
	}

	async count(filters: Readonly<Record<string, Value>>): Promise<number> {
		const key = this.#kept(Object.entries(filters));
		const kept = { sql: "SELECT total FROM totals WHERE name = ? AND key = ?", params: [this.#spec.name, key] };
		const { sql, params } = key === null ? this.#finding.count(filters) : kept;
		const [cells] = await this.#reader.query(sql, params);
		return Number(cells?.[0] ?? 0);
	}

	/** Key of the stored total that answers the query, or null. */
	#kept(asked: readonly (readonly [string, Value])[]): string | null {
		const [only] = asked;
		if (!only) return "";
		return asked.length === 1 && this.#spec.counted.includes(only[0]) && only[1] !== null ? `${only[0]}=${only[1]}` : null;
	}

	async scan(after: string, limit: number): Promise<Row[]> {
		const rows = await this.#reader.query(`SELECT ${this.#fields} FROM ${this.#table} WHERE id > ? ORDER BY id LIMIT ?`, [after, limit]);
		return this.#read(rows);
	}

	async due(now: string, limit: number): Promise<Row[]> {
		const rows = await this.#writer.query(`SELECT ${this.#fields} FROM ${this.#table} WHERE due <= ? ORDER BY due LIMIT ?`, [now, limit]);
		return this.#read(rows);
	}

	/** Invalid JSON means a damaged file, so it becomes a failure of the store. */
	#read(rows: readonly (readonly SQLInputValue[])[]): Row[] {
		return this.#reader.file.reading(() => rows.map(rowOf));
	}
}

function rowOf([id, rev, at, data, due, shown, ...columns]: readonly SQLInputValue[]): Row {
	return {
		id: String(id),
		rev: Number(rev),
		at: JSON.parse(String(at)) as Row["at"], // bytes come in here
		data: typeof data === "string" ? (JSON.parse(data) as object) : null, // bytes come in here
		due: typeof due === "string" ? due : null,
		columns:
			shown === 1
				? columns.map((value) => (typeof value === "bigint" || value instanceof Uint8Array || ArrayBuffer.isView(value) ? null : value))
				: null,
	};
}
