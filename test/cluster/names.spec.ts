/** Node names: a node whose name another node holds exits without disturbing the cluster; a dead node holds no name. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { answered, person } from "../http/scenery.ts";
import { Cluster, hasNats, ROLES } from "../support/cluster.ts";
import { eventually, System } from "../support/system.ts";

const NODES = { "command-1": ROLES.command, "command-2": ROLES.command, "query-1": ROLES.query, "gateway-1": ROLES.gateway };

(hasNats ? describe : describe.skip)("a node with the name of another one", () => {
	let cluster: Cluster;
	let gateway: System;
	let n = 0;
	beforeAll(async () => {
		if (!hasNats) return;
		cluster = await Cluster.shared({ nodes: NODES });
		gateway = cluster.node("gateway-1");
	});
	afterAll(() => cluster?.stop());
	const register = () => gateway.post("/owners", { id: `o-${++n}`, ...person });
	const newcomer = (name: string): System => System.at(cluster.folder, cluster.settingsOf(name, cluster.servicesOf(name)));

	it.each(["command-1", "query-1", "gateway-1"])("exits with one line, without an effect on the cluster (%s)", async (name) => {
		let over = false;
		const statuses = new Set<number>();
		const asking = (async () => {
			while (!over) {
				statuses.add((await register()).status);
				statuses.add((await gateway.get("/radars")).status);
			}
		})();
		const before = cluster.names.map((one) => cluster.node(one).output);
		for (let i = 0; i < 3; i++) {
			const { code, output } = await newcomer(name).ending();
			expect([code, output]).toEqual([1, `NODE_ID: another node of the cluster is called ${name}\n`]);
		}
		over = true;
		await asking;
		expect([...statuses].toSorted()).toEqual([200, 201]);
		expect(cluster.names.map((one) => cluster.node(one).output)).toEqual(before);
		await cluster.ready();
	});

	it("joins at once if the other one has died", async () => {
		for (let i = 0; i < 3; i++) {
			await cluster.kill("command-1");
			await cluster.join("command-1");
			await eventually(async () => answered(201, await register()));
		}
		await cluster.ready();
	});

	it("joins while the other one is suspended, and exits when that one resumes", async () => {
		cluster.pause("command-2");
		const younger = newcomer("command-2");
		try {
			await younger.up(cluster.settingsOf("command-2", ROLES.command), "its own word");
			await eventually(async () => answered(201, await register()), 30_000);
			cluster.resume("command-2");
			const { code, output } = await younger.ended(20_000);
			expect([code, output]).toEqual([
				1,
				expect.stringMatching(/FATAL .*Another node of the cluster is called command-2 and is older: this one ends\n$/),
			]);
			await eventually(async () => answered(201, await register()), 30_000);
			await pause(1000); // any other node that exits would have exited by now
			await cluster.ready();
			expect(await cluster.verified()).toBeGreaterThan(0);
		} finally {
			cluster.resume("command-2");
			await younger.kill();
		}
	});
});
