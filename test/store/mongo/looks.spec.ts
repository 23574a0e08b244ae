/** MongoLooks - linearizable tail checks, which a replaced primary cannot answer, and the additional reads on a sharded cluster. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { type Document, Long } from "mongodb";
import { type LogPartition, StoreUnavailable } from "../../../store/log.ts";
import { MongoLogStore } from "../../../store/mongo/log.ts";
import { eventually } from "../../support/system.ts";
import { type Answer, WireServer } from "../../support/wire.ts";

const found = (command: Document, ...firstBatch: Document[]): Document => ({
	ok: 1,
	cursor: { id: Long.ZERO, ns: `wire.${command["find"]}`, firstBatch },
});
/** A server with a log of two partitions and no commits. */
const empty: Answer = (command) => {
	if ("findAndModify" in command) return { ok: 1, value: { _id: "radar", partitions: 2 } };
	return "find" in command ? found(command) : { ok: 1 };
};
const NO_SET = { setName: undefined, hosts: undefined, primary: undefined, me: undefined };
const ROUTER = { ...NO_SET, msg: "isdbgrid" };
const LINEARIZABLE = { readConcern: { level: "linearizable" }, maxTimeMS: 3000 };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).toReversed()) await close();
});
async function opened(answer: Answer, hello: Document = {}): Promise<{ readonly server: WireServer; readonly log: LogPartition }> {
	const server = await WireServer.start(answer, hello);
	const store = new MongoLogStore(server.url);
	closing.push(
		() => server.stop(),
		() => store.close(),
	);
	const [log] = await store.open("radar");
	if (!log) throw new Error("a log has at least one partition");
	server.commands.length = 0;
	return { server, log };
}
const lookOf = (server: WireServer): Document | undefined => server.named("find").at(-1);

describe("a check of the end of the log", () => {
	it.each([
		["a replica set", {}],
		["a sharded cluster", ROUTER],
	])("reads one document by _id from %s, linearizable, with a timeout", async (_what, hello) => {
		const { server, log } = await opened(empty, hello);
		expect(await log.endsAt(41)).toBe(true);
		expect(server.named("find")).toMatchObject([{ find: "log.radar.0", filter: { _id: 42 }, limit: 1, ...LINEARIZABLE }]);
	});

	it("finds a commit after the position", async () => {
		const { log } = await opened((command) => (command["filter"]?._id === 42 ? found(command, { _id: 42 }) : empty(command)));
		expect([await log.endsAt(41), await log.endsAt(42)]).toEqual([false, true]);
	});

	it("uses a local read on a standalone server, which is never replaced", async () => {
		const { server, log } = await opened(empty, NO_SET);
		expect(await log.endsAt(0)).toBe(true);
		expect(lookOf(server)?.["readConcern"]).toEqual({ level: "local" });
	});

	it("fails without a majority", async () => {
		const late = { ok: 0, code: 50, codeName: "MaxTimeMSExpired", errmsg: "operation exceeded time limit" };
		const { log } = await opened((command) => ("maxTimeMS" in command ? late : empty(command)));
		const look = log.endsAt(0);
		await expect(look).rejects.toThrow(StoreUnavailable);
		await expect(look).rejects.toThrow(/MaxTimeMSExpired/);
	});

	it("is linearizable as soon as the standalone server has become a replica set", async () => {
		const hello: Document = { ...NO_SET };
		const { server, log } = await opened(empty, hello);
		for (const part of Object.keys(NO_SET)) delete hello[part];
		await eventually(async () => {
			await log.endsAt(0);
			expect(lookOf(server)).toMatchObject(LINEARIZABLE);
		});
		await log.tail();
		expect(lookOf(server)?.["readConcern"]).toEqual({ level: "majority" });
	});
});

describe("a stream is read", () => {
	it("with majority read concern on a replica set", async () => {
		const { server, log } = await opened(empty);
		await log.streams(["radar-1"], 9);
		expect(lookOf(server)?.["readConcern"]).toEqual({ level: "majority" });
	});
	it("with a linearizable read where routers can disagree about the primary", async () => {
		const { server, log } = await opened(empty, ROUTER);
		await log.streams(["radar-1"], 9);
		expect(lookOf(server)).toMatchObject(LINEARIZABLE);
	});
});

describe("a sharded cluster", () => {
	const spread =
		(sharded: boolean): Answer =>
		(command) =>
			"collStats" in command ? { ok: 1, sharded } : empty(command);

	it("can keep each partition of a log on one shard", async () => {
		await opened(spread(false), ROUTER);
	});
	it("is refused if a partition is spread over shards, because its positions may not be unique", async () => {
		await expect(opened(spread(true), ROUTER)).rejects.toThrow(/^MongoDB: log\.radar\.\d is sharded, .*unshardCollection/);
	});
	it("is the only deployment that is asked for this", async () => {
		const { log } = await opened(spread(true));
		expect(await log.endsAt(0)).toBe(true);
	});
});
