/** ReplayWindow: each number counts once, in any order within the window, and none behind it. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ReplayWindow } from "../../../mixins/nats/replay-window.ts";

const SIZE = 1024;

describe("a window of packet numbers", () => {
	it("takes each number once", () => {
		const window = new ReplayWindow();
		for (const number of [1, 2, 5, 3, 4]) expect([number, window.take(number)]).toEqual([number, true]);
		for (const number of [1, 2, 3, 4, 5]) expect([number, window.take(number)]).toEqual([number, false]);
	});
	it("refuses numbers that are too old, and remembers the others after a leap", () => {
		const window = new ReplayWindow();
		window.take(10);
		expect(window.take(10 + SIZE)).toBe(true);
		expect([window.take(10), window.take(11), window.take(11)]).toEqual([false, true, false]);
		expect([window.take(100_000), window.take(99_999), window.take(10 + SIZE)]).toEqual([true, true, false]);
	});
	it("agrees with a set of all numbers, for any order", () => {
		const numbers = fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 300 });
		fc.assert(
			fc.property(numbers, (all) => {
				const window = new ReplayWindow();
				const taken = new Set<number>();
				for (const number of all) {
					const isNew = !taken.has(number) && number > Math.max(0, ...taken) - SIZE;
					expect(window.take(number)).toBe(isNew);
					if (isNew) taken.add(number);
				}
			}),
		);
	});
});
