/** The write-ahead log of a file is copied into it beside those who write, and cleared away by the last one out. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { LogPartition } from "../../store/log.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { chainedAfter } from "../support/commits.ts";
import { Folder } from "../support/folder.ts";
import { eventually } from "../support/system.ts";

/** Pages of 4 KiB that the thread beside lets come together, and those at which whoever writes would copy them. */
const [ENOUGH, MOST] = [8000, 32_000];

let folder: Folder;
let file: string;
beforeEach(() => {
	folder = new Folder();
	file = folder.file("events.db");
});
afterEach(() => folder.remove());

/** Pages written to the log, and those of them that are in the file already. */
function copied(): { readonly written: number; readonly copied: number } {
	const db = new DatabaseSync(file);
	const { log, checkpointed } = db.prepare("PRAGMA wal_checkpoint(NOOP)").get() as { log: number; checkpointed: number }; // its own columns
	db.close();
	return { written: log, copied: checkpointed };
}

/** Appends so many commits as large as a page each. */
async function write(log: LogPartition, count: number): Promise<void> {
	const body = JSON.stringify({ filler: "x".repeat(4_000) });
	for (let left = count; left > 0; left -= 500) {
		const tail = await log.tail();
		const drafts = Array.from({ length: Math.min(500, left) }, (_, i) => ({ stream: `thing-${tail.position + i + 1}`, version: 0, body }));
		expect(await log.append(chainedAfter(tail, drafts))).toBe(true);
	}
}

describe("a log that is written without a pause", () => {
	it("is copied before whoever writes would have to, and not for every few pages", async () => {
		const store = new SqliteLogStore(file);
		const log = (await store.open("shop"))[0] as LogPartition; // one, where nothing else is said
		await write(log, ENOUGH / 2);
		expect(copied()).toEqual({ written: expect.any(Number), copied: 0 });
		await write(log, ENOUGH);
		await eventually(async () => expect(copied().copied).toBeGreaterThanOrEqual(ENOUGH));
		expect(copied().written).toBeLessThan(MOST);
		await store.close();
		expect([existsSync(file), existsSync(`${file}-wal`)]).toEqual([true, false]);
	});
});
