/** Copy - a file of ours as it is at one moment, to the page, while others write to it. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { backup } from "node:sqlite";
import type { CopyWatch } from "../log.ts";
import { type DataFile, faultOf, openDatabase } from "./file.ts";

/** Pages copied at a time: a few milliseconds of the disk. */
const PAGES = 1000;

/**
 * `to` must not exist. The transaction is what makes it end: without it SQLite begins the copy again at every write of another process.
 * Who writes does not wait; the write-ahead log of the file cannot begin anew until the copy is done.
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
		advance(pages, pages); // the last ones go without a word
	} catch (error) {
		throw signal.aborted ? signal.reason : from.failed(faultOf(error));
	} finally {
		db.close();
	}
	const copy = openSync(to, "r");
	fsyncSync(copy);
	closeSync(copy);
}
