/**
 * WalCopierWorker - copies the write-ahead log of one file into the file while others write, so that no transaction of theirs has to
 * (docs/decisions/0023-checkpoints-beside.md).
 */
import { statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { openDatabase } from "./file.ts";

/** How often it looks, in milliseconds. */
const LOOK_EVERY = 50;
/** Pages not copied yet from which on it copies: more would write less, and for longer at a time. */
const ENOUGH = 8000;
/** Looks between two decisions about the size of the log, and the pages written meanwhile up to which few write. */
const CALM_LOOKS = 100;
const CALM_PAGES = 500;
/** Bytes it keeps while nobody writes, and while few do: that is what it grows to between two copies. */
const IDLE_SIZE = 4 * 1024 * 1024;
const CALM_SIZE = 5000 * ENOUGH;
/** How often in a row it copies what came meanwhile: the log begins anew once nothing is left and nobody writes. */
const PASSES = 8;

const { file } = workerData as { file: string }; // set by checkpoints.ts
const db = openDatabase(file, "FULL");
db.exec("PRAGMA busy_timeout = 0"); // what another connection is in the way of can be done later
const pragma = (mode: "NOOP" | "PASSIVE" | "TRUNCATE") => {
	const statement = db.prepare(`PRAGMA wal_checkpoint(${mode})`);
	return (): { readonly log: number; readonly left: number } => {
		const { log, checkpointed } = statement.get() as { log: number; checkpointed: number }; // SQLite's own columns; both -1 before there is a log
		return { log, left: log - checkpointed };
	};
};
const [state, copied, emptied] = [pragma("NOOP"), pragma("PASSIVE"), pragma("TRUNCATE")];

let looks = 0;
let pages = 0;
function look(): void {
	try {
		const { log, left } = state();
		if (left >= ENOUGH) copy();
		if (++looks % CALM_LOOKS !== 0) return;
		const written = log - pages; // less than nothing where it began anew
		if (written >= 0 && written <= CALM_PAGES) shrink(written === 0 ? IDLE_SIZE : CALM_SIZE);
		pages = state().log;
	} catch {
		// whoever writes copies then, and says what is wrong
	}
}
function copy(): void {
	for (let pass = 0; pass < PASSES && copied().left > 0; pass++);
}
/** A log begins anew in the same file, which keeps the size of its peak. Emptying it holds writers off (9 ms for 32 MB), so only when few write. */
function shrink(most: number): void {
	if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) <= most) return;
	copy();
	if (state().left === 0) emptied();
}

const looking = setInterval(look, LOOK_EVERY);
parentPort?.once("message", () => {
	clearInterval(looking);
	db.close();
});
