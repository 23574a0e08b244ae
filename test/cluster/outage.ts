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

/** Away for so long that somebody is told, then back. */
export async function expectSurvived(cluster: Cluster, away: () => Promise<void>, back: () => Promise<void>): Promise<void> {
	const load = await Load.on(cluster, new Dice(3));
	try {
		load.begin();
		await load.more(20);
		await away();
		const asked = await Promise.all(cluster.gateways.map((gateway, n) => gateway.send(command(`asked-${n}`))));
		for (const { status, headers, body } of asked) {
			expect([status, body.code]).toEqual([503, expect.stringMatching(/^[A-Z_]+$/)]);
			expect(headers["retry-after"]).toMatch(/^\d+$/);
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
