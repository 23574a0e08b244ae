/** Contract of ports - every port answers what is certain, keeps its limits, and keeps the promise about its keys. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { portCalls } from "../../../mixins/ports/calls.ts";
import type { PortPromise } from "../../../model/index.ts";

export interface PortUnderTest {
	readonly name: string;
	readonly promise: PortPromise;
	/** A service with the port, connected to the world of the test. */
	readonly service: ServiceSchema;
	/** A request that the world accepts, and one that it refuses for good. */
	readonly good: object;
	readonly bad: object;
	/** How often the world has done the work of a key. */
	times(key: string): number;
	/** Whether the world can be reached. */
	reach(isReachable: boolean): void;
}

export function portContract(make: () => PortUnderTest): void {
	const port = make();
	describe(`the port ${port.name}, which promises ${port.promise}`, () => {
		let broker: ServiceBroker;
		beforeAll(async () => {
			broker = new ServiceBroker({ logger: false });
			broker.createService(port.service);
			await broker.start();
		});
		afterAll(() => broker.stop());
		const calls = () => portCalls(broker, { name: "shipping", port: port.name }, 5000);

		it("does the work and returns its receipt", async () => {
			expect(await calls().perform("k-1", port.good)).toEqual({ receipt: expect.stringMatching(/^.{1,200}$/) });
			expect(port.times("k-1")).toBe(1);
		});
		it("says that the world refuses, with a code", async () => {
			expect(await calls().perform("k-2", port.bad)).toEqual({
				refused: { code: expect.stringMatching(/^[A-Z][A-Z_]+$/), detail: expect.any(String) },
			});
			expect(port.times("k-2")).toBe(0);
		});
		it("refuses a request that breaks its rules", async () => {
			expect(await calls().perform("k-3", { nonsense: true })).toMatchObject({ refused: { code: "VALIDATION_ERROR" } });
			expect(port.times("k-3")).toBe(0);
		});
		it("says that nothing was sent while the world cannot be reached, then does it", async () => {
			port.reach(false);
			expect(await calls().perform("k-4", port.good)).toEqual({ unsent: expect.any(String) });
			expect(port.times("k-4")).toBe(0);
			port.reach(true);
			expect(await calls().perform("k-4", port.good)).toHaveProperty("receipt");
			expect(port.times("k-4")).toBe(1);
		});
		it("never does the work of a call after its answer", async () => {
			const hurried = portCalls(broker, { name: "shipping", port: port.name }, 1);
			await Promise.all(Array.from({ length: 20 }, (_, n) => hurried.perform(`k-7-${n}`, port.good)));
			const times = () => Array.from({ length: 20 }, (_, n) => port.times(`k-7-${n}`)).join();
			const before = times();
			await new Promise((resolve) => setTimeout(resolve, 300));
			expect(times()).toBe(before);
		});
		it("is ready", async () => expect(await calls().ready()).toBe(true));
		if (port.promise === "once")
			it("does the work of a key once, and repeats its receipt", async () => {
				const first = await calls().perform("k-5", port.good);
				expect(await calls().perform("k-5", port.good)).toEqual(first);
				expect(port.times("k-5")).toBe(1);
			});
		if (port.promise === "lookup")
			it("finds the work of a key, and none of an unknown key", async () => {
				const done = await calls().perform("k-5", port.good);
				expect(await calls().find("k-5")).toEqual(done);
				expect(await calls().find("k-6")).toBeNull();
			});
		else it("cannot be asked for a key", () => expect(calls().find("k-5")).rejects.toMatchObject({ type: "SERVICE_NOT_FOUND" }));
	});
}
