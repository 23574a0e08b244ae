/** A call whose node or connection is lost fails immediately, and the error says whether the call was received. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { connectionOf } from "../../node/settings/nats-access.ts";
import { Discovery } from "../../mixins/cluster/discovery.ts";
import { clusterKeysIn, type ClusterKeys } from "../../mixins/nats/cluster-keys.ts";
import { NatsTransporter } from "../../mixins/nats/transporter.ts";
import { SealedMiddleware } from "../../mixins/nats/sealed.ts";
import { RestartedMiddleware } from "../../mixins/nats/restarted.ts";
import { CLUSTER_KEY, hasNats, Nats } from "../support/cluster.ts";
import { eventually } from "../support/system.ts";

const testKeys = clusterKeysIn(CLUSTER_KEY) as ClusterKeys; // it is valid

(hasNats ? describe : describe.skip)("a call to another node", () => {
	let nats: Nats;
	let caller: ServiceBroker;
	let other: ServiceBroker;
	/** Answers the calls that are in progress. */
	let begun: (() => void)[];
	const node = (nodeID: string): ServiceBroker => {
		const transporter = new NatsTransporter(connectionOf(nats.url, {}), testKeys);
		transporter.belong("a-test", false);
		const registry = { discoverer: new Discovery(new Set(["work", "$node"])) };
		return new ServiceBroker({
			nodeID,
			logger: false,
			transporter,
			registry,
			middlewares: [RestartedMiddleware, SealedMiddleware] as never,
			requestTimeout: 30_000,
		});
	};
	const workAt = (broker: ServiceBroker): void =>
		void broker.createService({
			name: "work",
			actions: { take: (ctx: Context) => new Promise((resolve) => begun.push(() => resolve(ctx.broker.nodeID))), say: () => "said" },
		});
	beforeEach(async () => {
		nats = await Nats.start();
		begun = [];
		[caller, other] = [node("caller"), node("other")];
		workAt(other);
		await Promise.all([caller.start(), other.start()]);
		await caller.waitForServices("work");
	});
	afterEach(async () => {
		await Promise.all([caller.stop(), other.stop()]);
		await nats.end();
	});
	const clientOf = ({ transit }: ServiceBroker) =>
		(transit?.tx as unknown as { client: { close(): Promise<void>; reconnect(): Promise<void> } }).client; // moleculer's, untyped
	const kill = (broker: ServiceBroker): Promise<void> => clientOf(broker).close();
	const working = () => eventually(() => expect(begun).toHaveLength(1));

	it("that has died fails as not received, and pending calls to it fail as lost", async () => {
		const waiting = expect(caller.call("work.take")).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
		await working();
		await survived(() => kill(other));
		await expect(caller.call("work.say")).rejects.toMatchObject({ type: "SERVICE_NOT_AVAILABLE", retryable: true });
		await waiting;
		expect(caller.registry.nodes.get("other").available).toBe(false);
		expect(caller.transit?.pendingRequests.size).toBe(0);
	});
	it("fails when the connection of the caller is lost, is not sent while it is offline, and is sent after the reconnect", async () => {
		const waiting = expect(caller.call("work.take")).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
		await working();
		await nats.kill();
		await waiting;
		await expect(caller.call("work.say")).rejects.toMatchObject({ type: "SERVICE_NOT_AVAILABLE", retryable: true });
		await nats.up();
		await eventually(async () => expect(await caller.call("work.say")).toBe("said"));
	});
	it("fails when the other node has reconnected, because its answer may be lost", async () => {
		const waiting = expect(caller.call("work.take")).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
		await working();
		await pause(700); // its heartbeat has reported the number of its connections
		await clientOf(other).reconnect();
		await waiting;
		await eventually(async () => expect(await caller.call("work.say")).toBe("said"));
	});
	it("succeeds while nothing is lost", async () => {
		const waiting = caller.call("work.take");
		await working();
		await pause(3500);
		begun[0]?.();
		expect(await waiting).toBe("other");
	});
});

/** Keeps this process alive when a node exits because its connection was closed. */
async function survived(act: () => Promise<void>): Promise<void> {
	const { exit } = process;
	Object.assign(process, { exit: () => undefined });
	try {
		await act();
		await pause(50);
	} finally {
		Object.assign(process, { exit });
	}
}
