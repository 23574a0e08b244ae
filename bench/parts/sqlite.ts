/**
 * The log on SQLite against bare node:sqlite - the same commits in the same batches, each batch on the disk before the next (WAL,
 * synchronous=FULL): the overhead of the store over SQLite.
 *
 * node bench/parts/sqlite.ts [--ms 2000] [--rounds 3]
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LogPartition } from "../../store/log.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { type Cost, middle, timed } from "./appending.ts";
import { Commits } from "../rig/commits.ts";
import { share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { freshFolder } from "../rig/product.ts";

const { ms, rounds } = numbers({ ms: "2000", rounds: "3" });
const sizes = [1, 10, 100, 1_000] as const;

async function bare(size: number): Promise<Cost> {
	const folder = freshFolder("bare-sqlite");
	const db = new DatabaseSync(join(folder.path, "events.db"));
	db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 16000");
	db.exec(
		"CREATE TABLE log (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (stream, version)) STRICT",
	);
	const insert = db.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?)");
	const cost = await timed(ms, size, async (batch) => {
		db.exec("BEGIN IMMEDIATE");
		for (const { position, stream, version, body, hash } of batch) insert.run(position, stream, version, body, hash);
		db.exec("COMMIT");
		return true;
	});
	db.close();
	folder.remove();
	return cost;
}

async function stored(size: number): Promise<Cost> {
	const folder = freshFolder("store-sqlite");
	const store = new SqliteLogStore(join(folder.path, "events.db"));
	const [log] = await store.open("radar");
	const cost = await timed(ms, size, (batch) => (log as LogPartition).append(batch)); // `open` returned one partition
	await store.close();
	folder.remove();
	return cost;
}

async function measure(): Promise<Result> {
	const rows = [];
	for (const size of sizes) {
		const [bares, stores]: [Cost[], Cost[]] = [[], []];
		for (let round = 0; round < rounds; round++) {
			bares.push(await bare(size));
			stores.push(await stored(size));
		}
		const [without, within] = [middle(bares), middle(stores)];
		say(`by ${size}: bare ${Math.round(without.perSecond)}/s, store ${Math.round(within.perSecond)}/s`);
		rows.push([
			size,
			without.perSecond,
			within.perSecond,
			share(within.perSecond, without.perSecond),
			without.cpuMicros,
			within.cpuMicros,
			without.waitMs,
			within.waitMs,
		]);
	}
	return {
		about: `Commits with bodies of real sizes (median ${new Commits().medianBytes} bytes), appended in batches one after the other, each on the disk before the next (WAL, synchronous=FULL), to a fresh file. Bare: one table with the same unique index, on the calling thread. The store compares the tail in the transaction and writes on a thread of its own. ${rounds > 1 ? `Medians of ${rounds} rounds, taking turns.` : ""}`,
		tables: [
			{
				columns: [
					"batch",
					"bare commits/s",
					"store commits/s",
					"share",
					"bare CPU µs",
					"store CPU µs",
					"bare ms a batch",
					"store ms a batch",
				],
				rows,
			},
		],
	};
}

await run(measure);
