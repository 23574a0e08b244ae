/** Live - the live feed of a context: its pages lose and repeat no fact, and no follower remains after its last reader. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { callsOf } from "../../support/access.ts";
import { type Running, start } from "../../../node/start.ts";
import type { LiveAsked, LivePage } from "../../../mixins/logs/live.ts";
import { LIVE, LiveFollower } from "../../../mixins/logs/live-follower.ts";
import { storageOf } from "../../../mixins/logs/storage.ts";
import { nodeTimers } from "../../../mixins/common/timers.ts";
import { Folder } from "../../support/folder.ts";
import { eventually } from "../../support/system.ts";
import { turns } from "../../support/turns.ts";

const passage = { radar: "R0", plate: "AB-123-CD", country: "FR", speedKmh: 110, capturedAt: "2026-03-01T08:00:00.000Z" };

describe("a live feed", () => {
	let folder: Folder;
	let system: Running;
	beforeEach(async () => {
		folder = new Folder();
		system = await start({ DATA_DIR: folder.path, SERVICES: "radar", LOG_LEVEL: "fatal" });
		await install(0);
	});
	afterEach(async () => {
		await system.stop();
		folder.remove();
	});
	const context = () => storageOf(system.broker).context("radar");
	const watched = async () => (await context()).followers("radar:0").filter(({ of }) => of === LIVE).length;
	const install = (n: number) => callsOf(system.broker)("radar.install", { id: `R${n}`, kind: "fixed", latitude: 48, longitude: 2 });
	const page = (asked: LiveAsked) => callsOf(system.broker)<LivePage>("radar-log.live", asked);
	const told = ({ facts }: LivePage) => facts.map(({ partition, position, part, type }) => `${partition}:${position} ${part} ${type}`);
	/** Writes a commit directly into the log. */
	const write = async (position: number, stream: string, body: string) => {
		const [log] = (await context()).partitions;
		expect(await log?.append([{ position, stream, version: 0, body, hash: "" }])).toBe(true);
	};

	it("begins at the end of the log without a position, and continues from there", async () => {
		const first = await page({});
		expect(first).toEqual({ facts: [], before: "radar:0:1", after: "radar:0:1", unreadable: null });
		await install(1);
		const next = await page({ after: first.after });
		expect([told(next), next.before, next.after]).toEqual([["radar:0:2 null radar.installed"], "radar:0:1", "radar:0:2"]);
	});
	it("answers a waiting reader as soon as there is a fact", async () => {
		const waiting = page({ after: "radar:0:1", wait: 10_000 });
		await eventually(async () => expect(await watched()).toBe(1));
		const begun = performance.now();
		await install(1);
		expect(told(await waiting)).toEqual(["radar:0:2 null radar.installed"]);
		expect(performance.now() - begun).toBeLessThan(5_000);
	});
	it("answers with an empty page when the wait is over", async () =>
		expect(await page({ after: "radar:0:1", wait: 20 })).toMatchObject({ facts: [], after: "radar:0:1" }));
	it("continues in the middle of a decision, and marks the facts before its last one", async () => {
		await callsOf(system.broker)("detection.record", { id: "d-1", ...passage });
		expect(told(await page({ after: "radar:0:1" }))).toEqual(["radar:0:2 1 detection.recorded", "radar:0:2 null detection.discarded"]);
		const rest = await page({ after: "radar:0:2.1" });
		expect([rest.before, told(rest), rest.after]).toEqual(["radar:0:2.1", ["radar:0:2 null detection.discarded"], "radar:0:2"]);
		await expect(page({ after: "radar:0:3.1" })).rejects.toMatchObject({
			code: 422,
			data: [{ field: "Last-Event-ID", actual: "radar:0:3" }],
		});
	});
	it("skips facts of other types, and returns the position after them", async () => {
		const { facts, after } = await page({ after: "radar:0:0", types: ["radar.retired"] });
		expect([facts, after]).toEqual([[], "radar:0:1"]);
	});
	it("returns a long log in pages, each fact once and in order", async () => {
		for (let n = 1; n < 600; n++) await install(n);
		const positions: number[] = [];
		const sizes: number[] = [];
		for (let after = "radar:0:0"; after !== "radar:0:600";) {
			const { facts, after: to } = await page({ after });
			positions.push(...facts.map(({ position }) => position));
			sizes.push(facts.length);
			after = to;
		}
		expect(positions).toEqual(Array.from({ length: 600 }, (_, n) => n + 1));
		expect(sizes).toEqual([256, 256, 88]);
	});
	it.each([
		["is no JSON", "{'facts"],
		["is JSON without facts", "{}"],
		["is empty", ""],
	])("stops before a commit whose text %s, reports it each time, and continues for a reader that skips it", async (_what, body) => {
		await write(2, "radar-broken", body);
		await write(
			3,
			"radar-whole",
			JSON.stringify({ facts: [{ type: "radar.installed", data: {} }], command: {}, by: "", at: "2026-03-01T08:00:00Z" }),
		);
		const unreadable = {
			partition: "radar:0",
			position: 2,
			code: "STREAM_UNREADABLE",
			detail: expect.stringContaining("radar-broken, at position 2, cannot be read"),
		};
		const first = await page({ after: "radar:0:0", wait: 10_000 });
		expect([told(first), first.after, first.unreadable]).toEqual([["radar:0:1 null radar.installed"], "radar:0:1", unreadable]);
		expect(await page({ after: first.after, wait: 10_000 })).toMatchObject({ facts: [], after: "radar:0:1", unreadable });
		const beyond = await page({ after: "radar:0:2" });
		expect([told(beyond), beyond.unreadable]).toEqual([["radar:0:3 null radar.installed"], null]);
	});
	it("stops before a gap in the log", async () => {
		await write(2, "radar-a", "{}");
		const [log] = (await context()).partitions;
		if (!log) throw new Error("it has a partition");
		const holed = { ...log, name: log.name, read: async () => [{ position: 3, stream: "", version: 0, body: "", hash: "" }] };
		await expect(new LiveFollower(await context()).read({ log: { ...holed }, from: 1 }, 10)).rejects.toThrow("has a hole after 1");
	});

	it("follows the log while it has a reader, and for a short time after", async () => {
		const news = new LiveFollower(await context(), nodeTimers, 50);
		const asked = Promise.withResolvers<void>();
		const first = news.during(() => asked.promise);
		await news.during(async () => expect(await watched()).toBe(1)); // all readers share one follower
		await turns();
		expect(await watched()).toBe(1);
		asked.resolve();
		await first;
		expect(await watched()).toBe(1);
		await eventually(async () => expect(await watched()).toBe(0));
		await news.during(async () => expect(await watched()).toBe(1));
		await news.end();
		expect(await watched()).toBe(0);
		await expect(news.during(async () => undefined)).rejects.toMatchObject({ code: 503, type: "STOPPING" });
	});
	it("answers waiting readers when its service stops", async () => {
		const waiting = page({ after: "radar:0:1", wait: 10_000 });
		await eventually(async () => expect(await watched()).toBe(1));
		const begun = performance.now();
		void system.broker.broadcastLocal("$node.stopping");
		expect((await waiting).facts).toEqual([]);
		expect(performance.now() - begun).toBeLessThan(5_000);
		await system.broker.destroyService(system.broker.getLocalService("radar-log")); // the service exists
		expect(await watched()).toBe(0);
	});
});
