/** Clients that know both gateways and retry wait for seconds, not for timeouts, when a node dies or is stopped, or NATS is restarted. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Dice } from "../http/random.ts";
import { answered, noon, person, radarInService, seen } from "../http/scenery.ts";
import { Cluster, hasNats } from "../support/cluster.ts";
import type { Answer } from "../support/system.ts";
import { eventually } from "../support/system.ts";
import { expectPolite, Insist } from "./insist.ts";

/** Longest wait in milliseconds: twice the goal. To this is added a multiple of the longest wait before the fault, for a busy machine. */
const LONGEST = 8000;
const SLOWED = 10;
const CLIENTS = 6;

interface Watched {
	/** Milliseconds. */
	readonly before: number;
	/** Milliseconds, by kind. */
	readonly longest: Readonly<Record<string, number>>;
}

(hasNats ? describe : describe.skip)("a client of two gateways", () => {
	let cluster: Cluster;
	let n = 0;
	beforeAll(async () => {
		if (!hasNats) return;
		cluster = await Cluster.shared();
		const [gateway] = cluster.gateways;
		if (gateway) await radarInService(gateway, "r-1");
	});
	afterAll(() => cluster?.stop());

	/** Sends commands, reads of their results, passages and uploads during a fault; returns the longest wait of each kind, and the longest one before it. */
	async function watched(fault: () => Promise<void>): Promise<Watched> {
		let longest: Record<string, number> = {};
		let over = false;
		const client = new Insist(cluster.gateways, new Dice(3));
		const timed = async (what: string, asked: Promise<Answer>, status: number): Promise<Answer> => {
			const begun = performance.now();
			const answer = answered(status, await asked);
			longest[what] = Math.max(longest[what] ?? 0, performance.now() - begun);
			return answer;
		};
		const side = async (): Promise<void> => {
			while (!over) {
				const id = `o-${++n}`;
				const done = await timed("command", client.post("/owners", { id, ...person }, id), 201);
				await timed("read behind it", client.get(`/owners/${id}`, seen(done)), 200);
				const passage = { id: `d-${id}`, radar: "r-1", plate: "AA-123-AA", country: "FR", speedKmh: 90, capturedAt: noon };
				await timed("passage", client.post("/detections", passage), 201);
				await timed("upload", client.ndjson(Array.from({ length: 5 }, (_, i) => ({ ...passage, id: `u-${id}-${i}` }))), 200);
				await timed("read", client.get("/radars"), 200);
			}
		};
		const sides = Array.from({ length: CLIENTS }, side);
		await pause(1000);
		const before = Math.max(...Object.values(longest));
		longest = {};
		await fault();
		await pause(4000);
		over = true;
		await Promise.all(sides);
		expectPolite(client);
		return { before, longest };
	}
	const expectShort = ({ before, longest }: Watched): void =>
		expect(Object.entries(longest).filter(([, milliseconds]) => milliseconds > LONGEST + SLOWED * before)).toEqual([]);

	it.each(["command-1", "command-2", "query-1", "query-2", "gateway-1"])("waits for seconds when %s is killed", async (name) => {
		expectShort(await watched(() => cluster.kill(name)));
		await cluster.join(name);
		await cluster.ready();
	});
	it.each(["command-1", "command-2", "query-1", "query-2"])("waits for seconds when %s is stopped", async (name) => {
		expectShort(await watched(() => cluster.pauseUnlocked(name)).finally(() => cluster.resume(name)));
		await cluster.ready();
	});
	it("waits for seconds when NATS is away for a moment, and its live feed continues", async () => {
		for (let round = 0; round < 3; round++) {
			const feeds = await Promise.all(cluster.gateways.map((gateway) => gateway.live("?types=owner.registered")));
			const waited = await watched(async () => {
				await cluster.nats.kill();
				await pause(500);
				await cluster.nats.up();
				const id = `back-${round}`;
				const client = new Insist(cluster.gateways, new Dice(round));
				answered(201, await client.post("/owners", { id, ...person }, id));
				await eventually(() => {
					for (const { events } of feeds) expect(events.some(({ data }) => data.includes(`"${id}"`))).toBe(true);
				}, LONGEST);
			});
			expectShort(waited);
			for (const feed of feeds) feed.close();
		}
	});
	it("finds every command applied once", async () => {
		await cluster.ready();
		expect(await cluster.verified()).toBeGreaterThan(n);
		const [gateway] = cluster.gateways;
		await eventually(async () => expect((await gateway?.get("/owners"))?.body.total).toBe(n + 3), 20_000);
	});
});
