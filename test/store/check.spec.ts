/** Check - the checks of the files of a data folder at the start, and the error for each kind of damage. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { StoreDamaged } from "../../store/log.ts";
import { checkFiles } from "../../store/sqlite/check.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { SqliteRowStore } from "../../store/sqlite/rows.ts";
import { CARS } from "../support/cars.ts";
import { EMPTY, tail, things } from "../support/commits.ts";
import { Folder } from "../support/folder.ts";
import { overwrite, placeOf } from "../support/machine.ts";

const COUNT = 1000;
let folder: Folder;
let events: string;
let rows: string;
beforeEach(() => {
	folder = new Folder();
	[events, rows] = [folder.file("events.db"), folder.file("rows.db")];
});
afterEach(() => folder.remove());

/** Creates a log with commits in its partitions, and rows made from the given number of commits of the first one. */
async function kept({ partitions = 1, commits = COUNT, taken = COUNT } = {}, [log, models] = [events, rows]): Promise<void> {
	const logs = new SqliteLogStore(log, partitions);
	for (const partition of await logs.open("shop")) await partition.append(things(commits));
	await logs.close();
	const store = new SqliteRowStore(models);
	const table = await store.open(CARS);
	await table.save([], [{ partition: "shop:0", from: tail(0), to: taken === 0 ? EMPTY : (things(COUNT)[taken - 1] ?? tail(taken)) }]);
	await store.close();
}
function sql(file: string, text: string): void {
	const db = new DatabaseSync(file, { defensive: false });
	db.exec(text);
	db.close();
}
/** Writes an entry into SQLite's catalog, as tools other than this one can. */
const HIDDEN = "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema";
/** Appends to the log and makes rows from it, one commit at a time, until its input ends. */
const WRITER = new URL("../support/log-and-rows.ts", import.meta.url).pathname;
function tailIn(file: string): number {
	const db = new DatabaseSync(file, { readOnly: true });
	const tail = Number(db.prepare("SELECT max(position) AS tail FROM log_shop_0").get()?.["tail"]);
	db.close();
	return tail;
}
const said = (): string => {
	try {
		checkFiles(events, rows);
		return "fine";
	} catch (error) {
		return error instanceof StoreDamaged ? error.message.replace(/ (Put back|To continue|Nothing).*/, "") : String(error);
	}
};

describe("two files", () => {
	it("that do not exist yet are accepted", () => expect(said()).toBe("fine"));

	it("that are empty are accepted", () => {
		for (const file of [events, rows]) writeFileSync(file, "");
		expect(said()).toBe("fine");
	});

	it.each([1, 3])("are accepted after a clean stop, with %i partitions", async (partitions) => {
		await kept({ partitions });
		expect(said()).toBe("fine");
	});

	it("are accepted if the rows are behind or missing", async () => {
		await kept({ taken: 1 });
		expect(said()).toBe("fine");
		rmSync(rows);
		expect(said()).toBe("fine");
	});

	it("do not belong together if the rows are one commit ahead", async () => {
		await kept({ taken: COUNT + 1 });
		expect(said()).toBe(`events.db ends at shop:0:${COUNT}, but rows.db was made from shop:0:${COUNT + 1}: commits are missing.`);
	});

	it("do not belong together if the rows were made from a missing log", async () => {
		await kept();
		sql(rows, "UPDATE checkpoints SET partition = 'market:0', position = 1");
		expect(said()).toBe("events.db ends at market:0:0, but rows.db was made from market:0:1: commits are missing.");
	});

	it("do not belong together if the rows were made from another history, however long the log is", async () => {
		await kept({ taken: 10 });
		sql(rows, "UPDATE checkpoints SET hash = 'another'");
		expect(said()).toBe(
			"rows.db was made from another history than events.db holds: shop:0:10 is not the commit it was made from. If events.db is the right one, move rows.db, its -wal and its -shm away and start again: it is rebuilt from events.db; else put back the events.db it belongs to",
		);
	});

	it("are accepted while another process writes to both", async () => {
		await kept({ commits: 200_000 });
		const writing = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", WRITER, events, rows], {
			stdio: ["pipe", "pipe", "inherit"],
		});
		await once(writing.stdout, "data");
		const before = tailIn(events);
		const all = new Set<string>();
		for (let checks = 0; checks < 40 || tailIn(events) - before < 40; checks++) all.add(said());
		writing.stdin.end();
		await once(writing, "exit");
		expect([...all]).toEqual(["fine"]);
	});

	it("are not changed by the check", async () => {
		await kept();
		sql(events, `UPDATE log_shop_0 SET body = 'other' WHERE position = ${COUNT}`);
		const before = [readFileSync(events), readFileSync(rows)];
		expect(said()).not.toBe("fine");
		expect([readFileSync(events), readFileSync(rows)]).toEqual(before);
	});
});

