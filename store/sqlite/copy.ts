/** Copy - copies a snapshot of a database file, page by page, while other connections write to it. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { backup } from "node:sqlite";
import type { CopyWatch } from "../log.ts";
import { type DataFile, faultOf, openDatabase } from "./file.ts";

/** Pages copied at a time: a few milliseconds of disk time. */
const PAGES = 1000;

/**
 * `to` must not exist. The read transaction lets the copy finish: without it, SQLite restarts the copy at every write of another process.
 * Writers do not wait, but the write-ahead log cannot restart until the copy is done.
 */
export async function copyFile(from: DataFile, to: string, { advance, signal }: CopyWatch): Promise<void> {
	closeSync(openSync(to, "wx", 0o600));
	const db = from.reading(() => openDatabase(from.path, "read"));
	try {
		db.exec("BEGIN");
		db.prepare("SELECT count(*) FROM sqlite_schema").get();
		const pages = await backup(db, to, {
			rate: PAGES,
			progress: ({ totalPages, remainingPages }) => {
				signal.throwIfAborted();
				advance(totalPages - remainingPages, totalPages);
			},
		});
		advance(pages, pages); // SQLite does not report the last pages
	} catch (error) {
		throw signal.aborted ? signal.reason : from.failed(faultOf(error));
	} finally {
		db.close();
	}
	const copy = openSync(to, "r");
	fsyncSync(copy);
	closeSync(copy);
}
