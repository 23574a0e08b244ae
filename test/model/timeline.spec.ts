/** Timeline - half-open intervals; a late record is inserted at its place. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
	alreadyHolds,
	type Entry,
	entriesOf,
	entryAfter,
	entryAt,
	firstEntry,
	has,
	insert,
	type Instant,
	recent,
	sameJson,
	type Timeline,
	valueAt,
} from "../../model/index.ts";

const at = (n: number): Instant => new Date(Date.UTC(2026, 0, 1) + n).toISOString();
const line: readonly Entry<string>[] = [
	{ from: null, value: "a" },
	{ from: at(10), value: "b" },
	{ from: at(20), value: "c" },
];
const valuesOf = <T>(of: Timeline<T>): T[] => entriesOf(of).map(({ value }) => value);
const build = (entries: readonly Entry<number>[]) => entries.reduce<Timeline<number>>((so, { from, value }) => insert(so, from, value), []);
const anyFrom = fc.option(fc.integer({ min: 0, max: 30 }).map(at), { nil: null });
const anyEntries = fc.array(fc.record({ from: anyFrom, value: fc.nat(3) }), { maxLength: 20, size: "max" });
const anyDistinct = fc.uniqueArray(fc.record({ from: anyFrom, value: fc.nat(3) }), {
	selector: ({ from }) => from,
	maxLength: 20,
	size: "max",
});

describe("the value at an instant", () => {
	it("is the last one recorded at or before it, to the millisecond", () => {
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
	it("agrees with a linear search, for every line and instant", () =>
		fc.assert(
			fc.property(anyEntries, anyFrom, (entries, instant) => {
				const built = build(entries);
				const all = entriesOf(built);
				const upTo = all.filter(({ from }) => from === null || (instant !== null && from <= instant));
				expect(entryAt(built, instant)).toEqual(upTo.at(-1));
				expect(entryAfter(built, instant)).toEqual(all[upTo.length]);
			}),
		));
});

describe("a record", () => {
	it("is inserted at its place, and holds until the next one", () => {
		expect(valuesOf(insert(line, at(15), "x"))).toEqual(["a", "b", "x", "c"]);
		expect(valuesOf(insert(line, at(25), "x"))).toEqual(["a", "b", "c", "x"]);
		expect(valuesOf(insert(line.slice(1), null, "x"))).toEqual(["x", "b", "c"]);
		expect(insert([], at(1), "x")).toEqual([{ from: at(1), value: "x" }]);
	});
	it("replaces one of the same instant", () => {
		expect(valuesOf(insert(line, at(10), "x"))).toEqual(["a", "x", "c"]);
		expect(valuesOf(insert(line, null, "x"))).toEqual(["x", "b", "c"]);
	});
	it("does not change the original line", () => {
		const frozen = Object.freeze(line.map((entry) => Object.freeze(entry)));
		insert(frozen, at(15), "x");
		expect(frozen.map(({ value }) => value)).toEqual(["a", "b", "c"]);
	});
	it("keeps the line sorted, with one record per instant", () =>
		fc.assert(
			fc.property(anyEntries, (entries) => {
				const froms = entriesOf(build(entries)).map(({ from }) => from);
				expect(froms).toEqual([...new Set(entries.map(({ from }) => from))].toSorted((a, b) => ((a ?? "") < (b ?? "") ? -1 : 1)));
			}),
		));
	it("gives the same line in any order of insertion", () =>
		fc.assert(
			fc.property(
				anyDistinct.chain((entries) =>
					fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length })),
				),
				([entries, shuffled]) => expect(build(shuffled)).toEqual(build(entries)),
			),
		));
	it("changes nothing when inserted again", () =>
		fc.assert(
			fc.property(anyEntries, anyFrom, fc.nat(3), (entries, from, value) => {
				const once = insert(build(entries), from, value);
				expect(insert(once, from, value)).toEqual(once);
				expect(has(once, from, value)).toBe(true);
			}),
		));
	it("changes values only from its instant to the next", () =>
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

describe("a long timeline", () => {
	const LONG = 3000;
	/** As a plain sorted list. */
	const listed = (entries: readonly Entry<number>[]) =>
		[...new Map(entries.map((entry) => [entry.from, entry])).values()].toSorted((a, b) => ((a.from ?? "") < (b.from ?? "") ? -1 : 1));
	const froms = (orderOf: (n: number) => number) => Array.from({ length: LONG }, (_, n) => ({ from: at(orderOf(n)), value: n }));
	const orders: readonly [string, (n: number) => number][] = [
		["in order", (n) => n],
		["from the end", (n) => LONG - n],
		["mixed, some of one instant", (n) => (n * 7919) % 2500],
	];

	it.each(orders)("recorded %s holds the same as a plain list", (_order, orderOf) => {
		const entries = froms(orderOf);
		const [built, list] = [build(entries), listed(entries)];
		expect(entriesOf(built)).toEqual(list);
		expect(firstEntry(built)).toEqual(list[0]);
		for (const n of [-1, 0, 1, 255, 256, 257, 1234, LONG - 1, LONG, LONG + 1]) {
			const upTo = list.filter(({ from }) => (from ?? "") <= at(n));
			expect([entryAt(built, at(n)), entryAfter(built, at(n))]).toEqual([upTo.at(-1), list[upTo.length]]);
		}
		expect([entryAt(built, null), entryAfter(built, null)]).toEqual([undefined, list[0]]);
		expect(JSON.parse(JSON.stringify(built))).toEqual(built);
	});

	it.each(orders)("recorded %s shares all unchanged pages with the previous version", (_order, orderOf) => {
		let line: Timeline<number> = [];
		for (const { from, value } of froms(orderOf)) {
			const next: Timeline<number> = insert(line, from, value);
			if ("pages" in line && "pages" in next) {
				const known = new Set(line.pages);
				expect(next.pages.filter((page) => !known.has(page)).length).toBeLessThanOrEqual(2);
			}
			line = next;
		}
		if (!("pages" in line)) throw new Error("it is long");
		expect(Math.max(...line.pages.map((page) => page.length))).toBeLessThanOrEqual(256);
	});
});

