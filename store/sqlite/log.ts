/**
 * Log - the log on node:sqlite: one file, one table per (log, partition), many commits per transaction. Each transaction is on the disk
 * before it is acknowledged (WAL, synchronous=FULL), and compares the tail, so two processes can share a file. Appends run on a thread of
 * their own because they wait for the disk; reads take microseconds and run here.
 */
import { randomUUID } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Commit, type CopyWatch, type Head, HEADS_EVERY, type LogPartition, type LogStore, PartitionsFixed } from "../log.ts";
import { WalCopier } from "./wal-copier.ts";
import { copyFile } from "./copy.ts";
import { DataFile, openDatabase } from "./file.ts";
import { entriesOf, foreignInLog, LOG_TABLES, partitionTable, unlessThere } from "./schema.ts";
import { Thread } from "./thread.ts";

/** Bytes that a probe writes, so that a nearly full disk still counts as failing. */
const ROOM = 65_536;
/** Maximum number of commits per transaction; a larger one only delays its first commit. */
const MAX_BATCH = 1000;

export class SqliteLogStore implements LogStore {
	readonly #file: DataFile;
	readonly #db: DatabaseSync;
	readonly #writer: Thread;
	readonly #walCopier: WalCopier;
	readonly #wanted: number | undefined;
	readonly warnings: readonly string[];

