/** Histogram - counts every value once, in the first bucket whose bound it does not exceed. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Histogram } from "../../store/histogram.ts";

const observed = (bounds: readonly number[], figures: readonly number[]): Histogram => {
	const histogram = new Histogram(bounds);
	for (const figure of figures) histogram.observe(figure);
	return histogram;
};

describe("a histogram", () => {
	it("is empty at first", () => {
		const { count, sum } = new Histogram([1, 2]);
		expect([count, sum, new Histogram([1, 2]).cumulative()]).toEqual([0, 0, [0, 0]]);
	});

	it("counts a value at the bound it equals, and a slightly larger one at the next", () => {
		expect(observed([1, 2], [1]).cumulative()).toEqual([1, 1]);
		expect(observed([1, 2], [1 + Number.EPSILON]).cumulative()).toEqual([0, 1]);
		expect(observed([1, 2], [2]).cumulative()).toEqual([0, 1]);
	});

	it("counts values above the last bound only in count and sum", () => {
		const { count, sum, ...rest } = observed([1, 2], [3, 0.5]);
		expect([count, sum, rest.bounds, observed([1, 2], [3, 0.5]).cumulative()]).toEqual([2, 3.5, [1, 2], [1, 1]]);
	});

	it("gives for every bound the number of values up to it", () =>
		fc.assert(
			fc.property(
				fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 12 }),
				fc.array(fc.integer({ min: -1100, max: 1100 })),
				(some, figures) => {
					const bounds = some.toSorted((a, b) => a - b);
					const histogram = observed(bounds, figures);
					expect(histogram.cumulative()).toEqual(bounds.map((bound) => figures.filter((figure) => figure <= bound).length));
					expect([histogram.count, histogram.sum]).toEqual([figures.length, figures.reduce((sum, figure) => sum + figure, 0)]);
				},
			),
		));
});
