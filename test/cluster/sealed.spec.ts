/** Packets between nodes are sealed: a stranger on NATS reads nothing, changes nothing, and repeats nothing; keys can be rotated. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newClusterKey } from "../../mixins/nats/cluster-keys.ts";
import { answered, expectProblem, noon, person, radarInService } from "../http/scenery.ts";
import { Cluster, hasNats, Nats, ROLES } from "../support/cluster.ts";
import { Scrape } from "../support/prometheus.ts";
import { eventually, System } from "../support/system.ts";
import { type Recorded, Wiretap } from "../support/wiretap.ts";

const NODES = { command: ROLES.command, query: ROLES.query, gateway: ROLES.gateway };
const SECRET = { name: "Zébulon Quaxwarth", email: "quaxwarth@zebulon.example", plate: "QX-417-ZB" };
/** The texts as they would be in a message: plain, as JSON, in base64 and in hex. */
const formsOf = (text: string): string[] => {
	const shifted = [0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]).toString("base64"));
	const forms = [text, JSON.stringify(text).slice(1, -1), Buffer.from(text).toString("hex"), ...shifted.map((form) => form.slice(4, -4))];
	return forms.filter(({ length }) => length > 5); // shorter ones appear in encrypted bytes by chance
};

(hasNats ? describe : describe.skip)("a stranger on the NATS of a cluster", () => {
	let cluster: Cluster;
	let gateway: System;
	let tap: Wiretap;
	/** Packets of the first test, with the commands in them. */
	let before: readonly Recorded[];
	beforeAll(async () => {
		if (!hasNats) return;
		cluster = await Cluster.shared({ nodes: NODES, settings: { METRICS_PORT: "0" } });
		gateway = cluster.node("gateway");
		tap = await Wiretap.on(cluster.nats);
	});
	afterAll(async () => {
		await tap?.close();
		await cluster?.stop();
	});
	const prefix = (): string => tap.of("REQ")[0]?.subject.replace(/REQ\..*$/, "") ?? "";
	/** Packets that a node has dropped, of all reasons. */
	const droppedBy = async (name: string): Promise<number> => {
		const [, url = ""] = /^Its metrics: (\S+)$/m.exec(cluster.node(name).output) ?? [];
		const { samples } = new Scrape(await (await fetch(url)).text());
		return samples.filter((sample) => sample.name === "vigie_bus_dropped_packets_total").reduce((sum, { value }) => sum + value, 0);
	};
	/** Sends messages, and expects that the command side drops those for it, and that no node answers any. */
	const expectDropped = async (messages: readonly Recorded[]): Promise<void> => {
		const [dropped, commits, answers] = [await droppedBy("command"), await cluster.verified(), tap.of("RES").length];
		const own = messages.filter(({ subject }) => /\.REQ\.command$/.test(subject)).length;
		const recorded = tap.recorded.length;
		await tap.send(messages);
		expect(own).toBeGreaterThan(0);
		await eventually(async () => expect((await droppedBy("command")) - dropped).toBeGreaterThanOrEqual(own));
		const sent = new Set(messages.map(({ data }) => data.toString("latin1")));
		const others = tap.recorded.slice(recorded).filter(({ data }) => !sent.has(data.toString("latin1")));
		expect(others.filter(({ subject }) => /\.RES\.gateway$/.test(subject))).toEqual([]);
		expect(answers).toBeGreaterThan(0);
		await cluster.ready();
		expect(await cluster.verified()).toBe(commits);
	};

	it("reads no name, plate or action in any message, while it hears all of them", async () => {
		await radarInService(gateway, "r-1");
		answered(201, await gateway.post("/owners", { id: "o-1", ...person, name: SECRET.name, email: SECRET.email }));
		answered(
			201,
			await gateway.post("/vehicles", {
				plate: SECRET.plate,
				country: "FR",
				type: "car",
				brand: "Renault",
				model: "Clio",
				fiscalPower: 5,
				owner: "o-1",
			}),
		);
		const passage = { radar: "r-1", plate: SECRET.plate, country: "FR", speedKmh: 150, capturedAt: noon };
		answered(200, await gateway.ndjson(Array.from({ length: 20 }, (_, n) => ({ id: `d-${n}`, ...passage }))));
		await eventually(async () => expect((await gateway.get("/infractions?holder=o-1")).body.total).toBe(20));
		expect((await gateway.get("/owners/o-1")).text).toContain(SECRET.email);
		before = [...tap.recorded];
		expect(tap.of("REQ").length).toBeGreaterThan(10);
		expect(tap.of("RES").length).toBeGreaterThan(10);
		const heard = before.map(({ subject, data }) => `${subject} ${data.toString("latin1")}`).join("\n");
		const utf8 = before.map(({ data }) => data.toString()).join("\n");
		const texts = [...Object.values(SECRET), "owner.register", "detection", "command-id", "sender", "speedKmh"];
		for (const form of texts.flatMap(formsOf)) expect([form, heard.includes(form) || utf8.includes(form)]).toEqual([form, false]);
	});
	it("changes nothing by repeating all of them", () => expectDropped(before));
	it("changes nothing by flipping a bit, or cutting the end", async () => {
		const flipped = before.map(({ subject, data }, n) => {
			const changed = Buffer.from(data);
			const at = (n * 37) % Math.max(changed.length, 1);
			changed[at] = (changed[at] ?? 0) ^ (1 << (n & 7));
			return { subject, data: changed };
		});
		await expectDropped(flipped);
		await expectDropped(before.map(({ subject, data }, n) => ({ subject, data: data.subarray(0, (n * 53) % Math.max(data.length, 1)) })));
	});
	it("changes nothing by sending packets of one type or receiver as another", () => {
		const all = ["REQ.command", "EVENT.command", "EVENT.query", "RES.gateway", "INFO", "DISCONNECT", "INFO.gateway", "proof.command"];
		return expectDropped(before.slice(-100).flatMap(({ data }) => all.map((type) => ({ subject: prefix() + type, data }))));
	});
	it("changes nothing by forging packets as Moleculer sends them", async () => {
		const forged = (type: string, content: object, sender = "gateway"): Recorded => ({
			subject: prefix() + type,
			data: Buffer.from(JSON.stringify({ ver: "5", sender, ...content })),
		});
		const request = { id: "1", meta: {}, level: 1, tracing: null, parentID: null, requestID: "1", caller: null, stream: false };
		await expectDropped([
			forged("REQ.command", { ...request, action: "owner.register", params: { id: "forged", ...person } }),
			forged(
				"EVENT.query",
				{ id: "2", event: "log.appended", data: { context: "radar", partition: "radar:0", last: 10 ** 12 } },
				"command",
			),
			forged("INFO", { instanceID: "forged", services: [], ipList: [], hostname: "here", client: {}, config: {}, seq: 99 }, "command"),
			forged("RES.gateway", { id: "1", success: true, data: {}, meta: {} }, "command"),
			forged("DISCONNECT", {}, "command"),
			forged("HEARTBEAT", { cpu: 1 }, "nobody"),
		]);
		expectProblem(await gateway.get("/owners/forged"), 404);
	});
	it("changes nothing by repeating all of them to nodes that have restarted since", async () => {
		for (const name of ["command", "query", "gateway"]) {
			await cluster.kill(name);
			await cluster.join(name);
		}
		await cluster.ready();
		await expectDropped(before);
	});
	it("is reported in readiness and once in the log, and the cluster works as before", async () => {
		const { body } = answered(200, await gateway.get("/health/ready"));
		expect(body["parts"]).toContainEqual(
			expect.objectContaining({
				name: "bus",
				ready: true,
				node: "command",
				note: expect.stringMatching(/^\d+ packets were dropped, the last: one /),
			}),
		);
		expect(cluster.node("command").output.match(/NATS: .*dropped, the last: one/g)?.length).toBeLessThanOrEqual(2); // at most one a minute
		answered(201, await gateway.post("/owners", { id: "o-2", ...person }));
	});
});

