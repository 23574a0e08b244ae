/** NATS goes away under load and comes back. */
import { afterAll, afterEach, describe, it } from "@jest/globals";
import { Cluster, ground } from "../support/cluster.ts";
import { expectSurvived } from "./outage.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

(at ? describe : describe.skip)("a cluster under load", () => {
	let cluster: Cluster | undefined;
	afterEach(() => cluster?.stop());

	it("loses NATS, tells who waits, and goes on when it is back", async () => {
		if (!at) return;
		const { nats } = (cluster = await Cluster.start(at));
		await expectSurvived(
			cluster,
			() => nats.kill(),
			() => nats.up(),
		);
	});
});
