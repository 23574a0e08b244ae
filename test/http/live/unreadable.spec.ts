/** The live feed and an unreadable commit: it sends an error event, sends nothing after it, and a client can resume after the commit. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { LiveFeed } from "../../support/live-feed.ts";
import { eventually, System } from "../../support/system.ts";
import { answered, person, site } from "../scenery.ts";

let system: System;
const open: LiveFeed[] = [];
beforeAll(async () => {
	system = await System.start();
	for (let n = 1; n <= 4; n++) answered(201, await system.post("/radars", { id: `u-${n}`, ...site }));
	answered(201, await system.post("/owners", { id: "u-owner", ...person }));
	const db = new DatabaseSync(join(system.dataDir, "events.db"));
	db.exec(`UPDATE log_radar_0 SET body = '{"facts' WHERE position = 3`);
	db.close();
});
afterAll(async () => {
	for (const feed of open) feed.close();
	await system.dispose();
});

const listen = async (id: string, query = ""): Promise<LiveFeed> => {
	const feed = await system.live(query, { "last-event-id": id });
	open.push(feed);
	return feed;
};
const telling = (feed: LiveFeed): unknown[] => feed.events.map(({ event, data }) => [event, JSON.parse(data).position]);

describe("a live feed with an unreadable commit", () => {
	it.each(["", "?types=radar.installed", "?types=owner.registered"])(
		"sends all facts before it, then an error event, and ends (%s)",
		async (query) => {
			const feed = await listen("radar:0:0,registration:0:1", query);
			await eventually(() => expect(feed.ended).toBe(true));
			const before = query.includes("owner") ? [] : [1, 2].map((n) => ["radar.installed", `radar:0:${n}`]);
			expect(telling(feed)).toEqual([...before, ["error", "radar:0:3"]]);
			expect(JSON.parse(feed.events.at(-1)?.data ?? "")).toEqual({
				code: "STREAM_UNREADABLE",
				position: "radar:0:3",
				detail: "radar-u-3, at position 3, cannot be read: its text is not JSON",
			});
		},
	);
	it("resumes after it for a client that reconnects with the last id, in every context", async () => {
		const feed = await listen("radar:0:0,registration:0:0");
		await eventually(() => expect(feed.ended).toBe(true));
		const again = await listen(feed.events.at(-1)?.id ?? "");
		answered(201, await system.post("/radars", { id: "u-5", ...site }));
		await eventually(() => expect(again.events.map(({ data }) => JSON.parse(data).position)).toContain("radar:0:5"));
		const told = [...telling(feed), ...telling(again)].map(String).sort();
		expect(told).toEqual([
			"error,radar:0:3",
			"owner.registered,registration:0:1",
			...[1, 2, 4, 5].map((n) => `radar.installed,radar:0:${n}`),
		]);
		expect(again.ended).toBe(false);
	});
	it("sends the error event again to a client that reconnects with an earlier id", async () => {
		const feed = await listen("radar:0:2");
		await eventually(() => expect(feed.ended).toBe(true));
		expect(telling(feed)).toEqual([["error", "radar:0:3"]]);
	});
	it("does not affect a client whose position is after the commit", async () => {
		const feed = await listen("radar:0:3");
		await eventually(() => expect(telling(feed)).toContainEqual(["radar.installed", "radar:0:4"]));
		expect(feed.ended).toBe(false);
	});
	it("does not affect anything else", async () => {
		answered(200, await system.get("/health/ready"));
		expect(await system.stop()).toBe(0);
	});
});
