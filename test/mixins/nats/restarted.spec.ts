/** Restarted - calls and streams of a dead node end when its successor appears under the same name; those of a living node continue. */
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { ClocksMiddleware } from "../../../mixins/cluster/clocks.ts";
import { readBy } from "../../../mixins/cluster/leaving.ts";
import { RestartedMiddleware } from "../../../mixins/nats/restarted.ts";
import { ATTEMPT, RetryMiddleware } from "../../../mixins/cluster/retry.ts";
import { overAfter, DeadlineMiddleware } from "../../../mixins/cluster/deadline.ts";
import { eventually } from "../../support/system.ts";

/** The part of Moleculer that receives packets. */
interface Receiving {
	messageHandler(type: string, packet: object): Promise<unknown>;
}
/** A stream that never ends by itself. */
async function* endless(): AsyncGenerator<object> {
	yield { n: 0 };
	await new Promise(() => undefined);
}

describe("a node that is killed and restarted under its name", () => {
	let namespace: string;
	let staying: ServiceBroker;
	let brokers: ServiceBroker[];
	/** Events on the node that stays. */
	let told: string[];
	/** The calls that each instance received, with a function that answers the call. */
	let asked: { readonly instance: string; readonly answer: (what: string) => void }[];
	let going: Readable[];

	const node = (nodeID: string): ServiceBroker => {
		const middlewares = ["Timeout", "ErrorHandler", ClocksMiddleware, DeadlineMiddleware, RetryMiddleware(), RestartedMiddleware] as never; // Moleculer finds built-in middlewares by name
		const broker = new ServiceBroker({ namespace, nodeID, logger: false, transporter: "Fake", internalMiddlewares: false, middlewares });
		const stream = (ctx: Context): Readable => {
			const made = readBy(ctx, Readable.from(endless(), { objectMode: true }));
			going.push(made);
			return made;
		};
		const wait = () => new Promise((answer) => asked.push({ instance: broker.instanceID, answer }));
		broker.createService({ name: `bank-${nodeID}`, actions: { wait, decide: { decides: true, handler: wait }, stream } });
		brokers.push(broker);
		return broker;
	};
	/** Cuts a node off: it sends and receives nothing any more. */
	const kill = async ({ transit }: ServiceBroker): Promise<void> => {
		if (!transit) throw new Error("it is no node");
		transit.tx.send = async () => undefined;
		await transit.tx.disconnect();
	};
	const begun = (instances: number) => eventually(() => expect(new Set(asked.map(({ instance }) => instance)).size).toBe(instances));

	let first: ServiceBroker;
	beforeEach(async () => {
		namespace = `restarted-${Math.random()}`;
		[brokers, told, asked, going] = [[], [], [], []];
		[staying, first] = [node("staying"), node("mortal")];
		await Promise.all(brokers.map((broker) => broker.start()));
		await Promise.all([staying.waitForServices("bank-mortal", 5000, 10), first.waitForServices("bank-staying", 5000, 10)]);
		for (const what of ["connected", "disconnected"]) staying.localBus.on(`$node.${what}`, () => told.push(what));
	});
	afterEach(async () => {
		for (const stream of going) stream.destroy();
		await Promise.all(brokers.map((broker) => broker.stop()));
	});

	it("is not ended by a message with its own name that does not say which process sent it", async () => {
		const { transit } = staying;
		for (const type of ["INFO", "HEARTBEAT"])
			await (transit as unknown as Receiving).messageHandler(type, { payload: { ver: "5", sender: "staying", services: [] } }); // as from the bus
		expect(await first.call("bank-staying.stream").then((stream) => typeof stream)).toBe("object");
	});
	it("leaves no call waiting for the dead instance", async () => {
		const call = staying.call("bank-mortal.wait", {}, { timeout: 0 });
		const outcome = expect(call).rejects.toMatchObject({ type: "REQUEST_REJECTED", retryable: true, data: { nodeID: "mortal" } });
		await begun(1);
		await kill(first);
		await node("mortal").start();
		await outcome;
		expect(staying.transit?.pendingRequests.size).toBe(0);
	});

	it("answers a repeated command once the dead instance can no longer have decided it", async () => {
		const sent = performance.now();
		const call = staying.call("bank-mortal.decide", {}, { timeout: 2 * ATTEMPT });
		await begun(1);
		await kill(first);
		const second = node("mortal");
		await second.start();
		await begun(2);
		expect(performance.now() - sent).toBeGreaterThanOrEqual(overAfter(ATTEMPT) - 1);
		expect(asked.map(({ instance }) => instance)).toEqual([first.instanceID, second.instanceID]);
		asked[1]?.answer("done");
		expect(await call).toBe("done");
	});

	it("answers a repeated ask at once", async () => {
		const call = staying.call("bank-mortal.wait", {}, { timeout: 2 * ATTEMPT });
		await begun(1);
		await kill(first);
		await node("mortal").start();
		await begun(2);
		asked[1]?.answer("done");
		expect(await call).toBe("done");
	});

	it("is reported as disconnected and connected once, and offers its services again", async () => {
		await kill(first);
		await node("mortal").start();
		await eventually(() => expect(told).toEqual(["disconnected", "connected"]));
		const call = staying.call("bank-mortal.wait");
		await begun(1);
		asked[0]?.answer("done");
		expect([await call, told]).toEqual(["done", ["disconnected", "connected"]]);
	});

	it("is reported as disconnected once if it was missed before its restart", async () => {
		await kill(first);
		staying.registry.nodes.disconnected("mortal", true); // the effect of a missed heartbeat
		await node("mortal").start();
		await eventually(() => expect(told).toEqual(["disconnected", "connected"]));
	});

	it("ends the streams from the dead instance", async () => {
		const stream = await staying.call<Readable, object>("bank-mortal.stream", {}, { timeout: 0 });
		const reading = stream[Symbol.asyncIterator]();
		expect((await reading.next()).value).toEqual({ n: 0 });
		const end = expect(reading.next()).rejects.toThrow("Stream closed by mortal");
		await kill(first);
		await node("mortal").start();
		await end;
	});

	it("ends the streams to the dead instance", async () => {
		const stream = await first.call<Readable, object>("bank-staying.stream", {}, { timeout: 0 });
		stream.on("error", () => undefined);
		expect(going.map(({ destroyed }) => destroyed)).toEqual([false]);
		await kill(first);
		await node("mortal").start();
		await eventually(() => expect(going.map(({ destroyed }) => destroyed)).toEqual([true]));
	});

	it("is not confused with a living node that sends new information, whose calls continue", async () => {
		const call = staying.call("bank-mortal.wait");
		await begun(1);
		first.createService({ name: "more" });
		await staying.waitForServices("more", 5000, 10);
		asked[0]?.answer("done");
		expect([await call, told]).toEqual(["done", []]);
	});

	it("does not make a node lose itself if another node uses its name", async () => {
		const complaints: unknown[] = [];
		Object.assign(staying, { fatal: (complaint: unknown) => complaints.push(complaint) }); // it would exit this process
		const payload = { ver: staying.PROTOCOL_VERSION, sender: "staying", instanceID: "another", services: [] };
		await staying.transit?.messageHandler("INFO", { payload } as never); // only the fields in use
		expect([told, staying.registry.nodes.localNode?.available]).toEqual([[], true]);
		expect(complaints).toEqual([expect.stringContaining("nodeID conflict")]);
	});
});