	/** `partitions`: the number for a new log, required of an existing one; `installation`: the id for a new store. */
	constructor(file: string, partitions?: number, installation: string = randomUUID()) {
		this.#file = new DataFile(file);
		this.#wanted = partitions;
		this.warnings = this.#file.closeToOthers();
		this.#db = this.#file.reading(() => openDatabase(file, "FULL"));
		this.#file.reading(() => {
			this.#db.exec(LOG_TABLES.map(unlessThere).join("; "));
			if (this.#db.prepare("SELECT 1 FROM installation").get()) return;
			this.#db.prepare("INSERT INTO installation SELECT ? WHERE NOT EXISTS (SELECT 1 FROM installation)").run(installation);
		});
		this.#fits();
		this.#writer = new Thread(this.#file, "FULL");
		this.#walCopier = new WalCopier(this.#file);
	}

	get damage(): string | null {
		return this.#file.damage;
	}

	/** A log keeps the number of partitions it was created with. */
	#fits(): void {
		for (const [context, partitions] of this.#kept()) fits(context, partitions, this.#wanted);
	}
	#kept(): Map<string, number> {
		const logs = this.#file.reading(() => this.#db.prepare("SELECT name, partitions FROM logs").all());
		return new Map(logs.map(({ name, partitions }) => [String(name), Number(partitions)]));
	}

	async contexts(): Promise<ReadonlyMap<string, number>> {
		return this.#kept();
	}

	async open(context: string, wanted = this.#wanted): Promise<readonly LogPartition[]> {
		if (!this.#kept().has(context))
			this.#file.reading(() => this.#db.prepare("INSERT INTO logs VALUES (?, ?) ON CONFLICT DO NOTHING").run(context, wanted ?? 1));
		const kept = this.#kept().get(context) ?? 0;
		fits(context, kept, wanted);
		return this.#file.reading(() =>
			Array.from({ length: kept }, (_, partition) => new SqlitePartition(this.#file, this.#db, this.#writer, context, partition)),
		);
	}

	async foreign(): Promise<readonly string[]> {
		return foreignInLog(this.#file.reading(() => entriesOf(this.#db))).map((part) => this.#file.holding(part));
	}
	async installation(): Promise<string> {
		return String(this.#file.reading(() => this.#db.prepare("SELECT id FROM installation").get())?.["id"]);
	}
	async adoptInstallation(id: string): Promise<void> {
		await this.#writer.transaction([{ sql: "UPDATE installation SET id = ?", rows: [[id]] }]);
	}

	async copyTo(file: string, watch: CopyWatch): Promise<LogStore> {
		await copyFile(this.#file, file, watch);
		return new SqliteLogStore(file);
	}

	async moving(): Promise<boolean> {
		return this.#file.reading(() => this.#db.prepare("SELECT 1 FROM moves").get()) !== undefined;
	}
	async setMoving(moving: boolean): Promise<void> {
		await this.#writer.transaction([{ sql: moving ? "INSERT OR REPLACE INTO moves VALUES (1)" : "DELETE FROM moves", rows: [[]] }]);
	}

	async close(): Promise<void> {
		await this.#walCopier.close();
		await this.#writer.close();
		this.#db.close();
	}
}

function fits(context: string, kept: number, wanted: number | undefined): void {
	if (wanted !== undefined && wanted !== kept)
		throw new PartitionsFixed(`PARTITIONS is ${wanted}, but the log "${context}" was created with ${kept}`);
}

class SqlitePartition implements LogPartition {
	readonly name: string;
	readonly maxBatch = MAX_BATCH;
	readonly readsFirst = true;
	readonly #file: DataFile;
	readonly #writer: Thread;
	readonly #position: string;
	readonly #insert: string;
	readonly #tail: StatementSync;
	readonly #read: StatementSync;
	readonly #streams: StatementSync;
	readonly #page: StatementSync;
	readonly #before: StatementSync;
	readonly #heads: StatementSync;

	constructor(file: DataFile, db: DatabaseSync, writer: Thread, context: string, partition: number) {
		this.#file = file;
		const table = `"log_${context}_${partition}"`;
		db.exec(unlessThere(partitionTable(table)));
		this.name = `${context}:${partition}`;
		this.#writer = writer;
		this.#tail = db.prepare(`SELECT position, hash FROM ${table} ORDER BY position DESC LIMIT 1`);
		this.#position = `SELECT coalesce(max(position), 0) FROM ${table}`;
		this.#insert = `INSERT INTO ${table} VALUES (?, ?, ?, ?, ?)`;
		this.#read = db.prepare(`SELECT position, stream, version, body, hash FROM ${table} WHERE position > ? ORDER BY position LIMIT ?`);
		this.#streams = db.prepare(
			`SELECT position, stream, version, body, hash FROM ${table} WHERE stream IN (SELECT value FROM json_each(?)) ORDER BY stream, version LIMIT ?`, // a fifth of the cost of one statement per stream
		);
		this.#page = db.prepare(
			`SELECT position, stream, version, body, hash FROM ${table} WHERE stream = ? AND version >= ? ORDER BY version LIMIT ?`,
		);
		this.#before = db.prepare(
			`SELECT position, stream, version, body, hash FROM ${table} WHERE stream = ? AND version < ? ORDER BY version DESC LIMIT 1`,
		);
		for (const statement of [this.#read, this.#streams, this.#page, this.#before]) statement.setReturnArrays(true); // half the cost of objects
		this.#heads = db.prepare("SELECT position, hash, at, key, signature FROM heads WHERE partition = ? ORDER BY position, key");
	}

	async tail() {
		const row = this.#file.reading(() => this.#tail.get());
		return { position: Number(row?.["position"] ?? 0), hash: String(row?.["hash"] ?? "") };
	}

	append(commits: readonly Commit[]): Promise<boolean> {
		const rows = commits.map(({ position, stream, version, body, hash }) => [position, stream, version, body, hash]);
		const tail = { sql: this.#position, params: [], value: (commits[0]?.position ?? 1) - 1 };
		return this.#writer.transaction([{ sql: this.#insert, rows }], [tail]);
	}

	async read(after: number, limit: number): Promise<Commit[]> {
		return this.#file.reading(() => this.#read.all(after, limit).map(commitOf));
	}

	async endsAt(position: number): Promise<boolean> {
		return (await this.tail()).position === position;
	}

	async streams(names: readonly string[], limit: number): Promise<Commit[]> {
		return this.#file.reading(() => this.#streams.all(JSON.stringify(names), limit).map(commitOf));
	}

	async lastBefore(name: string, version: number): Promise<Commit | null> {
		const row = this.#file.reading(() => this.#before.get(name, version));
		return row ? commitOf(row) : null;
	}

	async stream(name: string, from: number, limit: number): Promise<Commit[]> {
		return this.#file.reading(() => this.#page.all(name, from, limit).map(commitOf));
	}

	/** Writes the size of a few dozen commits to the same row each time; a disk with less space counts as full. */
	async probe(): Promise<void> {
		await this.#writer.transaction([{ sql: `INSERT OR REPLACE INTO room VALUES (1, zeroblob(${ROOM}))`, rows: [[]] }]);
	}

	async heads(): Promise<Head[]> {
		return this.#file
			.reading(() => this.#heads.all(this.name))
			.map((row) => ({
				partition: this.name,
				position: Number(row["position"]),
				hash: String(row["hash"]),
				at: String(row["at"]),
				key: String(row["key"]),
				signature: String(row["signature"]),
			}));
	}

	async keepHead({ position, hash, at, key, signature }: Head): Promise<void> {
		const row = [this.name, position, hash, at, key, signature];
		const near = [this.name, key, position - (position % HEADS_EVERY), position];
		const insert = { sql: "INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows: [row] };
		const thin = { sql: "DELETE FROM heads WHERE partition = ? AND key = ? AND position >= ? AND position < ?", rows: [near] };
		await this.#writer.transaction([insert, thin]);
	}
}

/** Creates a plain object, so that all commits have the same shape. */
function commitOf(row: unknown): Commit {
	const [position, stream, version, body, hash] = row as readonly [number, string, number, string, string]; // the columns of a strict table
	return { position, stream, version, body, hash };
}
