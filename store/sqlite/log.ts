/**
 * The log on node:sqlite: one file, one table per (log, partition), many commits per transaction, each transaction on the disk
 * before it is acknowledged (WAL, synchronous=FULL). The tail is compared inside the transaction, so two processes on one file
 * are safe. Appends wait for the disk on a thread of their own; reads cost microseconds and stay here.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Commit, type Head, type LogPartition, type LogStore, PartitionsFixed } from "../log.ts";
import { settle } from "./file.ts";
import { Thread } from "./thread.ts";

/** Commits one transaction carries; more only lengthens the wait of the first. */
const MAX_BATCH = 1000;

export class SqliteLogStore implements LogStore {
	readonly #db: DatabaseSync;
	readonly #writer: Thread;
	readonly #wanted: number | undefined;

	/** `partitions`: the number a new log gets, or that an existing one must have. */
	constructor(file: string, partitions?: number) {
		this.#db = settle(new DatabaseSync(file), "FULL");
		this.#db.exec("CREATE TABLE IF NOT EXISTS logs (name TEXT PRIMARY KEY, partitions INTEGER NOT NULL) STRICT");
		this.#wanted = partitions;
		this.#db.exec(
			"CREATE TABLE IF NOT EXISTS heads (partition TEXT NOT NULL, position INTEGER NOT NULL, hash TEXT NOT NULL, at TEXT NOT NULL, key TEXT NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (partition, position, key)) STRICT, WITHOUT ROWID",
		);
		this.#fits();
		this.#writer = new Thread(file, "FULL");
	}

	/** A log keeps the number of partitions it was created with. */
	#fits(): void {
		for (const { name, partitions } of this.#db.prepare("SELECT name, partitions FROM logs").all())
			if (this.#wanted !== undefined && this.#wanted !== partitions)
				throw new PartitionsFixed(`PARTITIONS is ${this.#wanted}, but the log "${String(name)}" was created with ${String(partitions)}`);
	}

	async open(context: string): Promise<readonly LogPartition[]> {
		this.#db.prepare("INSERT INTO logs VALUES (?, ?) ON CONFLICT DO NOTHING").run(context, this.#wanted ?? 1);
		const kept = Number(this.#db.prepare("SELECT partitions FROM logs WHERE name = ?").get(context)?.["partitions"]);
		return Array.from({ length: kept }, (_, partition) => new SqlitePartition(this.#db, this.#writer, context, partition));
	}

	async close(): Promise<void> {
		await this.#writer.close();
		this.#db.close();
	}
}

class SqlitePartition implements LogPartition {
	readonly name: string;
	readonly maxBatch = MAX_BATCH;
	readonly readsFirst = true;
	readonly #writer: Thread;
	readonly #position: string;
	readonly #insert: string;
	readonly #tail: StatementSync;
	readonly #read: StatementSync;
	readonly #stream: StatementSync;
	readonly #heads: StatementSync;

	constructor(db: DatabaseSync, writer: Thread, context: string, partition: number) {
		const table = `"log_${context}_${partition}"`;
		db.exec(
			`CREATE TABLE IF NOT EXISTS ${table} (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (stream, version)) STRICT`,
		);
		this.name = `${context}:${partition}`;
		this.#writer = writer;
		this.#tail = db.prepare(`SELECT position, hash FROM ${table} ORDER BY position DESC LIMIT 1`);
		this.#position = `SELECT coalesce(max(position), 0) FROM ${table}`;
		this.#insert = `INSERT INTO ${table} VALUES (?, ?, ?, ?, ?)`;
		this.#read = db.prepare(`SELECT position, stream, version, body, hash FROM ${table} WHERE position > ? ORDER BY position LIMIT ?`);
		this.#stream = db.prepare(`SELECT position, stream, version, body, hash FROM ${table} WHERE stream = ? ORDER BY version`);
		this.#heads = db.prepare("SELECT position, hash, at, key, signature FROM heads WHERE partition = ? ORDER BY position, key");
	}

	async tail() {
		const row = this.#tail.get();
		return { position: Number(row?.["position"] ?? 0), hash: String(row?.["hash"] ?? "") };
	}

	append(commits: readonly Commit[]): Promise<boolean> {
		const rows = commits.map(({ position, stream, version, body, hash }) => [position, stream, version, body, hash]);
		const tail = { sql: this.#position, params: [], value: (commits[0]?.position ?? 1) - 1 };
		return this.#writer.transaction([{ sql: this.#insert, rows }], [tail]);
	}

	async read(after: number, limit: number): Promise<Commit[]> {
		return this.#read.all(after, limit).map(commitOf);
	}

	async streams(names: readonly string[]): Promise<Map<string, Commit[]>> {
		const found = new Map<string, Commit[]>();
		for (const name of names) {
			const commits = this.#stream.all(name);
			if (commits.length > 0) found.set(name, commits.map(commitOf));
		}
		return found;
	}

	async heads(): Promise<Head[]> {
		return this.#heads
			.all(this.name)
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
		await this.#writer.transaction([{ sql: "INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows: [row] }]);
	}
}

/** A plain object of our own, so that every commit has one shape. */
const commitOf = (row: Record<string, unknown>): Commit => ({
	position: Number(row["position"]),
	stream: String(row["stream"]),
	version: Number(row["version"]),
	body: String(row["body"]),
	hash: String(row["hash"]),
});
