/** What every SQLite file of ours has in common. */
import type { DatabaseSync } from "node:sqlite";

/** How long another process on the same file is waited for, in milliseconds. */
const BUSY = 10_000;

/** Pages the write-ahead log may grow to before it is copied into the file: fewer, larger copies. */
const CHECKPOINT_PAGES = 16_000;

/** WAL, and on the disk when acknowledged (FULL) or at the latest checkpoint (NORMAL, for what a log can give again). */
export function settle(db: DatabaseSync, durability: "FULL" | "NORMAL"): DatabaseSync {
	db.exec(
		`PRAGMA busy_timeout = ${BUSY}; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
	);
	return db;
}
