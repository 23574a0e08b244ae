/** Readers - readers are released when all their positions are reached, in any order, and are removed when they time out. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Readers } from "../../../mixins/read-models/readers.ts";
import { nodeTimers } from "../../../mixins/common/timers.ts";

describe("readers", () => {
	let late: Map<object, () => void>;
	let readers: Readers;
	const told: string[] = [];
	beforeEach(() => {
		late = new Map();
		told.length = 0;
		const later = (_ms: number, run: () => void) => {
			const one = {};
			late.set(one, run);
			return () => void late.delete(one);
		};
		readers = new Readers({ ...nodeTimers, later });
	});
	const wait = (name: string, ahead: Readonly<Record<string, number>>): void =>
		void readers.wait(Object.entries(ahead), 5000).then((reached) => told.push(`${name} ${reached}`));
	const giveUp = async (): Promise<void> => {
		for (const run of [...late.values()]) run();
		await null;
	};

	it("are released only when all their positions are reached", async () => {
		wait("both", { "a:0": 3, "b:0": 1 });
		wait("one", { "a:0": 2 });
		readers.reached("a:0", 2);
		await null;
		expect(told).toEqual(["one true"]);
		readers.reached("a:0", 9);
		await null;
		expect(told).toEqual(["one true"]);
		readers.reached("b:0", 1);
		await null;
		expect([told, readers.size, late.size]).toEqual([["one true", "both true"], 0, 0]);
	});

	it("have a highest position that ignores timed-out readers", async () => {
		expect(readers.wanted("a:0")).toBe(0);
		wait("far", { "a:0": 1000 });
		await giveUp();
		wait("near", { "a:0": 3 });
		expect([told, readers.wanted("a:0")]).toEqual([["far false"], 3]);
	});

	it("behave like a simple model for any arrivals, positions and timeouts", () =>
		fc.assert(
			fc.asyncProperty(
				fc.array(
					fc.oneof(
						fc.record({ wait: fc.record({ "a:0": fc.integer({ min: 1, max: 9 }), "b:0": fc.integer({ min: 1, max: 9 }) }) }),
						fc.record({ reached: fc.constantFrom("a:0", "b:0"), at: fc.integer({ min: 1, max: 9 }) }),
						fc.constant("give up" as const),
					),
					{ maxLength: 60 },
				),
				async (acts) => {
					const model: { left: Map<string, number>; answer: boolean | null }[] = [];
					const answers: (boolean | null)[] = [];
					for (const act of acts) {
						if (act === "give up") {
							await giveUp();
							for (const one of model) one.answer ??= false;
						} else if ("wait" in act) {
							const place = answers.push(null) - 1;
							model.push({ left: new Map(Object.entries(act.wait)), answer: null });
							void readers.wait(Object.entries(act.wait), 5000).then((reached) => (answers[place] = reached));
						} else {
							readers.reached(act.reached, act.at);
							for (const one of model) {
								if ((one.left.get(act.reached) ?? Infinity) <= act.at) one.left.delete(act.reached);
								if (one.left.size === 0) one.answer ??= true;
							}
						}
						await null;
						await null;
						expect(answers).toEqual(model.map(({ answer }) => answer));
						expect(readers.size).toBe(model.filter(({ answer }) => answer === null).length);
					}
					await giveUp();
					expect([readers.wanted("a:0"), readers.wanted("b:0"), late.size]).toEqual([0, 0, 0]);
				},
			),
			{ numRuns: 200 },
		));
});
