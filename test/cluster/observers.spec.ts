/** Operators connected to a cluster under load: their commands work, their node takes no work, and its loss has no effect. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Beside, beside } from "../../node/observer.ts";
import { Dice } from "../http/random.ts";
import { Cluster, CLUSTER_KEY, ground, ROLES } from "../support/cluster.ts";
import { freePort } from "../support/mongo.ts";
import { es, Repl } from "../support/operator.ts";
import { eventually } from "../support/system.ts";
import { Load } from "./load.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

const NODES = { "command-1": ROLES.command, "command-2": ROLES.command, "query-1": ROLES.query, "gateway-1": ROLES.gateway };
type Row = Readonly<Record<string, unknown>>;
interface Seen {
	readonly id: string;
	readonly available: boolean;
	readonly services?: readonly Row[];
}

(at ? describe : describe.skip)("an operator connected to a cluster", () => {
	let cluster: Cluster;
	let load: Load;
	let watch: Beside;
	beforeAll(async () => {
		if (!at) return;
		cluster = await Cluster.start(at, { nodes: NODES });
		watch = await beside({ NATS_URL: cluster.nats.url, CLUSTER_KEY, LOG_LEVEL: "fatal" });
		load = await Load.on(cluster, new Dice(5));
		load.begin();
		await load.more(20);
	});
	afterAll(async () => {
		load?.give();
		await watch?.stop();
		await cluster?.stop();
	});
	/** The observer nodes with their services, except that of this test. */
	const operators = (): readonly Seen[] => {
		const nodes: readonly Seen[] = watch.broker.registry.getNodeList({ withServices: true });
		return nodes.filter(({ id }) => id.startsWith("operator-") && id !== watch.broker.nodeID);
	};
	const nothingFailed = () => expect([load.client.broken, load.client.notNow.map(({ text }) => text)]).toEqual([[], []]);

	it("gets answers from the nodes that have them", async () => {
		const state = await cluster.es("state radar load-radar --json");
		expect([state.code, state.json]).toMatchObject([0, { service: "radar", id: "load-radar" }]);
		const tail = await cluster.es("tail --from radar:0:0,radar:1:0,radar:2:0,radar:3:0 --limit 5 --json");
		expect([tail.code, tail.stdout.trim().split("\n").length]).toEqual([0, 5]);
		const lag = await cluster.es("lag --json --most 60");
		const places = lag.json["places"] as readonly Row[];
		expect(new Set(places.map(({ name }) => name))).toEqual(
			new Set([
				"radars",
				"detections",
				"owners",
				"vehicles",
				"infractions",
				"interventions",
				"case-opening",
				"users",
				"clients",
				"sessions",
			]),
		);
		expect(lag.json["stopped"]).toEqual([]);
		expect(await cluster.es("parked")).toMatchObject({ code: 0, stdout: "nothing is parked in case-opening\n" });
		expect(await cluster.verified()).toBeGreaterThan(20);
		expect((await cluster.es("heads")).stdout).toMatch(/^head radar:\d \d+ /m);
		const rebuild = await cluster.es("rebuild radars --json");
		expect([rebuild.code, rebuild.json]).toMatchObject([0, { readModel: "radars", generation: 2, differing: 0 }]);
		nothingFailed();
	});
	it("has no service of a context, so that no work is placed on its node", async () => {
		const repl = await Repl.open(cluster.folder, ["--beside"], cluster.settingsOf("command-1", ROLES.command)); // an observer ignores the other settings
		await eventually(() => expect(operators().filter(({ available }) => available)).toHaveLength(1));
		const [{ id = "", services = [] } = {}] = operators().filter(({ available }) => available);
		expect(services.map(({ name }) => name)).toEqual(["$node"]);
		const actions = watch.broker.registry.getActionList({ withEndpoints: true }) as readonly {
			readonly name: string;
			readonly endpoints?: readonly { readonly nodeID: string }[];
		}[]; // moleculer leaves it untyped
		const placed = actions.filter(({ endpoints = [] }) => endpoints.some(({ nodeID }) => nodeID === id)).map(({ name }) => name);
		expect(placed.filter((name) => !name.startsWith("$node."))).toEqual([]);
		expect(placed).not.toContain("$node.parts");
		expect(await repl.type("es-verify --json")).toContain('{"ok":true,');
		await load.more(50);
		expect(await repl.leave()).toBe(0);
		await eventually(() => expect(operators().filter(({ available }) => available)).toEqual([]));
		nothingFailed();
	});
	it("may be killed at work, and no request fails or waits for it", async () => {
		const repl = await Repl.open(cluster.folder, ["--beside"], cluster.settingsOf("operator", ""));
		repl.send("es-tail");
		await eventually(() => expect(repl.said).toContain("detection.recorded"));
		repl.kill();
		for (let n = 0; n < 20; n++) {
			await load.more(10);
			const { parts } = (await load.gateway.get("/health/ready")).body as unknown as { readonly parts: readonly Row[] };
			expect(parts.filter(({ name, node }) => `${String(name)} ${String(node)}`.includes("operator-"))).toEqual([]);
		}
		nothingFailed();
	});
	it("gets one line if no NATS answers", async () => {
		const nobody = await es(cluster.folder, "lag", {
			NATS_URL: `nats://user:secret@127.0.0.1:${await freePort()}`,
			CLUSTER_KEY,
			LOG_LEVEL: "fatal",
		});
		expect([nobody.code, nobody.stdout]).toEqual([1, ""]);
		expect(nobody.stderr).toMatch(/^no NATS answers at nats:\/\/\.\.\.@127\.0\.0\.1:\d+ within 10 s\n$/m);
		expect(nobody.stderr).not.toContain("secret");
	});
	it("leaves every row correct, and gets one line if no node answers", async () => {
		await load.end();
		await load.expectTold();
		nothingFailed();
		await Promise.all(cluster.names.map((name) => cluster.kill(name)));
		await eventually(() => expect(watch.broker.registry.getServiceList({ onlyAvailable: true, skipInternal: true })).toEqual([]), 20_000);
		const alone = await cluster.es("lag");
		expect([alone.code, alone.stdout]).toEqual([1, ""]);
		expect(alone.stderr).toMatch(/^no node of the system answers at nats:\/\/127\.0\.0\.1:\d+ within 10 s$/m);
	});
});
