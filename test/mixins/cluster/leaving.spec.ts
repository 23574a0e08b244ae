/** Leaving - the source of a stream ends it when the reader closes it and when the reader's node is gone. */
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { systemOf } from "../../../cli/es/system.ts";
import { abandon, leaveAction, readBy, whileWanted } from "../../../mixins/cluster/leaving.ts";
import { eventually } from "../../support/system.ts";

/** An endless stream, one item per turn. */
async function* numbers(): AsyncGenerator<object> {
	for (let n = 0; ; n++) {
		await new Promise((resolve) => setImmediate(resolve));
		yield { n };
	}
}

describe("a stream for another node", () => {
	let source: ServiceBroker;
	let reader: ServiceBroker;
	let open: Readable[];
	beforeEach(async () => {
		const cluster = { transporter: "Fake" as const, namespace: `leaving-${Math.random()}`, logger: false as const };
		open = [];
		const parts = { $node: { name: "$node", actions: { leave: leaveAction } } };
		source = new ServiceBroker({ ...cluster, nodeID: "source", internalServices: parts as never }); // the types know only the name
		source.createService({
			name: "counter",
			actions: {
				count(ctx: Context) {
					const stream = readBy(ctx, Readable.from(numbers(), { objectMode: true }));
					open.push(stream);
					return stream;
				},
				few: (ctx: Context) => readBy(ctx, Readable.from([{ n: 1 }, { n: 2 }], { objectMode: true })),
			},
		});
		reader = new ServiceBroker({ ...cluster, nodeID: "reader" });
		await Promise.all([source.start(), reader.start()]);
		await reader.waitForServices("counter");
		const seen = () => source.registry.getNodeList({ onlyAvailable: true }).map(({ id }: { readonly id: string }) => id);
		await eventually(() => expect(seen()).toContain("reader")); // only a known node can be missed
	});
	afterEach(async () => {
		for (const stream of open) stream.destroy();
		await Promise.all([reader.stop(), source.stop()]);
	});
	const begun = async (): Promise<Readable> => {
		const stream = await systemOf(reader).call<Readable>("counter.count");
		expect((await stream.iterator({ destroyOnReturn: false }).next()).value).toEqual({ n: 0 });
		expect(open.map(({ destroyed }) => destroyed)).toEqual([false]);
		return stream;
	};
	const ended = () => eventually(() => expect(open.map(({ destroyed }) => destroyed)).toEqual([true]));

	it("ends when its reader reads no more", async () => {
		(await begun()).destroy();
		await ended();
		expect(reader.transit?.pendingResStreams.size).toBe(0);
	});
	it("ends when the reader's node leaves", async () => {
		const stream = await begun();
		stream.once("error", () => undefined);
		await reader.stop();
		await ended();
	});
	it("ends when the reader's node disappears", async () => {
		await begun();
		(source.registry as unknown as { nodes: { disconnected(id: string, unexpected: boolean): void } }).nodes.disconnected("reader", true); // the effect of a missed heartbeat
		await ended();
	});
	it("is otherwise read to its end, and removes its listeners", async () => {
		const before = source.localBus.listenerCount("$node.disconnected");
		expect(await (await systemOf(reader).call<Readable>("counter.few")).toArray()).toEqual([{ n: 1 }, { n: 2 }]);
		await eventually(() => expect(source.localBus.listenerCount("$node.disconnected")).toBe(before));
	});
	it("for a reader on the same node is left to the reader", async () => {
		const stream = await source.call<Readable>("counter.count");
		expect(open[0]).toBe(stream);
		expect(source.localBus.listenerCount("$node.disconnected")).toBe(0);
		stream.destroy();
	});
});

describe("long work for a caller", () => {
	let node: ServiceBroker;
	let other: ServiceBroker;
	let ended: unknown[];
	beforeEach(async () => {
		const cluster = { transporter: "Fake" as const, namespace: `leaving-${Math.random()}`, logger: false as const };
		ended = [];
		const parts = { $node: { name: "$node", actions: { leave: leaveAction } } };
		node = new ServiceBroker({ ...cluster, nodeID: "node", internalServices: parts as never }); // the types know only the name
		node.createService({
			name: "worker",
			actions: {
				work: (ctx: Context) =>
					whileWanted(ctx, async (wanted) => {
						if (!wanted.aborted) await new Promise((resolve) => wanted.addEventListener("abort", resolve));
						ended.push(wanted.reason);
						wanted.throwIfAborted();
					}),
				quick: (ctx: Context) => whileWanted(ctx, () => Promise.resolve("done")),
			},
		});
		other = new ServiceBroker({ ...cluster, nodeID: "other" });
		await Promise.all([node.start(), other.start()]);
		await other.waitForServices("worker");
	});
	afterEach(() => Promise.all([other.stop(), node.stop()]));
	const calling = (broker: ServiceBroker): Promise<unknown> & { readonly ctx?: Context } => {
		const call = broker.call<unknown, object>("worker.work", {});
		call.catch(() => undefined); // handled by the test
		return call;
	};
	const contextOf = async (call: { readonly ctx?: Context }): Promise<Context> => {
		await new Promise((resolve) => setTimeout(resolve, 50)); // the call is sent
		if (!call.ctx) throw new Error("the call has no context");
		return call.ctx;
	};

	it.each<[string, () => ServiceBroker]>([
		["here", () => node],
		["on another node", () => other],
	])("ends when the caller %s leaves", async (_where, caller) => {
		const call = calling(caller());
		abandon(await contextOf(call));
		await expect(call).rejects.toMatchObject({ code: 503, type: "CALLER_GONE" });
		expect(ended).toMatchObject([{ type: "CALLER_GONE" }]);
	});
	it("ends when the node of the caller disconnects", async () => {
		await contextOf(calling(other));
		await other.stop();
		await eventually(() => expect(ended).toMatchObject([{ type: "CALLER_GONE" }]));
	});
	it("ends when its own node stops", async () => {
		const call = calling(node);
		await contextOf(call);
		void node.broadcastLocal("$node.stopping"); // see mixins/logs/storage.ts
		await expect(call).rejects.toMatchObject({ code: 503, type: "STOPPING" });
	});
	it("that completes removes its listeners", async () => {
		const listeners = (): number[] => ["$node.stopping", "$node.disconnected"].map((event) => node.localBus.listenerCount(event));
		const before = listeners();
		expect(await other.call("worker.quick")).toBe("done");
		expect(await node.call("worker.quick")).toBe("done");
		expect(listeners()).toEqual(before);
	});
});
