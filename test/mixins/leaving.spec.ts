/** A stream for another node ends where it comes from, when the reader says so and when the reader's node is gone. */
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { systemOf } from "../../cli/es/system.ts";
import { leaveAction, readBy } from "../../mixins/leaving.ts";
import { eventually } from "../support/system.ts";

/** One item a turn, for ever. */
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
		await eventually(() => expect(seen()).toContain("reader")); // who is not known yet cannot be missed
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
	it("ends when the reader's node is gone without a word", async () => {
		await begun();
		(source.registry as unknown as { nodes: { disconnected(id: string, unexpected: boolean): void } }).nodes.disconnected("reader", true); // what a missed heartbeat comes to
		await ended();
	});
	it("is read to its end otherwise, and leaves nothing behind", async () => {
		const before = source.localBus.listenerCount("$node.disconnected");
		expect(await (await systemOf(reader).call<Readable>("counter.few")).toArray()).toEqual([{ n: 1 }, { n: 2 }]);
		await eventually(() => expect(source.localBus.listenerCount("$node.disconnected")).toBe(before));
	});
	it("that stays on its node is left to who holds it", async () => {
		const stream = await source.call<Readable>("counter.count");
		expect(open[0]).toBe(stream);
		expect(source.localBus.listenerCount("$node.disconnected")).toBe(0);
		stream.destroy();
	});
});
