/** NATS goes away under load, for a moment or until all nodes think each other dead, and comes back. */
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { Cluster, ground } from "../support/cluster.ts";
import { eventually } from "../support/system.ts";
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

	it("loses NATS until every node has given up the others, and finds them again", async () => {
		if (!at) return;
		const running = (cluster = await Cluster.start(at));
		const { nats } = running;
		await expectSurvived(
			running,
			() => nats.kill(),
			() => nats.up(),
			() => eventually(() => expectAlone(running), 30_000),
		);
	}, 120_000);
});

/** Throws unless every node has heard nothing of any other one for longer than it waits. */
function expectAlone(cluster: Cluster): void {
	for (const one of cluster.names)
		for (const other of cluster.names)
			if (one !== other) expect(cluster.node(one).output).toContain(`Heartbeat is not received from '${other}' node.`);
}
