/** Two installations on one NATS: nodes with the same names, of which none ever exchanges a message with the other installation. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answered, expectProblem, person, seen } from "../http/scenery.ts";
import { CLUSTER_KEY, hasNats, Nats, ROLES } from "../support/cluster.ts";
import { eventually, System } from "../support/system.ts";

type Settings = Readonly<Record<string, string>>;

(hasNats ? describe : describe.skip)("two installations on one NATS", () => {
	let nats: Nats;
	let production: string;
	let staging: string;
	const running: System[] = [];
	beforeAll(async () => {
		if (!hasNats) return;
		nats = await Nats.start();
		production = await mkdtemp(join(tmpdir(), "production-"));
		staging = await mkdtemp(join(tmpdir(), "staging-"));
	});
	afterEach(async () => {
		await Promise.all(running.splice(0).map((node) => node.kill()));
	});
	afterAll(async () => {
		await nats?.end();
		for (const folder of [production, staging]) await rm(folder, { recursive: true, force: true });
	});
	const settingsOf = (name: string, services: string, own: Settings = {}): Settings => ({
		NATS_URL: nats.url,
		CLUSTER_KEY,
		NODE_ID: name,
		SERVICES: services,
		PARTITIONS: "2",
		LOG_LEVEL: "info",
		...own,
	});
	const node = async (folder: string, name: string, services: string, own: Settings = {}): Promise<System> => {
		const system = System.at(folder, settingsOf(name, services, own));
		running.push(system);
		await system.up(settingsOf(name, services, own), "its own word");
		return system;
	};
	const sides = async (folder: string): Promise<System> => {
		const command = await node(folder, "command-1", ROLES.command);
		await node(folder, "query-1", ROLES.query);
		return command;
	};
	const gatewayOf = (folder: string, own: Settings = {}): Promise<System> => node(folder, "gateway-1", ROLES.gateway, own);
	const installationOf = ({ output }: System): string => /belongs to the installation ([\w-]+)/.exec(output)?.[1] ?? "";
	const isReady = (gateway: System) => eventually(async () => answered(200, await gateway.get("/health/ready")), 30_000);

	it("keep their facts apart, even if their nodes have the same names and one starts after the other", async () => {
		await sides(production);
		const gateway = await gatewayOf(production);
		await isReady(gateway);
		const id = installationOf(await sides(staging));
		const other = await gatewayOf(staging, { INSTALLATION: id });
		await isReady(other);
		for (let n = 0; n < 6; n++) {
			const written = answered(201, await gateway.post("/owners", { id: `o-${n}`, ...person }));
			answered(200, await gateway.get(`/owners/o-${n}`, seen(written)));
			expectProblem(await other.get(`/owners/o-${n}`), 404);
		}
		answered(201, await other.post("/owners", { id: "o-0", ...person }));
		expect(answered(200, await gateway.get("/owners?pageSize=100")).body["total"]).toBe(6);
	});

	it("need INSTALLATION on a node without a store, which otherwise names both and exits", async () => {
		const ids = [installationOf(await sides(production)), installationOf(await sides(staging))];
		expect(new Set(ids).size).toBe(2);
		const undecided = System.at(production, settingsOf("gateway-1", ROLES.gateway, { LOG_LEVEL: "warn" }));
		const { code, output } = await undecided.ending();
		const both = ids.toSorted().join(", ");
		expect([code, output]).toEqual([
			1,
			`NATS_URL: several installations use this NATS (${both}): set INSTALLATION to the one this node belongs to\n`,
		]);
		const gateway = await gatewayOf(production, { INSTALLATION: ids[0] ?? "" });
		await isReady(gateway);
		answered(200, await gateway.get("/owners/o-5"));
	});

	it("are noticed by a node that learned its installation before the second one came: it is not ready, and says so", async () => {
		const mine = installationOf(await sides(production));
		const gateway = await gatewayOf(production);
		await isReady(gateway);
		const other = installationOf(await sides(staging));
		const both = [mine, other].toSorted().join(", ");
		const reason = `several installations use this NATS (${both}): set INSTALLATION to the one this node belongs to; it has joined ${mine}`;
		await eventually(async () => {
			const { body } = answered(503, await gateway.get("/health/ready"));
			expect(body["parts"]).toContainEqual(expect.objectContaining({ name: "installation", ready: false, reason }));
		});
		expect(gateway.output).toContain(reason);
	});
	it("are not mixed by a wrong setting: a node refuses the store of another installation", async () => {
		const [mine = ""] = [installationOf(await sides(production))];
		const wrong = settingsOf("command-2", ROLES.command, { INSTALLATION: "other", LOG_LEVEL: "warn" });
		const { code, output } = await System.at(production, wrong).ending();
		expect([code, output]).toEqual([1, `INSTALLATION is "other": the store belongs to the installation ${mine}\n`]);
	});

	it("are awaited: a gateway that starts first answers 503, reports why, and joins the first installation", async () => {
		const gateway = await gatewayOf(production);
		expectProblem(await gateway.get("/owners/o-1"), 503);
		const { body } = answered(503, await gateway.get("/health/ready"));
		expect(body["parts"]).toContainEqual(
			expect.objectContaining({ name: "installation", ready: false, reason: "no node with a store is connected to NATS" }),
		);
		answered(200, await gateway.get("/health/live"));
		await sides(production);
		await isReady(gateway);
		answered(200, await gateway.get("/owners/o-1"));
	});
});
