/** Processes of a cluster are killed one after another under load: the others keep working, and each acknowledged command takes effect once. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Cluster, ground, SIX } from "../support/cluster.ts";
import { Dice } from "../http/random.ts";
import { expectPolite } from "./insist.ts";
import { Load } from "./load.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

(at ? describe : describe.skip)("a cluster under load", () => {
	let cluster: Cluster;
	let load: Load;
	beforeAll(async () => {
		if (!at) return;
		cluster = await Cluster.start(at);
		load = await Load.on(cluster, new Dice(7));
	});
	afterAll(() => (load?.give(), cluster?.stop()));

	it.each(Object.keys(SIX))("loses %s, keeps working, and gets it back", async (name) => {
		load.begin();
		await load.more(10);
		await cluster.kill(name);
		await load.more(15);
		await cluster.join(name);
		await load.more(10);
		await load.end();
		expectPolite(load.client);
	});

	it("has every result once", () => load.expectTold());

	it("has a log that passes verification", async () => {
		expect(await cluster.verified()).toBeGreaterThan(50);
	});
});
