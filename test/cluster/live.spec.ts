/** The live feed of a cluster: it outlives the nodes with the logs, and nothing is left of it after its gateway is killed. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { answered, person } from "../http/scenery.ts";
import { Cluster, ground, ROLES } from "../support/cluster.ts";
import type { LiveFeed } from "../support/live-feed.ts";
import { Scrape } from "../support/prometheus.ts";
import { eventually, type System } from "../support/system.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

const COMMANDS = ["command-1", "command-2"];
const NODES = {
	"command-1": ROLES.command,
	"command-2": ROLES.command,
	"query-1": ROLES.query,
	"gateway-1": ROLES.gateway,
	"gateway-2": ROLES.gateway,
};

(at ? describe : describe.skip)("a live feed of a cluster", () => {
	let cluster: Cluster;
	let gateway: System;
	let n = 0;
	const posted: string[] = [];
	beforeAll(async () => {
		if (!at) return;
		cluster = await Cluster.start(at, { nodes: NODES, settings: { METRICS_PORT: "0", PARTITIONS: "2" } });
		gateway = cluster.node("gateway-1");
	});
	afterAll(() => cluster?.stop());
	const register = async (): Promise<void> => {
		const id = `o-${++n}`;
		await eventually(async () => answered(201, await gateway.post("/owners", { id, ...person }, { "idempotency-key": id })), 30_000);
		posted.push(id);
	};
	const heard = ({ events }: LiveFeed): string[] => events.map(({ data }) => (JSON.parse(data) as { readonly id: string }).id);
	/** The number of partitions that nodes follow for live feeds. */
	const followed = async (): Promise<number> => {
		const all = await Promise.all(
			COMMANDS.map(async (name) => {
				const [, url = ""] = /^Its metrics: (\S+)$/m.exec(cluster.node(name).output) ?? [];
				return new Scrape(await (await fetch(url)).text()).sum("vigie_log_live_followers");
			}),
		);
		return all.reduce((sum, one) => sum + one, 0);
	};

	it("continues while the nodes with the logs die and return, without a loss or a duplicate", async () => {
		const feed = await gateway.live("?types=owner.registered");
		for (const name of COMMANDS) {
			for (let i = 0; i < 5; i++) await register();
			await cluster.kill(name);
			for (let i = 0; i < 5; i++) await register();
			await cluster.join(name);
			await cluster.ready();
		}
		await eventually(() => expect(heard(feed).toSorted()).toEqual(posted.toSorted()), 30_000);
		await register();
		await eventually(() => expect(heard(feed)).toContain(posted.at(-1))); // a duplicate would have come before it
		expect([feed.ended, heard(feed).toSorted()]).toEqual([false, posted.toSorted()]);
		feed.close();
	});

	it("has no followers after its client has disconnected", async () => {
		const feed = await gateway.live();
		await eventually(async () => expect(await followed()).toBeGreaterThan(0));
		feed.close();
		await eventually(async () => expect(await followed()).toBe(0), 40_000);
	});

	it("has no followers after its gateway was killed, and resumes on the other gateway", async () => {
		const other = cluster.node("gateway-2");
		const feed = await other.live("?types=owner.registered");
		await register();
		await eventually(() => expect(heard(feed)).toEqual([posted.at(-1)]));
		expect(await followed()).toBeGreaterThan(0);
		await cluster.kill("gateway-2");
		await register();
		const again = await gateway.live("?types=owner.registered", { "last-event-id": feed.events.at(-1)?.id });
		await eventually(() => expect(heard(again)).toEqual([posted.at(-1)]));
		again.close();
		await eventually(async () => expect(await followed()).toBe(0), 40_000);
	});
});
