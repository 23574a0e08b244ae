/**
 * WalCopierWorker - copies the write-ahead log of one file into the file while others write, so that their transactions do not have to
 * (docs/decisions/0023-checkpoints-beside.md).
 */
import { statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { openDatabase } from "./file.ts";

/** Poll interval in milliseconds. */
const LOOK_EVERY = 50;
/** Number of uncopied pages at which it copies: a larger value writes fewer pages in total, but takes longer each time. */
const ENOUGH = 8000;
/** Polls between two size checks of the write-ahead log, and the pages written meanwhile that count as low load. */
const CALM_LOOKS = 100;
const CALM_PAGES = 500;
/** Bytes kept while idle, and under low load, where the write-ahead log grows to this size between two copies. */
const IDLE_SIZE = 4 * 1024 * 1024;
const CALM_SIZE = 5000 * ENOUGH;
/** Maximum consecutive copies; the write-ahead log restarts when every page is copied and no connection writes. */
const PASSES = 8;

const { file } = workerData as { file: string }; // set by wal-copier.ts
const db = openDatabase(file, "FULL");
db.exec("PRAGMA busy_timeout = 0"); // never waits: a blocked copy is retried at the next poll
const pragma = (mode: "NOOP" | "PASSIVE" | "TRUNCATE") => {
	const statement = db.prepare(`PRAGMA wal_checkpoint(${mode})`);
	return (): { readonly log: number; readonly left: number } => {
		const { log, checkpointed } = statement.get() as { log: number; checkpointed: number }; // SQLite's own columns; both are -1 before there is a write-ahead log
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
		const written = log - pages; // negative after a restart
		if (written >= 0 && written <= CALM_PAGES) shrink(written === 0 ? IDLE_SIZE : CALM_SIZE);
		pages = state().log;
	} catch {
		// the writer then copies itself, and reports the error
	}
}
function copy(): void {
	for (let pass = 0; pass < PASSES && copied().left > 0; pass++);
}
/** Truncates the file, which a restart leaves at its peak size. It blocks writers (9 ms for 32 MB), so it runs only under low load. */
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
