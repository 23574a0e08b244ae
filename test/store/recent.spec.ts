/** Recent - the commits in memory for followers never have a gap. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Commit } from "../../store/log.ts";
import { Recent } from "../../store/recent.ts";
import { things } from "../support/commits.ts";

const positions = (commits: readonly Commit[] | null): number[] | null => commits && commits.map(({ position }) => position);
const from = (first: number, count: number): Commit[] => things(count, { position: first - 1, hash: "" });

describe("the recent commits", () => {
	it("are empty at first", () => expect(new Recent().read(0, 10)).toBeNull());

	it("are read after a position, up to the limit", () => {
		const recent = new Recent();
		recent.add(from(1, 3), 0);
		recent.add(from(4, 2), 0);
		expect(positions(recent.read(0, 10))).toEqual([1, 2, 3, 4, 5]);
		expect(positions(recent.read(2, 2))).toEqual([3, 4]);
		expect(positions(recent.read(4, 10))).toEqual([5]);
	});

	it("do not report the end of the log", () => {
		const recent = new Recent();
		recent.add(from(1, 3), 0);
		expect(recent.read(3, 10)).toBeNull();
		expect(recent.read(9, 10)).toBeNull();
	});

	it("start again after commits of another writer", () => {
		const recent = new Recent();
		recent.add(from(1, 3), 0);
		recent.add(from(6, 2), 0);
		expect(recent.read(0, 10)).toBeNull();
		expect(recent.read(3, 10)).toBeNull();
		expect(positions(recent.read(5, 10))).toEqual([6, 7]);
	});

	it("are bounded, both for a slow follower and without any", () => {
		for (const taken of [0, Number.POSITIVE_INFINITY]) {
			const recent = new Recent();
			for (let first = 1; first < 100_000; first += 1000) recent.add(from(first, 1000), taken);
			expect(recent.read(0, 10)).toBeNull();
			expect(recent.read(60_000, 10)).toBeNull();
			expect(positions(recent.read(99_998, 10))).toEqual([99_999, 100_000]);
		}
	});

	it("are a part of the log without a gap, after random steps", () => {
		const act = fc.record({
			count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1000, 2048, 5000)),
			missed: fc.constantFrom(0, 0, 0, 0, 1, 7),
			taken: fc.oneof(fc.nat(40_000), fc.constant(Number.POSITIVE_INFINITY)),
		});
		fc.assert(
			fc.property(fc.array(act, { minLength: 1, maxLength: 15 }), fc.array(fc.nat(60_000), { maxLength: 10 }), (acts, asked) => {
				const recent = new Recent();
				let tail = 0;
				let anew = 1;
				for (const { count, missed, taken } of acts) {
					if (missed > 0) anew = tail + missed + 1;
					recent.add(from(tail + missed + 1, count), Math.min(taken, tail));
					tail += missed + count;
				}
				for (const after of [...asked, tail - 1, tail, anew - 1, anew - 2, 0]) {
					const found = positions(recent.read(after, 50));
					if (found === null) continue;
					expect(after + 1).toBeGreaterThanOrEqual(anew);
					expect(found).toEqual(Array.from({ length: Math.min(50, tail - after) }, (_, i) => after + 1 + i));
					expect(found.length).toBeGreaterThan(0);
				}
				expect(positions(recent.read(tail - 1, 50))).toEqual([tail]);
			}),
			{ numRuns: 60 },
		);
	});
});
