/** What becomes of a call whose node or connection is gone: it is known at once, and whether the call was heard. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { connectionOf } from "../../cli/nats-access.ts";
import { Discovery } from "../../mixins/discovery.ts";
import { NatsTransporter } from "../../mixins/nats.ts";
import { RestartedMiddleware } from "../../mixins/restarted.ts";
import { hasNats, Nats } from "../support/cluster.ts";
import { eventually } from "../support/system.ts";

(hasNats ? describe : describe.skip)("a call to another node", () => {
	let nats: Nats;
	let caller: ServiceBroker;
	let other: ServiceBroker;
	/** Calls that are being worked at, and how each is answered. */
	let begun: (() => void)[];
	const node = (nodeID: string): ServiceBroker => {
		const transporter = new NatsTransporter(connectionOf(nats.url, {}));
		const registry = { discoverer: new Discovery(new Set(["work", "$node"])) };
		return new ServiceBroker({
			nodeID,
			logger: false,
			transporter,
			registry,
			middlewares: [RestartedMiddleware] as never,
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

	it("that has died comes back at once as not heard, and with it every other is given up", async () => {
		const waiting = expect(caller.call("work.take")).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
		await working();
		await survived(() => kill(other));
		await expect(caller.call("work.say")).rejects.toMatchObject({ type: "SERVICE_NOT_AVAILABLE", retryable: true });
		await waiting;
		expect(caller.registry.nodes.get("other").available).toBe(false);
		expect(caller.transit?.pendingRequests.size).toBe(0);
	});
	it("is given up when its own connection breaks, not sent while there is none, and sent when there is one again", async () => {
		const waiting = expect(caller.call("work.take")).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
		await working();
		await nats.kill();
		await waiting;
		await expect(caller.call("work.say")).rejects.toMatchObject({ type: "SERVICE_NOT_AVAILABLE", retryable: true });
		await nats.up();
		await eventually(async () => expect(await caller.call("work.say")).toBe("said"));
	});
	it("is given up when the connection of the other one broke: its answer may be lost", async () => {
		const waiting = expect(caller.call("work.take")).rejects.toMatchObject({ type: "REQUEST_REJECTED" });
		await working();
		await pause(700); // it has said how often it has connected
		await clientOf(other).reconnect();
		await waiting;
		await eventually(async () => expect(await caller.call("work.say")).toBe("said"));
	});
	it("goes on while nothing is lost", async () => {
		const waiting = caller.call("work.take");
		await working();
		await pause(3500);
		begun[0]?.();
		expect(await waiting).toBe("other");
	}, 15_000);
});

/** A node whose connection is closed for good ends its process; here it has to stay. */
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
