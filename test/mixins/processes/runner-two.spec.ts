/** RunnerTwo - two nodes run one process on the same rows, and neither decides on rows that the other one has changed (LAW 8). */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Depot, WRITTEN } from "../../support/depot.ts";
import { turns } from "../../support/turns.ts";

describe("of two nodes that run one process", () => {
	let one: Depot;
	let two: Depot;
	beforeEach(async () => {
		jest.useFakeTimers({ doNotFake: ["setImmediate", "clearImmediate", "nextTick", "queueMicrotask", "performance", "Date", "hrtime"] });
		one = await Depot.open();
		two = await Depot.open({ beside: one });
	});
	afterEach(() => {
		jest.useRealTimers();
	});
	const later = async (milliseconds: number): Promise<void> => {
		await jest.advanceTimersByTimeAsync(milliseconds);
		await turns();
	};
	const settle = async (): Promise<void> => {
		for (let round = 0; round < 3; round++)
			for (const depot of [one, two]) {
				await depot.settle();
				await later(WRITTEN);
				void depot.runner.recover();
				await turns();
			}
	};

	it("one that waits for the ends of the logs begins to send when the other one has read them", async () => {
		one.send({ id: "a", customer: "ann", day: 5 });
		one.move({ customer: "ann", from: 3, address: "Elm 1" });
		const late = await Depot.open({ beside: one, batches: { many: 1, calls: 1, afterCatchUp: true } });
		await one.settle();
		await later(WRITTEN);
		const asked = one.round.asked.splice(0);
		expect(asked.length).toBeGreaterThan(0);
		await late.show("post"); // it is overtaken, and resumes where the other one is
		await later(WRITTEN);
		expect([late.runner.outbox.size, one.round.asked]).toEqual([0, []]);
		one.leave();
		late.send({ id: "b", customer: "bob", day: 5 });
		await late.show("post");
		await later(WRITTEN);
		expect(one.round.asked).toEqual(["delivering/subject/b/open"]);
	});

	it("one settles a piece of work while the other folds its reference: the work is evaluated again", async () => {
		one.send({ id: "a", customer: "ann", day: 5 });
		for (const depot of [one, two]) {
			await depot.show("post");
			await later(WRITTEN); // the first one writes
		}
		await two.show("round"); // opened without an address: settled, but not written yet
		one.move({ customer: "ann", from: 3, address: "Elm 1" });
		await one.show("people"); // wakes the subjects in its own version
		await later(WRITTEN);
		one.send({ id: "b", customer: "bob", day: 5 });
		for (const depot of [two, one]) {
			await depot.show("post"); // the slower one resumes at the other's checkpoint and skips earlier facts
			await later(WRITTEN);
		}
		await settle();
		expect(one.addresses).toEqual({ a: "Elm 1", b: null });
		expect(await one.references()).toMatchObject({ ann: { pending: [] } });
		expect(await one.subjects()).toEqual({ a: { address: "Elm 1", state: null }, b: { address: null, state: null } });
	});
});
