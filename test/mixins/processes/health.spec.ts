/** Health - a process reports its pending, open and parked work, and whether it can read and write its rows. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { MetricName } from "../../../mixins/common/metric-names.ts";
import { processFigures, processHealth, workOf } from "../../../mixins/processes/health.ts";
import { Depot, WRITTEN } from "../../support/depot.ts";
import type { Sent } from "../../support/parcels.ts";
import { turns } from "../../support/turns.ts";

const sent = (id: string, day: number): Sent => ({ id, customer: "ann", day, insured: false });

describe("a process", () => {
	beforeEach(() => {
		jest.useFakeTimers({ doNotFake: ["setImmediate", "clearImmediate", "nextTick", "queueMicrotask", "performance", "Date", "hrtime"] });
	});
	afterEach(() => {
		jest.useRealTimers();
	});
	const later = async (milliseconds: number): Promise<void> => {
		await jest.advanceTimersByTimeAsync(milliseconds);
		await turns();
	};

	it("counts open work until its commands are answered", async () => {
		const depot = await Depot.open({ obliging: false });
		depot.send(sent("a", 5), sent("b", 5));
		await depot.showAll();
		await later(WRITTEN); // written behind
		expect(await workOf(depot.runner)).toEqual({ asking: 2, open: 2, parked: 0 });
		for (const call of depot.calls.splice(0)) call.answer();
		await depot.settle();
		await later(WRITTEN);
		expect(await workOf(depot.runner)).toEqual({ asking: 0, open: 0, parked: 0 });
	});

	it("is ready with parked work, and reports its amount", async () => {
		const depot = await Depot.open();
		depot.send(sent("bad", 5), sent("bad-too", 5), sent("good", 5));
		await depot.settle();
		await later(WRITTEN);
		expect(await processHealth(depot.runner)).toMatchObject({ name: "delivering", ready: true, asking: 0, open: 0, parked: 2, lag: 0 });
		const given: Partial<Record<MetricName, unknown>> = {};
		await processFigures(depot.runner, (name, value, labels) => void (given[name] = [value, labels]));
		expect(given).toMatchObject({
			vigie_process_asking: [0, { process: "delivering" }],
			vigie_process_open: [0, { process: "delivering" }],
			vigie_process_parked: [2, { process: "delivering" }],
			vigie_row_cache_rows: [expect.any(Number), { follower: "delivering" }],
		});
	});

	it("is not ready while it cannot write its rows, and is ready again afterwards", async () => {
		const depot = await Depot.open();
		depot.table.script.push(...Array.from({ length: 50 }, () => "rejected" as const));
		depot.send(sent("a", 5));
		await depot.showAll();
		await later(WRITTEN);
		expect(await processHealth(depot.runner)).toMatchObject({ ready: false, reason: "delivering cannot write its rows: the disk is full" });
		depot.table.script.length = 0;
		depot.send(sent("b", 5));
		await depot.settle();
		await later(60_000);
		expect(await processHealth(depot.runner)).toMatchObject({ ready: true, open: 0 });
	});

	it("is not ready while it cannot read its rows", async () => {
		const depot = await Depot.open();
		depot.table.count = () => Promise.reject(new Error("not a database"));
		expect(await processHealth(depot.runner)).toMatchObject({ ready: false, reason: "delivering cannot read its rows: not a database" });
	});

	it("that has stopped reports this reason first", async () => {
		const depot = await Depot.open();
		const [follower] = depot.runner.followers;
		if (!follower) throw new Error("it follows nothing");
		follower.error = new Error("a fact it cannot fold");
		depot.table.count = () => Promise.reject(new Error("not a database"));
		expect(await processHealth(depot.runner)).toMatchObject({
			ready: false,
			reason: `delivering has stopped after ${follower.name}:0: a fact it cannot fold`,
		});
	});
});
