/** MongoDB is killed under load and comes back with what it kept. */
import { afterAll, afterEach, describe, it } from "@jest/globals";
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

	it("loses MongoDB, tells who waits, and goes on when it is back", async () => {
		if (!at) return;
		const server = (mongo = await MongoProcess.start());
		cluster = await Cluster.start(at, { mongoUrl: server.url });
		await expectSurvived(
			cluster,
			() => server.kill(),
			() => server.up(),
		);
	});
});
