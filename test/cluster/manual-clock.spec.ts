/** A manual clock in a cluster: every node follows it at once, and a node that was away knows it before it serves. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { answered, commits, expectProblem, person, seen } from "../http/scenery.ts";
import { Cluster, hasNats } from "../support/cluster.ts";
import { eventually, type System } from "../support/system.ts";

const [BEGIN, NEXT, LAST] = ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"];

(hasNats ? describe : describe.skip)("a cluster with a manual clock", () => {
	let cluster: Cluster;
	beforeAll(async () => {
		if (hasNats) cluster = await Cluster.shared({ settings: { CLOCK: `manual:${BEGIN}` } });
	});
	afterAll(() => cluster?.stop());
	const nowOf = async (gateway: System): Promise<unknown> => answered(200, await gateway.get("/clock")).body["now"];

	it("has the same time everywhere as soon as an advance is answered", async () => {
		const [one, other] = cluster.gateways;
		if (!one || !other) throw new Error("two gateways were started");
		expect(await Promise.all(cluster.gateways.map(nowOf))).toEqual([BEGIN, BEGIN]);
		answered(200, await one.post("/clock/advance", { to: NEXT }));
		expect(await nowOf(other)).toBe(NEXT);
		const owner = answered(201, await other.post("/owners", { id: "o-1", ...person }));
		expect(commits(await one.get("/owners/o-1/history", seen(owner)))[0]).toMatchObject({ at: NEXT });
		expectProblem(await other.post("/clock/advance", { to: BEGIN }), 409, "CLOCK_BEHIND");
		await eventually(async () => expect(answered(200, await one.get("/clock")).body["due"]).toBe(0));
	});
	it("tells nodes that were away, and nodes that were restarted", async () => {
		const [one] = cluster.gateways;
		if (!one) throw new Error("two gateways were started");
		await cluster.kill("gateway-2");
		await cluster.kill("query-1");
		answered(200, await one.post("/clock/advance", { to: LAST }));
		await cluster.join("gateway-2");
		await cluster.join("query-1");
		await cluster.ready();
		expect(await Promise.all(cluster.gateways.map(nowOf))).toEqual([LAST, LAST]);
	});
});