describe("a file with foreign content", () => {
	const log = (what: string): string => `events.db is damaged (${what} does not belong there).`;
	const models = (what: string): string => `rows.db is damaged (${what} does not belong there).`;
	it.each([
		[
			"a trigger on the log",
			() => events,
			"CREATE TRIGGER t AFTER INSERT ON log_shop_0 BEGIN DELETE FROM heads; END",
			log("the trigger t"),
		],
		[
			"a view in place of a table",
			() => events,
			"ALTER TABLE room RENAME TO other; CREATE VIEW room AS SELECT * FROM other",
			log("the table other"),
		],
		["an additional table", () => events, "CREATE TABLE extra (id INTEGER)", log("the table extra")],
		[
			"a table without our constraints",
			() => events,
			`DROP TABLE log_shop_0; CREATE TABLE "log_shop_0" (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (stream, version) ON CONFLICT REPLACE) STRICT`,
			log("the table log_shop_0"),
		],
		[
			"a trigger on rows",
			() => rows,
			"CREATE TRIGGER t AFTER INSERT ON rows_cars BEGIN DELETE FROM checkpoints; END",
			models("the trigger t"),
		],
		["a generated column", () => rows, "ALTER TABLE totals ADD COLUMN more INTEGER AS (total * 2)", models("the table totals")],
		[
			"a trigger whose name looks like one of SQLite's own",
			() => events,
			`${HIDDEN} VALUES ('trigger', 'sqlite_t', 'log_shop_0', 0, 'CREATE TRIGGER sqlite_t AFTER INSERT ON log_shop_0 BEGIN DELETE FROM heads; END')`,
			log("the trigger sqlite_t"),
		],
		[
			"a view whose name looks like one of SQLite's own",
			() => rows,
			`${HIDDEN} VALUES ('view', 'sqlite_stat1', 'sqlite_stat1', 0, 'CREATE VIEW sqlite_stat1 AS SELECT 1')`,
			models("the view sqlite_stat1"),
		],
		["a view of rows", () => rows, "CREATE VIEW rows_more AS SELECT * FROM rows_cars", models("the view rows_more")],
		["an index that refuses rows", () => rows, "CREATE UNIQUE INDEX u ON rows_cars (due)", models("the index u")],
		["an index of a kind that is not ours", () => rows, "CREATE INDEX u ON rows_cars (abs(rev), id)", models("the index u")],
		["an index of the log", () => events, "CREATE INDEX u ON log_shop_0 (body)", log("the index u")],
		["a table of rows with a default", () => rows, "ALTER TABLE rows_cars ADD COLUMN by_more DEFAULT (1)", models("the table rows_cars")],
		["a column of another name", () => rows, "ALTER TABLE checkpoints ADD COLUMN more TEXT", models("the table checkpoints")],
		["a virtual table", () => rows, "CREATE VIRTUAL TABLE rows_more USING fts5(text)", models("the table rows_more")],
	])("with %s is not opened, and an opened store reports it", async (_what, file, change, expected) => {
		await kept();
		sql(file(), change);
		expect(said()).toBe(expected);
		const store = file() === events ? new SqliteLogStore(events) : new SqliteRowStore(rows);
		const [, name = "", part = ""] = /^(\S+) is damaged \((.*) does not belong there\)/.exec(expected) ?? [];
		expect(await store.foreign()).toContain(`${part} in ${name}`);
		await store.close();
	});
	it("that SQLite made by itself is opened", async () => {
		await kept();
		for (const file of [events, rows]) sql(file, "ANALYZE");
		expect(said()).toBe("fine");
	});
});

