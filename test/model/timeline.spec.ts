/** Timeline - half-open intervals, and a record that comes late stands where it would have stood. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
	alreadyHolds,
	type Entry,
	entryAfter,
	entryAt,
	has,
	insert,
	type Instant,
	same,
	type Timeline,
	valueAt,
} from "../../model/index.ts";

const at = (n: number): Instant => new Date(Date.UTC(2026, 0, 1) + n).toISOString();
const line: Timeline<string> = [
	{ from: null, value: "a" },
	{ from: at(10), value: "b" },
	{ from: at(20), value: "c" },
];
const build = (entries: readonly Entry<number>[]) => entries.reduce<Timeline<number>>((so, { from, value }) => insert(so, from, value), []);
const anyFrom = fc.option(fc.integer({ min: 0, max: 30 }).map(at), { nil: null });
const anyEntries = fc.array(fc.record({ from: anyFrom, value: fc.nat(3) }), { maxLength: 20, size: "max" });
const anyDistinct = fc.uniqueArray(fc.record({ from: anyFrom, value: fc.nat(3) }), {
	selector: ({ from }) => from,
	maxLength: 20,
	size: "max",
});

describe("what held at an instant", () => {
	it("is what was recorded last at or before it, to the millisecond", () => {
		expect([9, 10, 19, 20, 21].map((n) => valueAt(line, at(n)))).toEqual(["a", "b", "b", "c", "c"]);
		expect(valueAt(line, null)).toBe("a");
		expect(valueAt(line.slice(1), at(9))).toBeUndefined();
		expect(valueAt(line.slice(1), null)).toBeUndefined();
		expect(valueAt([], at(9))).toBeUndefined();
	});
	it("holds until the next record begins", () => {
		expect([9, 10, 19, 20].map((n) => entryAfter(line, at(n))?.from)).toEqual([at(10), at(20), at(20), undefined]);
		expect(entryAfter(line, null)?.from).toBe(at(10));
		expect(entryAfter(line.slice(1), null)?.from).toBe(at(10));
		expect(entryAfter([], at(1))).toBeUndefined();
	});
	it("is told by a plain search, for every line and instant", () =>
		fc.assert(
			fc.property(anyEntries, anyFrom, (entries, instant) => {
				const built = build(entries);
				const upTo = built.filter(({ from }) => from === null || (instant !== null && from <= instant));
				expect(entryAt(built, instant)).toEqual(upTo.at(-1));
				expect(entryAfter(built, instant)).toEqual(built[upTo.length]);
			}),
		));
});

describe("a record", () => {
	it("is inserted where it belongs, and holds until the next one", () => {
		expect(insert(line, at(15), "x").map(({ value }) => value)).toEqual(["a", "b", "x", "c"]);
		expect(insert(line, at(25), "x").map(({ value }) => value)).toEqual(["a", "b", "c", "x"]);
		expect(insert(line.slice(1), null, "x").map(({ value }) => value)).toEqual(["x", "b", "c"]);
		expect(insert([], at(1), "x")).toEqual([{ from: at(1), value: "x" }]);
	});
	it("of the same instant is replaced: the later word counts", () => {
		expect(insert(line, at(10), "x").map(({ value }) => value)).toEqual(["a", "x", "c"]);
		expect(insert(line, null, "x").map(({ value }) => value)).toEqual(["x", "b", "c"]);
	});
	it("leaves the line it is inserted into as it was", () => {
		const frozen = Object.freeze(line.map((entry) => Object.freeze(entry)));
		insert(frozen, at(15), "x");
		expect(frozen.map(({ value }) => value)).toEqual(["a", "b", "c"]);
	});
	it("keeps the line sorted, one record an instant", () =>
		fc.assert(
			fc.property(anyEntries, (entries) => {
				const froms = build(entries).map(({ from }) => from);
				expect(froms).toEqual([...new Set(entries.map(({ from }) => from))].toSorted((a, b) => ((a ?? "") < (b ?? "") ? -1 : 1)));
			}),
		));
	it("inserted in any order gives the same line", () =>
		fc.assert(
			fc.property(
				anyDistinct.chain((entries) =>
					fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length })),
				),
				([entries, shuffled]) => expect(build(shuffled)).toEqual(build(entries)),
			),
		));
	it("inserted a second time changes nothing", () =>
		fc.assert(
			fc.property(anyEntries, anyFrom, fc.nat(3), (entries, from, value) => {
				const once = insert(build(entries), from, value);
				expect(insert(once, from, value)).toEqual(once);
				expect(has(once, from, value)).toBe(true);
			}),
		));
	it("changes what held only from its instant to the next", () =>
		fc.assert(
			fc.property(anyEntries, anyFrom, fc.nat(3), anyFrom, (entries, from, value, instant) => {
				const before = build(entries);
				const after = insert(before, from, value);
				const to = entryAfter(after, from)?.from ?? null;
				const inside = (from === null || (instant !== null && instant >= from)) && (to === null || instant === null || instant < to);
				expect(valueAt(after, instant)).toBe(inside ? value : valueAt(before, instant));
			}),
		));
});

describe("what is already so", () => {
	const now = at(15);
	it("is, dated, the very same record, and not what merely held then", () => {
		expect(has(line, at(10), "b")).toBe(true);
		expect(has(line, at(10), "a")).toBe(false);
		expect(has(line, at(11), "b")).toBe(false);
		expect(has(line, null, "a")).toBe(true);
		expect(has(line.slice(1), null, "a")).toBe(false);
		expect(alreadyHolds(line, at(10), now, "b")).toBe(true);
		expect(alreadyHolds(line, at(11), now, "b")).toBe(false);
	});
	it("is, undated, what holds now, whatever is to come", () => {
		expect(alreadyHolds(line, undefined, now, "b")).toBe(true);
		expect(alreadyHolds(line, undefined, now, "c")).toBe(false);
		expect(alreadyHolds(line, undefined, at(20), "c")).toBe(true);
		expect(alreadyHolds([], undefined, now, "c")).toBe(false);
		expect(alreadyHolds(line.slice(2), undefined, now, "c")).toBe(false);
	});
	it("may be told by content", () => {
		const sites = insert([], at(1), { latitude: 1, longitude: 2 });
		expect(alreadyHolds(sites, undefined, now, { longitude: 2, latitude: 1 })).toBe(false);
		expect(alreadyHolds(sites, undefined, now, { longitude: 2, latitude: 1 }, same)).toBe(true);
		expect(has(sites, at(1), { longitude: 2, latitude: 1 }, same)).toBe(true);
	});
});
