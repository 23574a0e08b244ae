/**
 * Keys - the key store on node:sqlite: a file of its own. Deleted content is overwritten (`secure_delete`), and destroying a key also
 * empties the write-ahead log, so that no byte of the file or beside it still holds the key.
 */
import type { DatabaseSync } from "node:sqlite";
import { type Tail, StoreUnavailable } from "../log.ts";
import type { Checkpoints } from "../rows.ts";
import type { KeptKey, KeyStore } from "../vault/key-store.ts";
import { DataFile, openDatabase } from "./file.ts";
import { entriesOf, foreignInKeys, KEYS_TABLES, unlessThere } from "./schema.ts";
import { Thread } from "./thread.ts";

const DESTROY = "INSERT INTO keys VALUES (?, '', NULL) ON CONFLICT DO UPDATE SET master = '', wrapped = NULL";
const REWRAP = "UPDATE keys SET master = ?, wrapped = ? WHERE subject = ? AND wrapped = ?";
const ADVANCE = "INSERT INTO progress VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position, hash = excluded.hash";

export class SqliteKeyStore implements KeyStore {
	readonly #file: DataFile;
	/** Reads take microseconds and run here, so that followers of sealed logs are no slower than others. */
	readonly #db: DatabaseSync;
	readonly #thread: Thread;
	readonly warnings: readonly string[];

	constructor(path: string) {
		this.#file = new DataFile(path);
		this.warnings = this.#file.closeToOthers();
		this.#db = this.#file.reading(() => openDatabase(path, "secret"));
		this.#file.reading(() => this.#db.exec(KEYS_TABLES.map(unlessThere).join("; ")));
		this.#thread = new Thread(this.#file, "secret");
	}

	/** The parts of the file that are not of this system. */
	async foreign(): Promise<readonly string[]> {
		return foreignInKeys(this.#file.reading(() => entriesOf(this.#db))).map((part) => this.#file.holding(part));
	}
	async find(subjects: readonly string[]): Promise<ReadonlyMap<string, KeptKey>> {
		const sql = "SELECT subject, master, wrapped FROM keys WHERE subject IN (SELECT value FROM json_each(?))";
		const rows = this.#file.reading(() => this.#db.prepare(sql).all(JSON.stringify(subjects)));
		return new Map(rows.map((row) => [String(row["subject"]), keyOf(row)]));
	}
	async keep(keys: readonly KeptKey[]): Promise<void> {
		const rows = keys.map(({ subject, master, wrapped }) => [subject, master, wrapped]);
		await this.#thread.transaction([{ sql: "INSERT INTO keys VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows }]);
	}
	async destroy(subjects: readonly string[]): Promise<void> {
		await this.#thread.transaction([{ sql: DESTROY, rows: subjects.map((subject) => [subject]) }]);
		const [state] = await this.#thread.query("PRAGMA wal_checkpoint(TRUNCATE)");
		if (state?.[0] !== 0) throw new StoreUnavailable("the file of the keys is in use, so destroyed keys are still in its write-ahead log");
	}
	async page(after: string, limit: number): Promise<readonly KeptKey[]> {
		const sql = "SELECT subject, master, wrapped FROM keys WHERE subject > ? ORDER BY subject LIMIT ?";
		return this.#file.reading(() => this.#db.prepare(sql).all(after, limit)).map(keyOf);
	}
	async rewrap(changes: Parameters<KeyStore["rewrap"]>[0]): Promise<void> {
		const rows = changes.map(({ before, after }) => [after.master, after.wrapped, after.subject, before.wrapped]);
		await this.#thread.transaction([{ sql: REWRAP, rows }]);
	}

	async progress(): Promise<Checkpoints> {
		const rows = this.#file.reading(() => this.#db.prepare("SELECT partition, position, hash FROM progress").all());
		return Object.fromEntries(
			rows.map(({ partition, position, hash }) => [String(partition), { position: Number(position), hash: String(hash) }]),
		);
	}
	async advance(partition: string, { position, hash }: Tail): Promise<void> {
		await this.#thread.transaction([{ sql: ADVANCE, rows: [[partition, position, hash]] }]);
	}
	async close(): Promise<void> {
		await this.#thread.close();
		this.#db.close();
	}
}

const keyOf = ({ subject, master, wrapped }: Readonly<Record<string, unknown>>): KeptKey => ({
	subject: String(subject),
	master: String(master),
	wrapped: wrapped === null ? null : String(wrapped),
});
