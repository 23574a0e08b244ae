/** The live feed: facts as they become visible, none lost and none sent twice, even to a client that was disconnected for a while. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { LiveEvent, LiveFeed } from "../../support/live-feed.ts";
import { eventually, System } from "../../support/system.ts";
import { answered, detect, expectProblem, infraction, noon, person, radarInService, site } from "../scenery.ts";

let system: System;
const open: LiveFeed[] = [];
beforeAll(async () => void (system = await System.start()));
afterAll(async () => {
	for (const feed of open) feed.close();
	await system.dispose();
});

const listen = async (query = "", lastEventId?: string): Promise<LiveFeed> => {
	const feed = await system.live(query, lastEventId === undefined ? {} : { "last-event-id": lastEventId });
	open.push(feed);
	return feed;
};
/** The fact types in an event. */
const kinds = ({ event, data }: LiveEvent): string[] =>
	`"${event}" ${data}`.match(/"(radar|detection|owner|vehicle|infraction)\.[a-zA-Z]+"/g)?.map((name) => name.slice(1, -1)) ?? [];
const telling = (feed: LiveFeed, kind: string, id: string): LiveEvent[] =>
	feed.events.filter((event) => kinds(event).includes(kind) && event.data.includes(id));
const heard = (feed: LiveFeed, kind: string, id: string): Promise<void> =>
	eventually(() => expect(telling(feed, kind, id).length).toBeGreaterThan(0), 5_000);
const inAll = (events: readonly LiveEvent[]): string[] => events.map(({ event, data }) => `${event} ${data}`).sort();

/** Creates radars, owners, and detections that become infractions; returns the facts that a client must receive. */
async function traffic(tag: string, count: number): Promise<[kind: string, id: string][]> {
	const told: [string, string][] = [];
	for (let n = 0; n < count; n++) {
		const id = `${tag}-${n}-x`;
		if (n % 3 === 0) answered(201, await system.post("/radars", { id, ...site }));
		else if (n % 3 === 1) answered(201, await system.post("/owners", { id, ...person }));
		else {
			await detect(system, { id, radar: "l-eye" });
			await infraction(system, id);
			told.push(["infraction.opened", id], ["detection.qualified", id]);
		}
		told.push([["radar.installed", "owner.registered", "detection.recorded"][n % 3] ?? "", id]);
	}
	return told;
}

describe("the live feed", () => {
	beforeAll(() => radarInService(system, "l-eye"));

	it("answers with its headers and a comment at once", async () => {
		const feed = await listen();
		expect(feed.status).toBe(200);
		expect(feed.headers["content-type"]).toMatch(/^text\/event-stream/);
		expect(feed.headers["cache-control"]).toMatch(/no-(cache|store)/);
		await eventually(() => expect(feed.comments.length).toBeGreaterThan(0), 1_000);
		expect(feed.events).toEqual([]);
	});

	it("sends every fact of every context once, each with its position", async () => {
		const feed = await listen();
		const told = await traffic("every", 12);
		for (const [kind, id] of told) await heard(feed, kind, id);
		for (const [kind, id] of told) expect([kind, id, telling(feed, kind, id).length]).toEqual([kind, id, 1]);
		expect(feed.events.filter(({ id }) => id === "")).toEqual([]);
		for (const { data } of feed.events) expect(JSON.parse(data)).toEqual(expect.anything());
	});

	it("sends no facts from before the client connected", async () => {
		const before = await traffic("before", 3);
		const feed = await listen();
		const after = await traffic("after", 3);
		for (const [kind, id] of after) await heard(feed, kind, id);
		for (const [kind, id] of before) expect(telling(feed, kind, id)).toEqual([]);
	});

	it("resumes for a client that reconnects, at any position", async () => {
		const feed = await listen();
		const told = await traffic("back", 15);
		for (const [kind, id] of told) await heard(feed, kind, id);
		feed.close();
		const all = feed.events;
		const ends = all.map((_, n) => n).filter((n) => n + 1 < all.length && all[n]?.id !== all[n + 1]?.id); // the positions at which the ids of two facts differ
		for (const end of ends.filter((_, n) => n % 4 === 0)) {
			const again = await listen("", all[end]?.id);
			await eventually(() => expect(inAll(again.events)).toEqual(inAll(all.slice(end + 1))), 5_000);
			again.close();
		}
	});

	it("resumes after a restart with the facts recorded since", async () => {
		const feed = await listen();
		const first = await traffic("stay", 6);
		for (const [kind, id] of first) await heard(feed, kind, id);
		const last = feed.events.at(-1)?.id ?? "";
		feed.close();
		const missed = await traffic("gone", 6);
		await system.restart();
		const again = await listen("", last);
		const fresh = await traffic("anew", 6);
		for (const [kind, id] of [...missed, ...fresh]) await heard(again, kind, id);
		for (const [kind, id] of [...missed, ...fresh]) expect([kind, id, telling(again, kind, id).length]).toEqual([kind, id, 1]);
		for (const [kind, id] of first) expect(telling(again, kind, id)).toEqual([]);
	});

	it("sends only the requested fact types", async () => {
		const feed = await listen("?types=owner.registered,infraction.opened");
		const told = await traffic("kinds", 6);
		const wanted = told.filter(([kind]) => kind === "owner.registered" || kind === "infraction.opened");
		for (const [kind, id] of wanted) await heard(feed, kind, id);
		expect(feed.events).toHaveLength(wanted.length);
	});

	it("waits for a client that does not read, and sends everything when it does", async () => {
		const MANY = 8000; // far more than the socket buffers hold
		const passages = Array.from({ length: MANY }, (_, n) => ({
			id: `slow-${n}`,
			radar: "l-eye",
			plate: "AB-123-CD",
			country: "FR",
			speedKmh: 100,
			capturedAt: noon,
		}));
		const feed = await listen("?types=detection.recorded");
		feed.pause();
		expect(answered(200, await system.ndjson(passages)).body).toMatchObject({ recorded: MANY });
		expect(feed.events.length).toBeLessThan(MANY);
		feed.resume();
		await eventually(() => expect(feed.events.length).toBeGreaterThanOrEqual(MANY), 30_000);
		expect(new Set(feed.events.map(({ data }) => (JSON.parse(data) as { readonly id: string }).id)).size).toBe(MANY);
		expect(feed.events).toHaveLength(MANY);
	});

	it("does not delay other requests while a hundred clients request all facts and do not read", async () => {
		const feeds = await Promise.all(
			Array.from({ length: 100 }, async () => {
				const feed = await listen("", "radar:0:0");
				feed.pause();
				return feed;
			}),
		);
		for (let n = 0; n < 10; n++) answered(200, await system.get("/radars", {}, 10_000));
		for (const feed of feeds) feed.close();
	});

	it.each([
		["beyond the end of its log", "radar:0:999999999999"],
		["beyond the end of its log, in the middle of a commit", "radar:0:999999999999.1"],
		["beyond the end of one of several logs", "radar:0:1,registration:0:999999"],
		["of a partition its log does not have", "radar:7:1"],
		["of a log the system does not have", "speed:0:1"],
		["of a log the system does not have, beside one it has", "radar:0:1,speed:0:1"],
	])("refuses a position %s", async (_where, id) => {
		const answer = await system.get("/live", { "Last-Event-ID": id }, 5_000);
		expectProblem(answer, 422, "VALIDATION_ERROR");
		expect(answer.body.errors).toMatchObject([{ field: "Last-Event-ID" }]);
	});

	it("does not keep the system from stopping", async () => {
		await listen();
		expect(await system.stop()).toBe(0);
		await system.up();
	});
});
