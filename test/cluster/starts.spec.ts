/** The start of a node of a cluster, and settings with which it fails. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Cluster, ground, ROLES } from "../support/cluster.ts";
import { System } from "../support/system.ts";
import { answered, person } from "../http/scenery.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

(at ? describe : describe.skip)("a node of a cluster", () => {
	let cluster: Cluster;
	beforeAll(async () => {
		if (at) cluster = await Cluster.start(at, { nodes: { command: ROLES.command, query: ROLES.query, gateway: ROLES.gateway } });
	});
	afterAll(() => cluster?.stop());

	it.each([
		["command", ROLES.command],
		["query", ROLES.query],
	])("with %s services refuses another number of partitions with one line", async (_what, services) => {
		const settings = { ...cluster.settingsOf("other", services), PARTITIONS: "5" };
		const { code, output } = await System.at(cluster.folder, settings).ending();
		expect([code, output]).toEqual([1, expect.stringMatching(/4 partitions|PARTITIONS/)]);
		expect(output.trimEnd().split("\n")).toHaveLength(1);
	});

	it("uses the number of partitions of the logs by default", async () => {
		await cluster.join("another", ROLES.command);
		const { PARTITIONS: _none, ...settings } = cluster.settingsOf("silent", ROLES.command);
		const silent = System.at(cluster.folder, settings);
		try {
			await silent.up(settings, "its own word");
		} finally {
			await silent.kill();
		}
	});

	it("with only a gateway needs neither a folder nor a database", async () => {
		const folder = join(cluster.folder, "never-made");
		const { MONGO_URL: _none, ...settings } = cluster.settingsOf("lonely", ROLES.gateway);
		const gateway = System.at(folder, settings);
		try {
			await gateway.up();
			answered(201, await gateway.post("/owners", { id: "through-it", ...person }));
			expect(existsSync(folder)).toBe(false);
		} finally {
			await gateway.kill();
		}
	});
});
