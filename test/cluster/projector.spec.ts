/** A node with a read model is suspended most of the time: commands work, reads succeed or get 503, and finally every row exists. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Cluster, ground, ROLES } from "../support/cluster.ts";
import { eventually, type System } from "../support/system.ts";
import { answered, expectProblem, noon, ownerOf, plate, radarInService, seen } from "../http/scenery.ts";
import { expectReplayed } from "./replayed.ts";
import { memoryOf, Slowed } from "./slowed.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

const NODES = {
	command: ROLES.command,
	slow: "detections",
	query: "radars,owners,vehicles,infractions,interventions,identity-queries,case-opening",
	gateway: ROLES.gateway,
};
const RADAR = "r-1";
/** Milliseconds for which the slow node runs and is suspended in turn: each of its queries to the database takes one round. */
const RUNS = 20;
const STANDS = 700;
/** The number of concurrent clients. */
const SIDES = 3;
/** Limit for a read in milliseconds: a call between nodes ends after ten seconds; the rest is a margin. */
const IN_TIME = 20_000;
/** Limit for the growth of a node's memory in megabytes. */
const GROWTH = 150;
const LONG = 300_000;

(at ? describe : describe.skip)("a cluster whose read model of detections is suspended most of the time", () => {
	let cluster: Cluster;
	let gateway: System;
	let slowed: Slowed | undefined;
	let before: Record<string, number>;
	const others = (): Record<string, System> =>
		Object.fromEntries(["command", "query", "gateway"].map((name) => [name, cluster.node(name)]));
	/** The acknowledged passages, and their positions. */
	const taken: string[] = [];
	const positions: string[] = [];
	let sent = 0;
	beforeAll(async () => {
		if (!at) return;
		cluster = await Cluster.start(at, { nodes: NODES });
		gateway = cluster.node("gateway");
		await radarInService(gateway, RADAR);
		await ownerOf(gateway, "o-1", [plate(0)]);
		before = memoryOf(others());
	});
	afterEach(() => slowed?.end());
	afterAll(() => cluster?.stop());

	async function passed() {
		const id = `d-${sent++}`;
		const passage = { id, radar: RADAR, plate: plate(sent % 3), country: "FR", speedKmh: 150, capturedAt: noon };
		const acknowledged = answered(201, await gateway.post("/detections", passage));
		taken.push(id);
		positions.push(seen(acknowledged)["x-position"]);
		return { id, acknowledged };
	}
	/** Sends a passage and reads its row; false if the read got 503 because the read model lags. */
	async function readBack(): Promise<boolean> {
		const { id, acknowledged } = await passed();
		const begun = performance.now();
		const read = await gateway.get(`/detections/${id}`, seen(acknowledged), 2 * IN_TIME);
		expect(performance.now() - begun).toBeLessThan(IN_TIME);
		if (read.status === 200) {
			expect(read.body).toMatchObject({ id, status: "qualified" });
			return true;
		}
		expectProblem(read, 503);
		expect(["READ_MODEL_LAGGING", "SERVICE_UNAVAILABLE"]).toContain(read.body.code); // the second if the node was missed meanwhile
		expect(read.headers["retry-after"]).toMatch(/^\d+$/);
		return false;
	}

	it(
		"acknowledges every command, and answers reads in time that it lags",
		async () => {
			expect(await readBack()).toBe(true);
			slowed = new Slowed(cluster.node("slow"), RUNS, STANDS);
			let lagged = 0;
			const side = async (): Promise<void> => {
				while (lagged < 5) {
					if (!(await readBack())) lagged++;
					for (let i = 0; i < 10; i++) await passed();
				}
			};
			await Promise.all(Array.from({ length: SIDES }, side));
			const { id } = await passed();
			const all = { "x-position": positions.join(",") };
			const [radar, one] = await Promise.all([gateway.get(`/radars/${RADAR}`, all), gateway.get(`/infractions`)]);
			expect([answered(200, radar).body["detections"], answered(200, one).status, id]).toEqual([taken.length, 200, `d-${sent - 1}`]); // reads of other read models do not wait
		},
		LONG,
	);

	it("does not use more memory on other nodes", () => {
		const now = memoryOf(others());
		for (const [name, mb] of Object.entries(before)) expect([name, Math.max(GROWTH, (now[name] ?? Infinity) - mb)]).toEqual([name, GROWTH]);
	});

	it(
		"has every row after it runs normally again, equal to a rebuild from the logs",
		async () => {
			await cluster.ready();
			const told = async (list: string): Promise<string[]> => (await gateway.rows(list)).map(({ id }) => String(id)).sort();
			for (const list of ["/detections", "/infractions"])
				await eventually(async () => expect(await told(list)).toEqual(taken.toSorted()), 30_000);
			await eventually(async () =>
				expect((await gateway.get(`/radars/${RADAR}`)).body).toMatchObject({ detections: taken.length, qualified: taken.length }),
			);
			expect(await cluster.verified()).toBeGreaterThan(2 * taken.length);
			await expectReplayed(cluster);
		},
		LONG,
	);
});
