/** MongoFaults - the requests of the log and the rows to MongoDB, and their behavior when it is misconfigured, fails or does not answer. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { type Document, Long } from "mongodb";
import { type LogPartition, StoreUnavailable } from "../../../store/log.ts";
import { MongoLogStore } from "../../../store/mongo/log.ts";
import { MongoRowStore } from "../../../store/mongo/rows.ts";
import { blank } from "../../../store/rows.ts";
import { becomes, CARS } from "../../support/cars.ts";
import { tail, things } from "../../support/commits.ts";
import { type Answer, WireServer } from "../../support/wire.ts";

const FINE: Document = { ok: 1 };
/** A server with a log of two partitions and no commits. */
const empty: Answer = (command) => {
	if ("findAndModify" in command) return { ok: 1, value: { _id: "radar", partitions: 2 } };
	if ("find" in command) return { ok: 1, cursor: { id: Long.ZERO, ns: `wire.${command["find"]}`, firstBatch: [] } };
	if ("insert" in command) return { ok: 1, n: command["documents"].length };
	return FINE;
};
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).toReversed()) await close();
});
const serve = async (answer: Answer, hello?: Document): Promise<WireServer> => {
	const server = await WireServer.start(answer, hello);
	closing.push(() => server.stop());
	return server;
};
const logsAt = (url: string, partitions?: number): MongoLogStore => {
	const store = new MongoLogStore(url, partitions);
	closing.push(() => store.close());
	return store;
};
const first = async (store: MongoLogStore): Promise<LogPartition> => {
	const [partition] = await store.open("radar");
	if (!partition) throw new Error("a log has at least one partition");
	return partition;
};
const secondsOf = async (task: Promise<unknown>): Promise<number> => {
	const start = performance.now();
	await task.catch(() => undefined);
	return (performance.now() - start) / 1000;
};

