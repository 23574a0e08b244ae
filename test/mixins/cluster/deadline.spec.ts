/** Deadline - a node may decide a command for most of the attempt's timeout, counted from the sending and independent of wall clocks. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { type Context, ServiceBroker } from "moleculer";
import { ClocksMiddleware } from "../../../mixins/cluster/clocks.ts";
import { overAfter, patienceOf, DeadlineMiddleware } from "../../../mixins/cluster/deadline.ts";
import { eventually } from "../../support/system.ts";

const TIMEOUT = 10_000;
const brokers: ServiceBroker[] = [];
afterEach(() => Promise.all(brokers.splice(0).map((broker) => broker.stop())));

/** Two nodes, and the patience and headers of each call that the second one receives or makes. */
class Pair {
	readonly patience: (number | null)[] = [];
	readonly headers = new Map<string, object>();
	/** Delays requests to the second node. */
	held: Promise<unknown> | null = null;
	readonly #namespace = `sent-${Math.random()}`;
	readonly caller: ServiceBroker;
	readonly asked: ServiceBroker;

	private constructor() {
		this.caller = this.#node("caller");
		this.asked = this.#node("asked");
	}
	static async start(): Promise<Pair> {
		const pair = new Pair();
		const hear = (ctx: Context) => {
			pair.headers.set(ctx.action?.name ?? "", ctx.headers);
			pair.patience.push(patienceOf(ctx));
		};
		const decide = async (ctx: Context) => {
			hear(ctx);
			await ctx.call("bank.look");
			return ctx.meta;
		};
		pair.asked.createService({ name: "bank", actions: { decide: { decides: true, handler: decide }, ask: hear, look: hear } });
		await Promise.all([pair.caller.start(), pair.asked.start()]);
		await pair.caller.waitForServices("bank");
		return pair;
	}
	#node(nodeID: string): ServiceBroker {
		const held = {
			name: "Held",
			transitMessageHandler: (next: (command: string, packet: object) => Promise<unknown>) => async (command: string, packet: object) => {
				if (nodeID === "asked" && command === "REQ") await this.held;
				return next(command, packet);
			},
		};
		const middlewares = ["Timeout", "ErrorHandler", ClocksMiddleware, DeadlineMiddleware, held] as never; // Moleculer finds built-in middlewares by name
		const options = { namespace: this.#namespace, nodeID, logger: false, internalMiddlewares: false, middlewares };
		const broker = new ServiceBroker({ ...options, transporter: "Fake" });
		brokers.push(broker);
		return broker;
	}
	decide = (timeout: number) => this.caller.call<unknown, object>("bank.decide", {}, { timeout });
}

describe("a command", () => {
	it("from another node may be decided for most of the timeout", async () => {
		const pair = await Pair.start();
		await pair.decide(TIMEOUT);
		expect(pair.patience[0]).toBeLessThanOrEqual(8000);
		expect(pair.patience[0]).toBeGreaterThan(0);
	});
	it("has less by the time it was in transit, and nothing if it arrived too late", async () => {
		const pair = await Pair.start();
		await pair.decide(TIMEOUT);
		for (const late of [500, 1500]) {
			const before = pair.patience.length;
			pair.held = pause(late);
			await pair.decide(1000).catch(() => undefined); // the second one times out
			await eventually(() => expect(pair.patience.length).toBeGreaterThan(before + 1));
		}
		const [, , first, , second] = pair.patience;
		expect(first).toBeLessThan(350);
		expect(second).toBeLessThan(0);
	});
	it("is not decided if its age is unknown", async () => {
		const pair = await Pair.start();
		Object.assign(pair.asked.transit ?? {}, { sendPing: async () => undefined }); // no PONG
		await expect(pair.decide(TIMEOUT)).rejects.toMatchObject({ type: "CALLER_GONE", code: 503, retryable: true });
		expect(pair.patience).toEqual([]);
		await pair.caller.call("bank.ask"); // reads need no age
	});
	it("from the same node has the whole timeout", async () => {
		const pair = await Pair.start();
		await pair.asked.call("bank.decide", {}, { timeout: TIMEOUT });
		expect(pair.patience[0]).toBe(TIMEOUT);
	});
	it("without a timeout may be decided at any time", async () => {
		const pair = await Pair.start();
		await pair.decide(0);
		expect(pair.patience[0]).toBeNull();
	});
	it("is over some time after it may be decided", () => expect(overAfter(2000)).toBeGreaterThan(0.8 * 2000));
});

describe("the stamp of a call", () => {
	it("reaches the node that is called, not the nodes it calls, and does not come back", async () => {
		const pair = await Pair.start();
		const calling = pair.decide(TIMEOUT);
		expect(await calling).toEqual({});
		expect((calling as unknown as { ctx: Context }).ctx.meta).toEqual({}); // moleculer's promises carry their context
		expect(pair.headers.get("bank.decide")).toEqual({ sent: { by: pair.caller.instanceID, at: expect.any(Number) } });
		expect(pair.headers.get("bank.look")).toEqual({});
	});
});