describe("removing old entries", () => {
	it("keeps so many of them, and all values from the instant on", () =>
		fc.assert(
			fc.property(anyEntries, fc.integer({ min: 0, max: 30 }), fc.nat(4), (entries, instant, kept) => {
				const built = build(entries);
				const less = recent(built, at(instant), kept);
				const ended = entriesOf(less).filter(({ from }) => from === null || from <= at(instant)).length - 1;
				expect(ended).toBeLessThanOrEqual(kept);
				for (let n = instant; n < 33; n++)
					expect([entryAt(less, at(n)), entryAfter(less, at(n))]).toEqual([entryAt(built, at(n)), entryAfter(built, at(n))]);
			}),
		));
	it("returns the same timeline if there are none", () => {
		expect(recent(line, at(15), 1)).toBe(line);
		expect(recent(line, at(15), 0)).toEqual(line.slice(1));
	});
});

describe("what is already so", () => {
	const now = at(15);
	it("with a date, is the same record, not just the same value then", () => {
		expect(has(line, at(10), "b")).toBe(true);
		expect(has(line, at(10), "a")).toBe(false);
		expect(has(line, at(11), "b")).toBe(false);
		expect(has(line, null, "a")).toBe(true);
		expect(has(line.slice(1), null, "a")).toBe(false);
		expect(alreadyHolds(line, at(10), now, "b")).toBe(true);
		expect(alreadyHolds(line, at(11), now, "b")).toBe(false);
	});
	it("without a date, is the value now, even before later changes", () => {
		expect(alreadyHolds(line, undefined, now, "b")).toBe(true);
		expect(alreadyHolds(line, undefined, now, "c")).toBe(false);
		expect(alreadyHolds(line, undefined, at(20), "c")).toBe(true);
		expect(alreadyHolds([], undefined, now, "c")).toBe(false);
		expect(alreadyHolds(line.slice(2), undefined, now, "c")).toBe(false);
	});
	it("can compare by content", () => {
		const sites = insert([], at(1), { latitude: 1, longitude: 2 });
		expect(alreadyHolds(sites, undefined, now, { longitude: 2, latitude: 1 })).toBe(false);
		expect(alreadyHolds(sites, undefined, now, { longitude: 2, latitude: 1 }, sameJson)).toBe(true);
		expect(has(sites, at(1), { longitude: 2, latitude: 1 }, sameJson)).toBe(true);
	});
});
