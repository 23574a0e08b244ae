/** Packets of any size pass between nodes, also through servers with a small payload limit; packets above the limit fail with a code. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { connectionOf } from "../../node/settings/nats-access.ts";
import { MAX_MESSAGE } from "../../mixins/nats/fragments.ts";
import { clusterKeysIn, type ClusterKeys } from "../../mixins/nats/cluster-keys.ts";
import { NatsTransporter } from "../../mixins/nats/transporter.ts";
import { SealedMiddleware } from "../../mixins/nats/sealed.ts";
import { PacketsMiddleware } from "../../mixins/nats/packets.ts";
import { answered, commits, person, radarInService, seen } from "../http/scenery.ts";
import { Cluster, CLUSTER_KEY, hasNats, Nats, ROLES } from "../support/cluster.ts";
import { eventually, type System } from "../support/system.ts";

const testKeys = clusterKeysIn(CLUSTER_KEY) as ClusterKeys; // it is valid
const NODES = { command: ROLES.command, query: ROLES.query, gateway: ROLES.gateway };
const passage = (id: string, more: object = {}) => ({
	id,
	radar: "r-1",
	plate: "AA-123-AA",
	country: "FR",
	speedKmh: 150,
	capturedAt: "2025-06-02T12:00:00Z",
	...more,
});
/** A file of radars with so many characters per line. */
const file = (lines: number, length: number): string =>
	["id,type,latitude,longitude,route", ...Array.from({ length: lines }, (_, n) => `c-${n},Radar fixe,48.1,2.1,${"A".repeat(length)}`)].join(
		"\n",
	);

(hasNats ? describe : describe.skip).each([
	["1 MiB at once", ""],
	["4 KiB at once", "max_payload: 4KB"],
])("a cluster on a server that takes %s", (_which, nats) => {
	let cluster: Cluster;
	let gateway: System;
	beforeAll(async () => {
		if (!hasNats) return;
		cluster = await Cluster.shared({ nodes: NODES, nats });
		gateway = cluster.node("gateway");
		await radarInService(gateway, "r-1");
	});
	afterAll(() => cluster?.stop());

	it("imports a file of 1.3 MB, and reports on each of its lines", async () => {
		const { body } = answered(200, await gateway.csv(file(7000, 150)));
		expect(body).toMatchObject({ imported: 7000, rejected: 0 });
	});
	it("processes an upload with invalid lines of 60 KB, and reports them", async () => {
		const lines = Array.from({ length: 120 }, (_, n) => passage(`u-${n}`, n % 6 === 0 ? { plate: "A".repeat(60_000) } : {}));
		const { body } = answered(200, await gateway.ndjson(lines));
		expect(body).toMatchObject({ received: 120, recorded: 100, refused: 20 });
	});
	it("accepts valid content of maximum length, opens its cases, and returns all of it", async () => {
		const long = "車".repeat(200);
		answered(
			201,
			await gateway.post("/radars", {
				id: "r-long",
				kind: "fixed",
				latitude: 48,
				longitude: 2,
				name: long,
				road: long,
				direction: long,
				limits: { lightKmh: 50 },
			}),
		);
		answered(
			200,
			await gateway.post("/radars/r-long/calibrate", {
				number: "C",
				validFrom: "2000-01-01T00:00:00Z",
				validUntil: "2100-01-01T00:00:00Z",
			}),
		);
		answered(200, await gateway.post("/radars/r-long/activate", { from: "2000-01-01T00:00:00Z" }));
		const lines = Array.from({ length: 400 }, (_, n) => passage(`l-${n}`, { radar: "r-long" }));
		expect(answered(200, await gateway.ndjson(lines)).body).toMatchObject({ recorded: 400 });
		await eventually(async () => expect(answered(200, await gateway.get("/infractions?radar=r-long&pageSize=100")).body.total).toBe(400));
	});
	it("returns a page of a hundred vehicles with long histories", async () => {
		const owners = Array.from({ length: 2 }, (_, n) => `h-${n}`);
		for (const id of owners) answered(201, await gateway.post("/owners", { id, ...person }));
		const one = async (n: number): Promise<void> => {
			const plate = `AB-${100 + n}-CD`;
			answered(
				201,
				await gateway.post("/vehicles", {
					plate,
					country: "FR",
					type: "car",
					brand: "x".repeat(200),
					model: "y".repeat(200),
					fiscalPower: 5,
					owner: "h-0",
				}),
			);
			for (let turn = 1; turn <= 10; turn++)
				answered(200, await gateway.post(`/vehicles/FR-${plate}/transfer`, { owner: owners[turn % 2] }));
		};
		for (let n = 0; n < 100; n += 10) await Promise.all(Array.from({ length: 10 }, (_, i) => one(n + i)));
		const { body, text } = answered(200, await gateway.get("/vehicles?pageSize=100"));
		expect([body.rows.length, text.length > 100_000]).toEqual([100, true]);
	});
	it("returns a long history, also in the live feed", async () => {
		const feed = await gateway.live("?types=radar.described", { "last-event-id": "radar:0:0,radar:1:0,radar:2:0,radar:3:0" });
		let last;
		for (let n = 0; n < 60; n++)
			last = answered(200, await gateway.post("/radars/r-1/describe", { road: `${n}${"r".repeat(190)}`, direction: "d".repeat(200) }));
		expect(commits(await gateway.get("/radars/r-1/history?pageSize=100")).length).toBeGreaterThan(60);
		await eventually(() => expect(feed.events.length).toBe(60));
		feed.close();
		answered(200, await gateway.get("/radars/r-1", last && seen(last)));
	});
	it("returns all of it to operators", async () => {
		expect(await cluster.verified()).toBeGreaterThan(400);
		const tail = await cluster.es("tail --from radar:0:0,radar:1:0,radar:2:0,radar:3:0 --limit 200 --json");
		expect([tail.code, tail.stdout.trim().split("\n").length]).toEqual([0, 200]);
	});
});

