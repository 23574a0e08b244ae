/** What all nodes share goes away under load, and comes back: who is not acknowledged is told so, and the cluster goes on by itself. */
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

/** Who asks any gateway for something is told to come again. */
async function expectTold(cluster: Cluster, key: string): Promise<void> {
	const asked = await Promise.all(cluster.gateways.map((gateway, n) => gateway.send(command(`${key}-${n}`))));
	for (const { status, headers, body } of asked) {
		expect([status, body.code]).toEqual([503, expect.stringMatching(/^[A-Z_]+$/)]);
		expect(headers["retry-after"]).toMatch(/^\d+$/);
	}
}

/** Away for so long that somebody is told, and until `long` resolves; then back. */
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
