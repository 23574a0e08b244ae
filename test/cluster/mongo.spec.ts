/** MongoDB is killed under load, and restarts with its data. */
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { Cluster, ground } from "../support/cluster.ts";
import { MongoProcess } from "../support/mongo-process.ts";
import { expectSurvived } from "./outage.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

(at ? describe : describe.skip)("a cluster under load", () => {
	let cluster: Cluster | undefined;
	let mongo: MongoProcess | undefined;
	afterEach(async () => {
		await cluster?.stop();
		await mongo?.remove();
	});

	it("loses MongoDB, answers 503, and recovers when it is back", async () => {
		if (!at) return;
		const server = (mongo = await MongoProcess.start());
		cluster = await Cluster.start(at, { mongoUrl: server.url });
		await expectSurvived(
			cluster,
			() => server.kill(),
			() => server.up(),
		);
		for (const name of ["query-1", "query-2"]) expectSaidOnce(cluster.node(name).output);
	});
});

/** Expects that a check that fails every second is logged once at its begin and once at its end; a slow machine may lose its database twice. */
function expectSaidOnce(output: string): void {
	const said = output.split("\n").filter((line) => line.includes("radars could not read its generations"));
	expect(said.length).toBeGreaterThan(0);
	for (let i = 0; i < said.length; i += 2)
		expect([said[i], said[i + 1]]).toEqual([
			expect.stringMatching(/generations: MongoDB: /),
			expect.stringMatching(/It is over: radars could/),
		]);
}