(hasNats ? describe : describe.skip)("two nodes", () => {
	let nats: Nats;
	let brokers: ServiceBroker[];
	let caller: ServiceBroker;
	const node = (nodeID: string): ServiceBroker => {
		const transporter = new NatsTransporter(connectionOf(nats.url, {}), testKeys);
		transporter.belong("a-test", false);
		const middlewares = [SealedMiddleware, PacketsMiddleware(() => transporter.maxPayload)] as never; // moleculer's type
		return new ServiceBroker({ nodeID, logger: false, transporter, middlewares, requestTimeout: 30_000 });
	};
	beforeAll(async () => {
		if (!hasNats) return;
		nats = await Nats.start();
		brokers = [node("caller"), node("other")];
		const [first, other] = brokers as [ServiceBroker, ServiceBroker];
		caller = first;
		other.createService({
			name: "echo",
			actions: {
				length: (ctx: Context<{ text: string }>) => ctx.params.text.length,
				text: (ctx: Context<{ length: number }>) => "x".repeat(ctx.params.length),
			},
		});
		await Promise.all(brokers.map((broker) => broker.start()));
		await caller.waitForServices("echo");
	});
	afterEach(() => undefined);
	afterAll(async () => {
		await Promise.all(brokers?.map((broker) => broker.stop()) ?? []);
		await nats?.end();
	});
	const most = MAX_MESSAGE - 10_000;

	it("exchange messages of the maximum size in both directions, and many concurrently", async () => {
		expect(await caller.call<number, object>("echo.length", { text: "x".repeat(most) })).toBe(most);
		expect((await caller.call<string, object>("echo.text", { length: most })).length).toBe(most);
		const sizes = Array.from({ length: 40 }, (_, n) => 100_000 * n);
		expect(await Promise.all(sizes.map((length) => caller.call<number, object>("echo.length", { text: "x".repeat(length) })))).toEqual(
			sizes,
		);
	});
	it("get an error for a request or an answer that is too large, and keep working", async () => {
		await expect(caller.call("echo.length", { text: "x".repeat(MAX_MESSAGE) })).rejects.toMatchObject({ code: 413, type: "TOO_LARGE" });
		await expect(caller.call("echo.text", { length: MAX_MESSAGE })).rejects.toMatchObject({
			code: 422,
			type: "ANSWER_TOO_LARGE",
			nodeID: "other",
		});
		expect(await caller.call<number, object>("echo.length", { text: "still there" })).toBe(11);
	});
});
