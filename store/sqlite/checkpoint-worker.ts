/**
 * Checkpoint worker - copies the write-ahead log of one file into the file while others go on writing, so that none of their
 * transactions has to (docs/decisions/0023-checkpoints-beside.md).
 */
import { parentPort, workerData } from "node:worker_threads";
import { openDatabase } from "./file.ts";

/** How often it looks, in milliseconds. */
const LOOK_EVERY = 50;
/** Pages not copied yet from which on it copies: more would write less, and for longer at a time. */
const ENOUGH = 8000;
/** How often in a row it copies what came meanwhile: the log begins anew once nothing is left and nobody writes. */
const PASSES = 8;

const { file } = workerData as { file: string }; // set by checkpoints.ts
const db = openDatabase(file, "FULL");
const pragma = (mode: "NOOP" | "PASSIVE") => {
	const statement = db.prepare(`PRAGMA wal_checkpoint(${mode})`);
	return (): number => {
		const { log, checkpointed } = statement.get() as { log: number; checkpointed: number }; // SQLite's own columns; both -1 before there is a log
		return log - checkpointed;
	};
};
const [left, leftAfterCopying] = [pragma("NOOP"), pragma("PASSIVE")];

function look(): void {
	try {
		if (left() < ENOUGH) return;
		for (let pass = 0; pass < PASSES && leftAfterCopying() > 0; pass++);
	} catch {
		// whoever writes copies then, and says what is wrong
	}
}

const looking = setInterval(look, LOOK_EVERY);
parentPort?.once("message", () => {
	clearInterval(looking);
	db.close();
});
