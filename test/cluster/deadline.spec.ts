/** Deadlines: a call ends in time even if a node or the database stalls or dies; a command that failed takes effect once when it is retried. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Cluster, COMMANDS, ground, ROLES } from "../support/cluster.ts";
import { MongoProcess } from "../support/mongo-process.ts";
import { type Answer, eventually, type System } from "../support/system.ts";
import { answered, commits, detect, expectProblem, ownerOf, person, plate, radarInService, seen } from "../http/scenery.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

/** The timeout of a call between nodes (moleculer.config.ts), and a margin for a slow machine, in milliseconds. */
const DEADLINE = 10_000;
const AND_A_LITTLE = 8_000;

const NODES = {
	radars: COMMANDS.radars,
	registration: COMMANDS.registration,
	cases: COMMANDS.cases,
	rows: ROLES.query,
	gateway: ROLES.gateway,
};

(at ? describe : describe.skip)("a command sent through the gateway", () => {
	let cluster: Cluster;
	let mongo: MongoProcess;
	let gateway: System;
	beforeAll(async () => {
		if (!at) return;
		mongo = await MongoProcess.start();
		cluster = await Cluster.start(at, { nodes: NODES, mongoUrl: mongo.url });
		gateway = cluster.node("gateway");
		await radarInService(gateway, "r-1");
		await ownerOf(gateway, "o-1", [plate(1)]);
	});
	afterAll(async () => {
		mongo?.signal("SIGCONT");
		await cluster?.stop();
		await mongo?.remove();
	});
	const register = (id: string): Promise<Answer> =>
		gateway.send({
			method: "POST",
			path: "/owners",
			headers: { "content-type": "application/json", "idempotency-key": `registering-${id}` },
			body: JSON.stringify({ id, ...person }),
			timeoutMs: 90_000,
		});
	/** Expects 503 with Retry-After within the timeout. */
	const expectToldInTime = async (asked: () => Promise<Answer>): Promise<void> => {
		const begun = performance.now();
		const answer = await asked();
		const took = performance.now() - begun;
		expectProblem(answer, 503);
		expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
		expect(took).toBeLessThan(DEADLINE + AND_A_LITTLE);
	};
	const expectRegisteredOnce = async (id: string): Promise<void> => {
		const done = await eventually(async () => answered(201, await register(id)), 30_000);
		expect(answered(201, await register(id)).headers["idempotent-replayed"]).toBe("true");
		expect(commits(await gateway.get(`/owners/${id}/history`))).toHaveLength(1);
		expect(answered(200, await gateway.get(`/owners/${id}`, seen(done))).body).toMatchObject({ id, version: 1 });
	};

	it("gets 503 in time while the database is stalled, and takes effect once when it is retried", async () => {
		mongo.signal("SIGSTOP");
		try {
			await expectToldInTime(() => register("stalled"));
		} finally {
			mongo.signal("SIGCONT");
		}
		await expectRegisteredOnce("stalled");
	});

	it("succeeds in time, once, if its only node restarts before its loss is detected", async () => {
		cluster.pause("registration"); // so that it is killed with the command unprocessed
		const answer = register("restarted");
		answered(200, await gateway.post("/radars/r-1/describe", { name: "meanwhile" })); // the gateway has forwarded the command by now
		await cluster.kill("registration");
		await cluster.join("registration");
		answered(201, await answer);
		await expectRegisteredOnce("restarted");
	});

	it("gets 503 in time while its only node is dead and others succeed, and takes effect once when the node is back", async () => {
		await cluster.kill("registration");
		await expectToldInTime(() => register("orphan"));
		const taken = await detect(gateway, { id: "meanwhile", radar: "r-1", plate: plate(1) });
		expect(answered(200, await gateway.get("/detections/meanwhile", seen(taken))).body).toMatchObject({ status: "qualified" });
		answered(200, await gateway.post("/radars/r-1/describe", { name: "still there" }));
		await cluster.join("registration");
		await expectRegisteredOnce("orphan");
	});
});
