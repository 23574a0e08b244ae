/** A gateway of a cluster always has the routes of the system: without other nodes, after they join, and despite foreign nodes that claim them. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { answered, expectProblem, person, site } from "../http/scenery.ts";
import { Cluster, CLUSTER_KEY, hasNats, Nats, ROLES } from "../support/cluster.ts";
import { Folder } from "../support/folder.ts";
import { Insider } from "../support/insider.ts";
import { eventually, type Row, System } from "../support/system.ts";

const partsOf = async (gateway: System): Promise<readonly Row[]> =>
	((await gateway.get("/health/ready")).body as unknown as { readonly parts: readonly Row[] }).parts; // as it answers

(hasNats ? describe : describe.skip)("a gateway that starts without other nodes", () => {
	const folder = new Folder();
	let nats: Nats;
	let gateway: System;
	const nodes: System[] = [];
	const join = async (name: string, services: string, asked: "/health/live" | "its own word"): Promise<System> => {
		const settings = { NODE_ID: name, SERVICES: services, NATS_URL: nats.url, CLUSTER_KEY, LOG_LEVEL: "fatal" };
		const system = System.at(folder.path, settings);
		nodes.push(system);
		await system.up(settings, asked);
		return system;
	};
	beforeAll(async () => {
		nats = await Nats.start();
		gateway = await join("gateway", ROLES.gateway, "/health/live");
	});
	afterAll(async () => {
		await Promise.all(nodes.map((node) => node.kill()));
		await nats?.end();
		folder.remove();
	});

	it.each([
		["POST", "/owners"],
		["POST", "/radars/r-1/relocate"],
		["GET", "/radars"],
		["GET", "/radars/r-1"],
		["GET", "/radars/r-1/history"],
		["GET", "/vehicles/FR-AA-123-AA/holder"],
		["HEAD", "/infractions"],
	])("answers %s %s with 503 and Retry-After, and an unknown route with 404", async (method, path) => {
		const headers = method === "POST" ? { "content-type": "application/json" } : {};
		const answer = await gateway.send({ method, path, headers, ...(method === "POST" ? { body: JSON.stringify(person) } : {}) });
		expect([answer.status, answer.headers["retry-after"]]).toEqual([503, expect.stringMatching(/^\d+$/)]);
		expectProblem(await gateway.get("/nothing"), 404, "NOT_FOUND");
	});
	it("accepts no line of an upload, and says that it may be sent again", async () => {
		const passage = { id: "d-1", radar: "r-1", plate: "AA-123-AA", country: "FR", speedKmh: 150, capturedAt: "2026-01-01T00:00:00Z" };
		const answer = await gateway.ndjson([passage]);
		expectProblem(answer, 503);
		expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
	});
	it("is not ready, and names the missing services with their routes", async () => {
		expect((await gateway.get("/health/ready")).status).toBe(503);
		const parts = await partsOf(gateway);
		const names = parts.map(({ name }) => name);
		for (const name of ["radar", "detection", "owner", "vehicle", "infraction", "radars", "case-opening"]) expect(names).toContain(name);
		const owner = parts.find(({ name }) => name === "owner");
		expect(owner).toMatchObject({
			ready: false,
			reason: expect.stringMatching(/^no node offers owner, so these answer 503: .*POST \/owners\b/),
		});
	});
	it("answers and is ready as soon as nodes have joined", async () => {
		await Promise.all([join("command", ROLES.command, "its own word"), join("query", ROLES.query, "its own word")]);
		await eventually(async () => answered(201, await gateway.post("/owners", { id: "o-1", ...person })));
		await eventually(async () => answered(200, await gateway.get("/health/ready")));
	});
});

(hasNats ? describe : describe.skip)("a gateway with foreign nodes on its NATS", () => {
	let cluster: Cluster;
	let gateway: System;
	let stranger: Insider;
	/** The INFO packet of the node with the command side. */
	let honest: Row & { readonly services: readonly Row[] };
	beforeAll(async () => {
		if (!hasNats) return;
		cluster = await Cluster.shared({ nodes: { command: ROLES.command, query: ROLES.query, gateway: ROLES.gateway } });
		gateway = cluster.node("gateway");
		const described = Promise.withResolvers<typeof honest>();
		stranger = await Insider.join({ servers: cluster.nats.url }, "stranger", (type, message) => {
			const info = JSON.parse(message.toString()) as typeof honest; // as Moleculer sends it
			if (type === "INFO" && info["sender"] === "command") described.resolve(info);
		});
		say("DISCOVER", { sender: "stranger" });
		honest = await described.promise;
	});
	afterAll(async () => {
		await stranger?.close();
		await cluster?.stop();
	});
	const say = (type: string, content: object): void => stranger.say(type, content);
	const describeAs = (sender: string, services: readonly object[]): void =>
		say("INFO", { ...honest, sender, instanceID: sender, seq: 1, services });
	/** A foreign service with a route of ours. */
	const invented = (name: string): object => ({
		name,
		fullName: name,
		settings: {},
		events: {},
		actions: {
			[`${name}.take`]: { name: `${name}.take`, rest: "POST /radars", note: { kind: "creation", of: "radar" } },
			[`${name}.health`]: { name: `${name}.health` },
			[`${name}-log.live`]: { name: `${name}-log.live` },
		},
	});
	/** CPU time that the gateway has used so far, in seconds. */
	const used = (): number => {
		const stat = readFileSync(`/proc/${gateway.pid}/stat`, "utf8");
		const [user = 0, kernel = 0] = stat
			.slice(stat.lastIndexOf(")") + 2)
			.split(" ")
			.slice(11, 13)
			.map(Number);
		return (user + kernel) / 100;
	};

	it("keeps its routes if another node claims them, and ignores the parts of that node", async () => {
		describeAs("thief", [invented("thief")]);
		describeAs("cuckoo", [
			{ ...invented("cuckoo"), name: "radar" },
			{ ...invented("cuckoo"), name: "radar-log" },
		]);
		await stranger.flush();
		for (let n = 0; n < 5; n++) answered(201, await gateway.post("/radars", { id: `kept-${n}`, ...site }));
		const feed = await gateway.live();
		expect(feed.status).toBe(200);
		feed.close();
		say("DISCONNECT", { sender: "thief" });
		say("DISCONNECT", { sender: "cuckoo" });
		await eventually(async () => answered(200, await gateway.get("/health/ready")), 30_000);
		expect(JSON.stringify(await partsOf(gateway))).not.toMatch(/thief|cuckoo/);
	});
	it.each([
		["of unknown nodes, each with its own service", (n: number) => describeAs(`fake-${n}`, [invented(`fake-${n}`)])],
		["of one node, each newer", (n: number) => say("INFO", { ...honest, sender: "nervous", instanceID: "nervous", seq: n, services: [] })],
		[
			"that are malformed",
			(n: number) => say("INFO", { sender: `odd-${n}`, services: [null, { name: 5 }, { name: "radar", actions: [1] }] }),
		],
	])("is not slowed down by three thousand INFO packets %s", async (_which, send) => {
		const before = used();
		for (let n = 0; n < 3000; n++) send(n);
		await stranger.flush();
		answered(200, await gateway.get("/health/live"));
		answered(200, await gateway.get("/radars"));
		await eventually(async () => answered(200, await gateway.get("/health/ready")), 30_000); // nodes that send nothing more are lost by then
		expect(used() - before).toBeLessThan(10);
	});
});
