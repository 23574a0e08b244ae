/** A gateway of a cluster answers while feeds and uploads stay open, and while commands wait for a node that is stopped. */
import { once } from "node:events";
import { Agent, type ClientRequest, request } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { answered, person, radarInService } from "../http/scenery.ts";
import { Cluster, COMMANDS, hasNats, ROLES } from "../support/cluster.ts";
import type { LiveFeed } from "../support/live-feed.ts";
import { eventually, type System, TOKEN } from "../support/system.ts";

const NODES = { radars: COMMANDS.radars, others: `${COMMANDS.registration},${COMMANDS.cases}`, query: ROLES.query, gateway: ROLES.gateway };
const MANY = 250;

(hasNats ? describe : describe.skip)("a gateway of a cluster", () => {
	let cluster: Cluster;
	let gateway: System;
	const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
	const open: ClientRequest[] = [];
	const feeds: LiveFeed[] = [];
	beforeAll(async () => {
		if (!hasNats) return;
		cluster = await Cluster.shared({ nodes: NODES });
		gateway = cluster.node("gateway");
		await radarInService(gateway, "r-1");
	});
	afterEach(() => {
		for (const feed of feeds.splice(0)) feed.close();
		for (const one of open.splice(0)) one.destroy();
	});
	afterAll(() => cluster?.stop());
	/** Starts a request without waiting for its answer. */
	const begin = (method: string, path: string, type: string, body: string): ClientRequest => {
		const headers = { "content-type": type, authorization: `Bearer ${TOKEN}` };
		const outgoing = request({ agent, host: "127.0.0.1", port: gateway.port, method, path: `/api${path}`, headers });
		outgoing.on("error", () => undefined); // it is destroyed after the test
		outgoing.write(body);
		open.push(outgoing);
		return outgoing;
	};
	const expectUsable = async (): Promise<void> => {
		answered(200, await gateway.get("/health/live"));
		answered(200, await gateway.get("/radars/r-1"));
		answered(200, await gateway.get("/radars"));
		const id = `o-${performance.now()}`;
		answered(201, await gateway.post("/owners", { id, ...person }));
	};

	it(`answers while ${MANY} listen to the live feed, and all of them hear`, async () => {
		for (let n = 0; n < MANY; n++) feeds.push(await gateway.live("?types=owner.registered"));
		await expectUsable();
		answered(200, await gateway.get("/health/ready"));
		await eventually(() => expect(feeds.map(({ events }) => events.length)).toEqual(feeds.map(() => 1)));
	});

	it(`answers while ${MANY} uploads are under way`, async () => {
		const line = (n: number): string =>
			`{"id":"u-${n}","radar":"r-1","plate":"AA-123-AA","country":"FR","speedKmh":90,"capturedAt":"2025-06-02T12:00:00Z"}\n`;
		for (let n = 0; n < MANY; n++) begin("POST", "/detections", "application/x-ndjson", line(n));
		await eventually(async () => answered(200, await gateway.get(`/detections/u-${MANY - 1}`)));
		await expectUsable();
	});

	it("answers other requests while commands wait for a node that is stopped", async () => {
		cluster.pause("radars");
		try {
			let over = 0;
			const held = Array.from({ length: 3 * MANY }, (_, n) => {
				const outgoing = begin("POST", "/radars/r-1/describe", "application/json", JSON.stringify({ name: `n-${n}` }));
				outgoing.end();
				return once(outgoing, "response").then(() => over++);
			});
			const counted = async (): Promise<number> =>
				Number(/^vigie_http_requests_in_flight (\d+)/m.exec((await gateway.get("/metrics")).text)?.[1]);
			await eventually(async () => expect(await counted()).toBeGreaterThan(2 * MANY));
			await expectUsable();
			expect(over).toBe(0); // none of the waiting commands was answered before
			await Promise.all(held);
		} finally {
			cluster.resume("radars");
		}
		await cluster.ready();
	});
});