describe("a log", () => {
	const base = new Folder();
	beforeAll(async () => {
		await kept({ partitions: 2 }, [base.file("events.db"), base.file("rows.db")]);
	});
	afterAll(() => base.remove());
	beforeEach(() => {
		for (const name of ["events.db", "rows.db"]) cpSync(base.file(name), folder.file(name));
	});

	it.each([
		[
			"the last commit",
			`UPDATE log_shop_1 SET body = body || ' ' WHERE position = ${COUNT}`,
			`shop:1:${COUNT} does not follow from the commit before it`,
		],
		[
			"one of the last two hundred",
			`UPDATE log_shop_0 SET body = body || ' ' WHERE position = ${COUNT - 199}`,
			`shop:0:${COUNT - 199} does not follow from the commit before it`,
		],
		[
			"the first commit",
			"UPDATE log_shop_0 SET body = body || ' ' WHERE position = 1",
			"shop:0:1 does not follow from the commit before it",
		],
		[
			"one in the middle, on the way of the sample",
			"UPDATE log_shop_0 SET stream = 'thing-x' WHERE position = 501",
			"shop:0:501 does not follow from the commit before it",
		],
	])("with a change of %s is reported", (_what, change, wrong) => {
		sql(events, change);
		expect(said()).toBe(`events.db is damaged (${wrong}).`);
	});

	it.each([
		["last but one", `DELETE FROM log_shop_0 WHERE position = ${COUNT - 1}`, `shop:0:${COUNT - 1} is missing`],
		["first", "DELETE FROM log_shop_0 WHERE position = 1", "shop:0:1 is missing"],
	])("without its %s commit is reported", (_what, change, wrong) => {
		sql(events, change);
		expect(said()).toBe(`events.db is damaged (${wrong}).`);
	});

	it("that ends before a signed head is reported", () => {
		sql(events, `INSERT INTO heads SELECT 'shop:1', position, hash, '', '', '' FROM log_shop_1 WHERE position = ${COUNT}`);
		expect(said()).toBe("fine");
		sql(events, `DELETE FROM log_shop_1 WHERE position = ${COUNT}`);
		expect(said()).toBe(`events.db is damaged (shop:1:${COUNT} is not the commit that was signed).`);
	});

	it("that was rewritten below its signed head is reported", () => {
		sql(events, "INSERT INTO heads VALUES ('shop:0', 500, 'another hash', '', '', '')");
		expect(said()).toBe("events.db is damaged (shop:0:500 is not the commit that was signed).");
	});

	it("whose index lacks its last commit is reported", () => {
		const last = `thing-${COUNT}`;
		overwrite(events, placeOf(events, "sqlite_autoindex_log_shop_0_1", last), "x".repeat(last.length));
		expect(said()).toMatch(/^events\.db is damaged \(shop:0:\d+ is not in its index\)\.$/); // a search by the damaged index may fail at an earlier commit
	});

	it("whose rows come from an earlier version is reported", () => {
		sql(rows, "CREATE TABLE rows_old (id TEXT PRIMARY KEY, rev INTEGER NOT NULL)");
		expect(said()).toBe("rows.db is damaged (rows_old is as an earlier version made it).");
	});

	it("without any commit is accepted", async () => {
		for (const name of ["events.db", "rows.db"]) rmSync(folder.file(name));
		await kept({ commits: 0, taken: 0 });
		expect(said()).toBe("fine");
	});
});