(hasNats ? describe : describe.skip)("nodes with different cluster keys", () => {
	let nats: Nats;
	const folders: string[] = [];
	const running: System[] = [];
	const [key, other] = [newClusterKey(), newClusterKey()];
	beforeAll(async () => void (nats = await Nats.start()));
	afterEach(async () => {
		await Promise.all(running.splice(0).map((node) => node.kill()));
		for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
	});
	afterAll(() => nats?.end());
	const start = async (folder: string, name: string, services: string, own: Readonly<Record<string, string>>): Promise<System> => {
		const settings = { NATS_URL: nats.url, NODE_ID: name, SERVICES: services, PARTITIONS: "2", LOG_LEVEL: "warn", ...own };
		const node = System.at(folder, settings);
		running.push(node);
		await node.up(settings, "its own word");
		return node;
	};
	const folder = async (): Promise<string> => {
		const path = await mkdtemp(join(tmpdir(), "sealed-"));
		folders.push(path);
		return path;
	};
	const isReady = (gateway: System) => eventually(async () => answered(200, await gateway.get("/health/ready")), 30_000);
	const installed = async (place: string, own: Readonly<Record<string, string>>): Promise<System> => {
		await start(place, "command", ROLES.command, own);
		await start(place, "query", ROLES.query, own);
		const gateway = await start(place, "gateway", ROLES.gateway, own);
		await isReady(gateway);
		return gateway;
	};

	it("never hear each other, although they have the same INSTALLATION and the same names", async () => {
		const production = await installed(await folder(), { CLUSTER_KEY: key, INSTALLATION: "vigie" });
		const staging = await installed(await folder(), { CLUSTER_KEY: other, INSTALLATION: "vigie" });
		for (let n = 0; n < 6; n++) answered(201, await production.post("/owners", { id: `o-${n}`, ...person }));
		for (let n = 0; n < 6; n++) expectProblem(await staging.get(`/owners/o-${n}`), 404);
		answered(201, await staging.post("/owners", { id: "o-0", ...person, name: "Other Person" }));
		await eventually(async () => expect((await production.get("/owners?pageSize=100")).body.total).toBe(6));
		await eventually(async () => expect((await staging.get("/owners?pageSize=100")).body.total).toBe(1));
		expect((await production.get("/owners/o-0")).text).not.toContain("Other Person");
	});
	it("make a gateway report at its start that its key is another one", async () => {
		const place = await folder();
		await start(place, "command", ROLES.command, { CLUSTER_KEY: key });
		const gateway = await start(place, "gateway", ROLES.gateway, { CLUSTER_KEY: other });
		await eventually(async () => {
			const { body } = answered(503, await gateway.get("/health/ready"));
			const reason = "the nodes with a store on this NATS have another CLUSTER_KEY";
			expect(body["parts"]).toContainEqual(expect.objectContaining({ name: "installation", ready: false, reason }));
		});
		expectProblem(await gateway.post("/owners", { id: "o-1", ...person }), 503);
	});
	it("become one cluster with a new key, node by node, without a failed command", async () => {
		const place = await folder();
		const own = { CLUSTER_KEY: key, INSTALLATION: "vigie" };
		const nodes = new Map<string, System>();
		for (const [name, services] of [
			["command-1", ROLES.command],
			["command-2", ROLES.command],
			["query-1", ROLES.query],
			["query-2", ROLES.query],
			["gateway-1", ROLES.gateway],
		] as const)
			nodes.set(name, await start(place, name, services, own));
		const gateway = await start(place, "gateway-2", ROLES.gateway, own);
		await isReady(gateway);
		let written = 0;
		for (const CLUSTER_KEY of [`${key},${other}`, `${other},${key}`, other]) {
			for (const [name, node] of [...nodes, ["gateway-2", gateway] as const]) {
				const asked = name === "gateway-2" ? nodes.get("gateway-1") : gateway;
				expect(await node.stop()).toBe(0);
				const services = name.startsWith("command") ? ROLES.command : name.startsWith("query") ? ROLES.query : ROLES.gateway;
				await node.up({ NATS_URL: nats.url, NODE_ID: name, SERVICES: services, LOG_LEVEL: "warn", ...own, CLUSTER_KEY }, "its own word");
				if (!asked) throw new Error("there is no other gateway");
				await isReady(asked);
				answered(201, await asked.post("/owners", { id: `o-${written++}`, ...person }));
			}
		}
		await eventually(async () => expect((await gateway.get("/owners?pageSize=100")).body.total).toBe(written));
		for (const { output } of nodes.values()) expect(output).not.toMatch(/dropped/);
	});
});
