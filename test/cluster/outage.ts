/** Outage - checks a cluster that loses a shared server under load and gets it back: requests fail with 503, and the cluster recovers. */
import { expect } from "@jest/globals";
import type { Cluster } from "../support/cluster.ts";
import { Dice } from "../http/random.ts";
import { person } from "../http/scenery.ts";
import { expectPolite } from "./insist.ts";
import { Load } from "./load.ts";

const command = (key: string) => ({
	method: "POST",
	path: "/owners",
	headers: { "content-type": "application/json", "idempotency-key": key },
	body: JSON.stringify(person),
	timeoutMs: 30_000,
});

/** Expects 503 with Retry-After from every gateway. */
async function expectTold(cluster: Cluster, key: string): Promise<void> {
	const asked = await Promise.all(cluster.gateways.map((gateway, n) => gateway.send(command(`${key}-${n}`))));
	for (const { status, headers, body } of asked) {
		expect([status, body.code]).toEqual([503, expect.stringMatching(/^[A-Z_]+$/)]);
		expect(headers["retry-after"]).toMatch(/^\d+$/);
	}
}

/** Runs a load, stops the server with `away` until gateways answer 503 and `long` resolves, restarts it with `back`, and checks the results. */
export async function expectSurvived(
	cluster: Cluster,
	away: () => Promise<void>,
	back: () => Promise<void>,
	long?: () => Promise<void>,
): Promise<void> {
	const load = await Load.on(cluster, new Dice(3));
	try {
		load.begin();
		await load.more(20);
		await away();
		await expectTold(cluster, "asked");
		if (long) {
			await long();
			await expectTold(cluster, "asked-again");
		}
		await back();
		await load.more(20);
		await load.end();
		await cluster.ready();
		expectPolite(load.client);
		await load.expectTold();
		expect(await cluster.verified()).toBeGreaterThan(50);
	} finally {
		load.give();
	}
}