describe("the log requires MongoDB", () => {
	it("to acknowledge each append by a majority with journal, as one ordered insert", async () => {
		const server = await serve(empty);
		const log = await first(logsAt(server.url));
		expect(await log.append(things(100))).toBe(true);
		const [insert, ...more] = server.named("insert");
		expect(more).toEqual([]);
		expect(insert).toMatchObject({ insert: "log.radar.0", ordered: true, writeConcern: { w: "majority", j: true } });
		expect(insert?.["documents"].map(({ _id }: Document) => _id)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
	});

	it("to read from the primary with majority read concern, whatever the URL says", async () => {
		const server = await serve(empty);
		const log = await first(logsAt(`${server.url}?readPreference=secondary&readConcernLevel=local&w=0`));
		await log.tail();
		await log.read(0, 10);
		await log.streams(["radar-1"], 9);
		await log.heads();
		const reads = server.named("find");
		expect(reads).toHaveLength(4);
		for (const read of reads) expect(read["readConcern"]).toEqual({ level: "majority" });
		for (const read of reads) expect(read["$readPreference"] ?? { mode: "primary" }).toEqual({ mode: "primary" });
		expect(await log.append(things(1))).toBe(true);
		expect(server.named("insert")[0]?.["writeConcern"]).toMatchObject({ w: "majority", j: true });
	});

	it("to keep each version of a stream unique, before it returns the partition", async () => {
		const server = await serve(empty);
		await logsAt(server.url).open("radar");
		const made = server.named("createIndexes").filter((command) => command["createIndexes"].startsWith("log."));
		expect(made.map((command) => command["createIndexes"]).toSorted()).toEqual(["log.radar.0", "log.radar.1"]);
		for (const { indexes } of made) expect(indexes).toMatchObject([{ key: { stream: 1, version: 1 }, unique: true }]);
	});

	it("to store the number of partitions of a new log, 16 by default", async () => {
		const server = await serve(empty);
		await logsAt(server.url).open("radar");
		await logsAt(server.url, 2).open("radar");
		expect(server.named("findAndModify").map(({ update }) => update)).toEqual([
			{ $setOnInsert: { partitions: 16 } },
			{ $setOnInsert: { partitions: 2 } },
		]);
		for (const asked of server.named("findAndModify"))
			expect(asked).toMatchObject({ upsert: true, writeConcern: { w: "majority", j: true } });
	});
});

describe("an append that did not cleanly succeed", () => {
	const appended = async (answer: Document): Promise<boolean | string> => {
		const server = await serve((command) => ("insert" in command ? answer : empty(command)));
		const log = await first(logsAt(server.url));
		return log.append(things(3)).catch((error: unknown) => (error instanceof StoreUnavailable ? "unknown" : "something else"));
	};
	it.each([
		["was refused as a duplicate", { ok: 1, n: 1, writeErrors: [{ index: 1, code: 11_000, errmsg: "E11000 duplicate key" }] }, false],
		["wrote fewer than were sent", { ok: 1, n: 2 }, false],
		["has no majority", { ok: 1, n: 3, writeConcernError: { code: 64, errmsg: "waiting for replication timed out" } }, "unknown"],
		["failed at a document", { ok: 1, n: 1, writeErrors: [{ index: 1, code: 14_031, errmsg: "out of disk space" }] }, "unknown"],
		["failed as a whole", { ok: 0, code: 13, codeName: "Unauthorized", errmsg: "not authorized" }, "unknown"],
	] as const)("because it %s is never taken for one", async (_why, answer, outcome) => {
		expect(await appended({ ...answer })).toBe(outcome);
	});

	it("because the server did not answer fails in a few seconds", async () => {
		const server = await serve((command) => ("insert" in command ? undefined : empty(command)));
		const log = await first(logsAt(server.url));
		const asked = log.append(things(1));
		expect(await secondsOf(asked)).toBeLessThan(15);
		await expect(asked).rejects.toThrow(StoreUnavailable);
	});
});

describe("a MongoDB that", () => {
	const refused = { ok: 0, code: 13, codeName: "Unauthorized", errmsg: `not authorized on wire to execute command { find: "logs" }` };

	it("cannot be reached is reported in a few seconds, with its host and without the password", async () => {
		const probe = createServer().listen(0, "127.0.0.1");
		await once(probe, "listening");
		const { port } = probe.address() as AddressInfo; // it listens on TCP
		await new Promise((closed) => probe.close(closed));
		const url = `mongodb://operator:secret@127.0.0.1:${port}/radars`;
		for (const store of [logsAt(url), new MongoRowStore(url)]) {
			const asked = store.ready();
			expect(await secondsOf(asked)).toBeLessThan(5);
			await expect(asked).rejects.toThrow(StoreUnavailable);
			await expect(asked).rejects.toThrow(new RegExp(`MONGO_URL, database "radars" at 127\\.0\\.0\\.1:${port}: no answer .*ECONNREFUSED`));
			await expect(asked).rejects.toThrow(expect.objectContaining({ message: expect.not.stringContaining("secret") }));
			await store.close();
		}
	});

	it("accepts the connection but never answers is reported in a few seconds, too", async () => {
		const silent = createServer((socket) => void socket.resume()).listen(0, "127.0.0.1");
		await once(silent, "listening");
		closing.push(() => new Promise((closed) => silent.close(() => closed())));
		const { port } = silent.address() as AddressInfo; // it listens on TCP
		const store = logsAt(`mongodb://127.0.0.1:${port}`);
		expect(await secondsOf(store.ready())).toBeLessThan(10);
	});

	it("refuses the user is reported with the role that the user needs", async () => {
		const server = await serve((command) => ("find" in command ? refused : empty(command)));
		await expect(logsAt(server.url).ready()).rejects.toThrow(/the user is refused \(Unauthorized\): it needs readWrite on the database/);
	});

	it("is too old for the driver is reported", async () => {
		const server = await serve(empty, { maxWireVersion: 6 });
		await expect(logsAt(server.url).ready()).rejects.toThrow(/too old.*wire version 6.*at least/);
	});

	it("is a standalone server is used with a warning, because it has no majority", async () => {
		const alone = { setName: undefined, hosts: undefined, primary: undefined, me: undefined };
		const server = await serve(empty, alone);
		const store = logsAt(server.url);
		const log = await first(store);
		await log.tail();
		expect(server.named("find").map(({ readConcern }) => readConcern?.level)).toEqual(["local"]);
		expect(store.warnings).toEqual([expect.stringMatching(/^MONGO_URL is a standalone server: .*replica set, even of one member/)]);
	});

	it.each([
		["a replica set", {}],
		["a sharded cluster", { setName: undefined, hosts: undefined, primary: undefined, me: undefined, msg: "isdbgrid" }],
	])("is %s needs no warning", async (_what, hello) => {
		const server = await serve(empty, hello);
		const store = logsAt(server.url);
		await store.ready();
		expect(store.warnings).toEqual([]);
		expect(server.named("find")[0]?.["readConcern"]).toEqual({ level: "majority" });
	});

	it("is available again is used again, without a restart", async () => {
		let away = true;
		const server = await serve((command) => (away && "find" in command ? refused : empty(command)));
		const store = logsAt(server.url);
		await expect(store.ready()).rejects.toThrow(StoreUnavailable);
		away = false;
		await store.ready();
	});

	it("has an invalid URL is reported at once", () =>
		expect(() => new MongoLogStore("postgres://localhost")).toThrow(/MONGO_URL is not valid: .*mongodb:/));
});

describe("a store that is closed", () => {
	it("fails every call", async () => {
		const server = await serve(empty);
		const store = logsAt(server.url);
		const log = await first(store);
		await store.close();
		await expect(log.tail()).rejects.toThrow(StoreUnavailable);
		await expect(store.open("radar")).rejects.toThrow(StoreUnavailable);
	});

	it("does not wait for a server that no longer answers", async () => {
		const server = await serve((command) => ("insert" in command ? undefined : empty(command)));
		const store = logsAt(server.url);
		const log = await first(store);
		const asked = log.append(things(1));
		while (server.named("insert").length === 0) await new Promise(setImmediate);
		expect(await secondsOf(store.close())).toBeLessThan(5);
		await expect(asked).rejects.toThrow(StoreUnavailable);
	});
});

describe("rows that are saved", () => {
	const isRows = ({ update, insert }: Document): boolean => (update ?? insert) === "rows.cars";
	const raised = (server: WireServer): Document[] => server.named("update").filter(({ update }) => update === "checkpoints");
	/** A row of revision 1 and a new one, in a table with its checkpoint at 5; `written` answers a write of rows. */
	async function saved(written: Answer, from = 5, raises = 1): Promise<{ readonly server: WireServer; readonly outcome: unknown }> {
		const server = await serve((command) => {
			const kept = [{ _id: "cars", places: { "cars:0": "000000000000005 hash-5" } }];
			if (command["find"] === "checkpoints") return { ok: 1, cursor: { id: Long.ZERO, ns: "wire.checkpoints", firstBatch: kept } };
			if (command["update"] === "checkpoints") return { ok: 1, n: raises, nModified: raises };
			return isRows(command) ? written(command) : empty(command);
		});
		const store = new MongoRowStore(server.url);
		closing.push(() => store.close());
		const table = await store.open(CARS);
		server.commands.length = 0;
		const changes = [becomes({ ...blank("a"), rev: 1, at: { "cars:0": 3 } }, { colour: "red" }), becomes(blank("b"), { colour: "blue" })];
		const outcome = await table
			.save(changes, [{ partition: "cars:0", from: tail(from), to: tail(9) }])
			.catch((error: unknown) => (error instanceof StoreUnavailable ? "unknown" : error));
		return { server, outcome };
	}

	it("are each written if unchanged since they were read, then the checkpoint, which only rises", async () => {
		const { server, outcome } = await saved(() => ({ ok: 1, n: 1, nModified: 1 }));
		expect(outcome).toBe(true);
		const [update] = server.named("update");
		expect(update).toMatchObject({ update: "rows.cars", ordered: false, writeConcern: { w: "majority", j: true } });
		expect(update?.["updates"]).toMatchObject([{ q: { _id: "a", rev: 1, at: { "cars:0": 3 } }, u: { rev: 2, at: { "cars:0": 4 } } }]);
		expect(update?.["updates"][0]["upsert"] ?? false).toBe(false);
		expect(server.named("insert")[0]?.["documents"]).toMatchObject([{ _id: "b", rev: 1 }]);
		expect(raised(server).map(({ updates }) => updates)).toMatchObject([
			[{ q: { _id: "cars", "places.cars:0": "000000000000005 hash-5" }, u: { $max: { "places.cars:0": "000000000000009 hash-9" } } }],
		]);
		expect(server.commands.findLastIndex(isRows)).toBeLessThan(server.commands.findIndex(({ update: of }) => of === "checkpoints"));
	});

	it.each([
		["one was changed meanwhile", { update: { n: 0, nModified: 0 } }, false],
		["a new one already existed", { insert: { n: 0, writeErrors: [{ index: 0, code: 11_000, errmsg: "E11000 duplicate key" }] } }, false],
		["one has no majority", { update: { writeConcernError: { code: 64, errmsg: "timed out" } } }, "unknown"],
		["the server shut down", { insert: { ok: 0, code: 11_600, codeName: "InterruptedAtShutdown", errmsg: "interrupted" } }, "unknown"],
	])("move no checkpoint when %s", async (_why, answers: { readonly update?: object; readonly insert?: object }, expected) => {
		const { server, outcome } = await saved((command) => ({ ok: 1, n: 1, ...("update" in command ? answers.update : answers.insert) }));
		expect(outcome).toBe(expected);
		expect(raised(server)).toEqual([]);
	});

	it("are folded again if another process moved the checkpoint during the write", async () => {
		const { server, outcome } = await saved(() => ({ ok: 1, n: 1, nModified: 1 }), 5, 0);
		expect(raised(server)).toHaveLength(1);
		expect(outcome).toBe(false);
	});

	it.each([4, 6])("are not written if they start at position %d and the checkpoint does not", async (from) => {
		const { server, outcome } = await saved(() => ({ ok: 1, n: 1, nModified: 1 }), from);
		expect(outcome).toBe(false);
		expect(server.commands.filter(isRows)).toEqual([]);
		expect(raised(server)).toEqual([]);
	});
});

describe("the first generation of rows", () => {
	it("is the one stored first, for all concurrent callers", async () => {
		const theirs = { number: 1, state: "live", spec: JSON.stringify(CARS), code: "theirs", begun: "2026-03-01T00:00:00.000Z" };
		let kept: Document[] = [];
		const server = await serve((command) => {
			if (command["find"] === "generations") return { ok: 1, cursor: { id: Long.ZERO, ns: "wire.generations", firstBatch: kept } };
			if (command["insert"] !== "generations") return empty(command);
			kept = [{ _id: "cars", rev: 1, last: 1, generations: [theirs] }];
			return { ok: 1, n: 0, writeErrors: [{ index: 0, code: 11_000, errmsg: "E11000 duplicate key" }] };
		});
		const store = new MongoRowStore(server.url);
		closing.push(() => store.close());
		expect(await store.liveGeneration(CARS, "mine", "2026-03-02T00:00:00.000Z")).toEqual({ ...theirs, spec: CARS });
		expect(server.named("update")).toEqual([]);
	});
});
