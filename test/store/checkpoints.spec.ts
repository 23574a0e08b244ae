/** Checkpoints - a separate thread copies the write-ahead log into the file, and the last connection removes it. */
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { LogPartition } from "../../store/log.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { chainedAfter } from "../support/commits.ts";
import { Folder } from "../support/folder.ts";
import { eventually } from "../support/system.ts";

/** Pages of 4 KiB at which the copier thread copies, and those at which a writer would. */
const [ENOUGH, MOST] = [8000, 32_000];

let folder: Folder;
let file: string;
let store: SqliteLogStore | null;
beforeEach(() => {
	folder = new Folder();
	file = folder.file("events.db");
});
afterEach(async () => {
	await store?.close();
	folder.remove();
});
async function opened(): Promise<LogPartition> {
	store = new SqliteLogStore(file);
	return (await store.open("shop"))[0] as LogPartition; // one partition by default
}

/** Pages in the write-ahead log, and those already copied into the file. */
function copied(): { readonly written: number; readonly copied: number } {
	const db = new DatabaseSync(file);
	const { log, checkpointed } = db.prepare("PRAGMA wal_checkpoint(NOOP)").get() as { log: number; checkpointed: number }; // its own columns
	db.close();
	return { written: log, copied: checkpointed };
}

/** Appends commits that each fill one page. */
async function write(log: LogPartition, count: number): Promise<void> {
	const body = JSON.stringify({ filler: "x".repeat(4_000) });
	for (let left = count; left > 0; left -= 500) {
		const tail = await log.tail();
		const drafts = Array.from({ length: Math.min(500, left) }, (_, i) => ({ stream: `thing-${tail.position + i + 1}`, version: 0, body }));
		expect(await log.append(chainedAfter(tail, drafts))).toBe(true);
	}
}

const sizeOf = (name: string): number => statSync(name).size;

describe("the file of a log", () => {
	it("shrinks its write-ahead log when idle after a burst, and keeps every commit", async () => {
		const log = await opened();
		await write(log, 3000);
		expect(sizeOf(`${file}-wal`)).toBeGreaterThan(12_000_000);
		await eventually(() => expect(sizeOf(`${file}-wal`)).toBe(0), 30_000);
		expect((await log.tail()).position).toBe(3000);
		await write(log, 10);
		expect((await log.tail()).position).toBe(3010);
	});

	it("waits for readers without blocking writers", async () => {
		const log = await opened();
		await write(log, 10);
		const reader = new DatabaseSync(file, { readOnly: true });
		reader.exec("BEGIN; SELECT count(*) FROM log_shop_0");
		const count = (): unknown => reader.prepare("SELECT count(*) AS n FROM log_shop_0").get()?.["n"];
		expect(count()).toBe(10);
		await write(log, 3000);
		const until = performance.now() + 7000;
		for (let n = 1; performance.now() < until; n++) {
			await write(log, 1);
			expect([count(), (await log.tail()).position]).toEqual([10, 3010 + n]);
		}
		expect(sizeOf(`${file}-wal`)).toBeGreaterThan(12_000_000);
		reader.close();
		await eventually(() => expect(sizeOf(`${file}-wal`)).toBe(0), 30_000);
	});

	it("truncates its write-ahead log after a long read", async () => {
		const log = await opened();
		await write(log, 10);
		const reader = new DatabaseSync(file, { readOnly: true });
		reader.exec("BEGIN; SELECT count(*) FROM log_shop_0");
		reader.prepare("SELECT count(*) FROM log_shop_0").get();
		while (sizeOf(`${file}-wal`) < 150_000_000) await write(log, 2000);
		reader.close();
		await eventually(async () => {
			await write(log, 200);
			expect(sizeOf(`${file}-wal`)).toBeLessThan(140_000_000);
		});
	});
});

describe("a log that is written without a pause", () => {
	it("is copied before a writer would have to, and not for every few pages", async () => {
		const log = await opened();
		await write(log, ENOUGH / 2);
		expect(copied()).toEqual({ written: expect.any(Number), copied: 0 });
		await write(log, ENOUGH);
		await eventually(async () => expect(copied().copied).toBeGreaterThanOrEqual(ENOUGH));
		expect(copied().written).toBeLessThan(MOST);
		await store?.close();
		store = null;
		expect([existsSync(file), existsSync(`${file}-wal`)]).toEqual([true, false]);
	});
});
