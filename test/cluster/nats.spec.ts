/** NATS stops under load, for a moment or until all nodes count each other as lost, and restarts. */
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { Cluster, ground } from "../support/cluster.ts";
import { eventually } from "../support/system.ts";
import { expectSurvived } from "./outage.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

(at ? describe : describe.skip)("a cluster under load", () => {
	let cluster: Cluster | undefined;
	afterEach(() => cluster?.stop());

	it("loses NATS, answers 503, and recovers when it is back", async () => {
		if (!at) return;
		const { nats } = (cluster = await Cluster.start(at));
		await expectSurvived(
			cluster,
			() => nats.kill(),
			() => nats.up(),
		);
	});

	it("loses NATS until every node counts the others as lost, and recovers", async () => {
		if (!at) return;
		const running = (cluster = await Cluster.start(at));
		const { nats } = running;
		await expectSurvived(
			running,
			() => nats.kill(),
			() => nats.up(),
			() => eventually(() => expectAlone(running), 30_000),
		);
	});
});

/** Throws unless every node has logged that it lost every other node. */
function expectAlone(cluster: Cluster): void {
	for (const one of cluster.names)
		for (const other of cluster.names)
			if (one !== other) expect(cluster.node(one).output).toContain(`Heartbeat is not received from '${other}' node.`);
}
