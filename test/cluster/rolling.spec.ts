/** Every node of a cluster is restarted under load, one after another: a client only sees refused connections of the stopped gateway. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Cluster, ground, SIX } from "../support/cluster.ts";
import { Dice } from "../http/random.ts";
import { Load } from "./load.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

(at ? describe : describe.skip)("a rolling restart", () => {
	let cluster: Cluster;
	let load: Load;
	beforeAll(async () => {
		if (!at) return;
		cluster = await Cluster.start(at);
		load = await Load.on(cluster, new Dice(11));
		load.begin();
	});
	afterAll(() => (load?.give(), cluster?.stop()));

	it.each(Object.keys(SIX))("of %s fails no request", async (name) => {
		await load.more(10);
		expect(await cluster.leave(name)).toBe(0);
		await load.more(10);
		await cluster.join(name);
		await cluster.ready();
		await load.more(10);
		const { broken, notNow } = load.client;
		expect([broken, notNow.map(({ text }) => text)]).toEqual([[], []]);
	});

	it("leaves every row correct", async () => {
		await load.end();
		await load.expectTold();
	});
});
