/** Port - keeps its limits of time, concurrency and rate, and rests after failures; the contract of every port, for each promise. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { portCalls } from "../../../mixins/ports/calls.ts";
import { NotSent, Port } from "../../../mixins/ports/port.ts";
import type { PortPromise } from "../../../model/index.ts";
import { Carrier, carrierService } from "../../support/shipping.ts";
import { eventually } from "../../support/system.ts";
import { portContract } from "./port.contract.ts";

const PROMISES: readonly PortPromise[] = ["once", "lookup", "never"];

for (const promise of PROMISES)
	portContract(() => {
		const carrier = new Carrier();
		return {
			name: "carrier",
			promise,
			service: carrierService(promise, carrier),
			good: { to: "Elm 1" },
			bad: { to: "nowhere" },
			times: (key) => carrier.times(key),
			reach: (isReachable) => void (carrier.isReachable = isReachable),
		};
	});

describe("a port", () => {
	let broker: ServiceBroker;
	const open = async (limits: Parameters<typeof carrierService>[2]) => {
		const carrier = new Carrier();
		broker = new ServiceBroker({ logger: false });
		broker.createService(carrierService("never", carrier, limits));
		await broker.start();
		return { carrier, calls: portCalls(broker, { name: "shipping", port: "carrier" }, 2000) };
	};
	afterEach(() => broker.stop());
	const to = { to: "Elm 1" };
	const many = (count: number, call: (key: string) => Promise<object>) =>
		Promise.all(Array.from({ length: count }, (_, n) => call(`k-${n}`)));

	it("aborts a call after its timeout; the outcome is unclear", async () => {
		const { carrier, calls } = await open({ timeout: 50 });
		carrier.isSilent = true;
		expect(await calls.perform("k", to)).toEqual({ unclear: "No answer within 50 ms" });
		expect(carrier.times("k")).toBe(1);
	});
	it("does not begin a call whose caller does not wait any more", async () => {
		const { carrier } = await open({ concurrency: 1, timeout: 400 });
		carrier.isSilent = true;
		const impatient = portCalls(broker, { name: "shipping", port: "carrier" }, 200);
		const answers = await many(3, (key) => impatient.perform(key, to));
		expect(answers[0]).toEqual({ unclear: expect.any(String) });
		await new Promise((resolve) => setTimeout(resolve, 700));
		expect(carrier.done.size).toBe(1);
	});
	it("has so many calls at once, so many waiting, and sends nothing of all others", async () => {
		const { carrier, calls } = await open({ concurrency: 2, queue: 3 });
		carrier.pause = 50;
		const answers = await many(8, (key) => calls.perform(key, to));
		expect(carrier.most).toBe(2);
		expect(answers.filter((answer) => "receipt" in answer)).toHaveLength(5);
		expect(answers.filter((answer) => "unsent" in answer)).toHaveLength(3);
		expect(carrier.done.size).toBe(5);
	});
	it("has so many calls in an interval", async () => {
		const { carrier, calls } = await open({ rate: { limit: 3, interval: 400 }, concurrency: 10 });
		const all = many(6, (key) => calls.perform(key, to));
		await eventually(() => expect(carrier.done.size).toBe(3));
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(carrier.done.size).toBe(3);
		await all;
		expect(carrier.done.size).toBe(6);
	});
	it("never begins a call after its answer, however long the rate makes it wait", async () => {
		const { carrier } = await open({ rate: { limit: 1, interval: 300 }, concurrency: 10, timeout: 100 });
		const impatient = portCalls(broker, { name: "shipping", port: "carrier" }, 500);
		const answers = await many(4, (key) => impatient.perform(key, to));
		const done = carrier.done.size;
		expect(answers.filter((answer) => "receipt" in answer)).toHaveLength(done);
		expect(answers.filter((answer) => "unsent" in answer)).toHaveLength(4 - done);
		await new Promise((resolve) => setTimeout(resolve, 1200));
		expect(carrier.done.size).toBe(done);
		expect(await impatient.ready()).toBe(true);
	});
	it("on a node that is lost during the call leaves the outcome unclear", async () => {
		const carrier = new Carrier();
		carrier.isSilent = true;
		const options = { namespace: `port-${process.pid}`, logger: false as const, transporter: "Fake" as const };
		const node = new ServiceBroker({ ...options, nodeID: "node", tracking: { enabled: false } });
		node.createService(carrierService("never", carrier, { timeout: 800 }));
		broker = new ServiceBroker({ ...options, nodeID: "caller" });
		await Promise.all([node.start(), broker.start()]);
		await broker.waitForServices("carrier");
		const answer = portCalls(broker, { name: "shipping", port: "carrier" }, 800).perform("k", to);
		await eventually(() => expect(carrier.times("k")).toBe(1));
		await node.stop();
		expect(await answer).toEqual({ unclear: expect.stringContaining("rejected") });
	});
	it("rests after failures in a row, says so, and tries again with one call", async () => {
		const { carrier, calls } = await open({ breaker: { failures: 3, pause: 300 } });
		carrier.isReachable = false;
		for (let n = 0; n < 3; n++) await calls.perform(`k-${n}`, to);
		expect(await calls.ready()).toBe(false);
		carrier.isReachable = true;
		expect(await calls.perform("k-3", to)).toHaveProperty("unsent");
		expect(carrier.done.size).toBe(0);
		await eventually(async () => expect(await calls.ready()).toBe(true));
		expect(await calls.perform("k-4", to)).toHaveProperty("receipt");
		expect(await calls.ready()).toBe(true);
	});
	it("does not rest because the world refuses", async () => {
		const { calls } = await open({ breaker: { failures: 2, pause: 10_000 } });
		for (let n = 0; n < 4; n++) expect(await calls.perform(`k-${n}`, { to: "nowhere" })).toHaveProperty("refused");
		expect(await calls.perform("k", to)).toHaveProperty("receipt");
	});
	it("that is away has sent nothing, and is not ready", async () => {
		broker = new ServiceBroker({ logger: false });
		await broker.start();
		const calls = portCalls(broker, { name: "shipping", port: "carrier" }, 500);
		expect(await calls.ready()).toBe(false);
		expect(await calls.perform("k", to)).toEqual({ unsent: expect.stringContaining("carrier.perform") });
	});
	it("is only defined with `find` if it promises lookup", () => {
		const perform = () => Promise.reject(new NotSent("it never sends"));
		const limits = { timeout: 1, concurrency: 1, queue: 1, breaker: { failures: 1, pause: 1 }, request: {}, perform };
		expect(() => Port({ ...limits, promise: "lookup" })).toThrow("`find`");
		expect(() => Port({ ...limits, promise: "never", find: () => Promise.resolve(null) })).toThrow("`find`");
	});
});
