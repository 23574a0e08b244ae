/** Two processes keep one promise on the same rows: what one decides rests on nothing the other has changed meanwhile (LAW 8). */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Depot, WRITTEN } from "../../support/depot.ts";
import { turns } from "../../support/turns.ts";

describe("of two processes that keep one promise", () => {
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

	it("one settles a piece of work while the other learns what it depends on: it is looked at again", async () => {
		one.send({ id: "a", customer: "ann", day: 5 });
		for (const depot of [one, two]) {
			await depot.show("post");
			await later(WRITTEN); // written by the first
		}
		await two.show("round"); // opened where nobody lived then: settled, and not written yet
		one.move({ customer: "ann", from: 3, address: "Elm 1" });
		await one.show("people"); // written, and those it concerns are woken as the first knows them
		await later(WRITTEN);
		one.send({ id: "b", customer: "bob", day: 5 });
		for (const depot of [two, one]) {
			await depot.show("post"); // who is slower goes on where the other is, and takes nothing of what lies before
			await later(WRITTEN);
		}
		await settle();
		expect(one.addresses).toEqual({ a: "Elm 1", b: null });
		expect(await one.references()).toMatchObject({ ann: { pending: [] } });
		expect(await one.subjects()).toEqual({ a: { address: "Elm 1", state: null }, b: { address: null, state: null } });
	});
});
