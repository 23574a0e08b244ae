/** Offences - the judgement of an excess by the law of the instant: class, amounts and points, band by band, regime by regime. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { judge, jurisdictionIds, packs } from "../../jurisdictions/index.ts";
import type { Amounts, JurisdictionId, Judgement } from "../../jurisdictions/index.ts";

const euros = (reduced: number, standard: number, increased: number): Amounts => amounts("EUR", reduced, standard, increased);
const dirhams = (reduced: number, standard: number, increased: number): Amounts => amounts("MAD", reduced, standard, increased);

function amounts(currency: Amounts["currency"], reduced: number, standard: number, increased: number): Amounts {
	return { reducedMinor: reduced * 100, standardMinor: standard * 100, increasedMinor: increased * 100, currency };
}

const third = euros(45, 68, 180);
const fourth = euros(90, 135, 375);
const delit = euros(250, 300, 600);

const inOldFrance = "2023-06-15T10:00:00.000Z";
const inFrance2024 = "2024-06-15T10:00:00.000Z";
const inFranceToday = "2026-03-01T08:15:00.000Z";
const inMorocco = "2026-03-01T08:15:00.000Z";

const over = (jurisdiction: JurisdictionId, occurredAt: string, limitKmh: number, excessKmh: number): Judgement =>
	judge(jurisdiction, { occurredAt, limitKmh, excessKmh });

type Row = readonly [excess: number, limit: number, offenceClass: Judgement["class"], due: Amounts | null, points: number];

const upToFortyNine: readonly Row[] = [
	[5, 51, 3, third, 1],
	[5, 130, 3, third, 1],
	[19, 51, 3, third, 1],
	[19, 130, 3, third, 1],
	[5, 50, 4, fourth, 1],
	[5, 20, 4, fourth, 1],
	[19, 50, 4, fourth, 1],
	[20, 50, 4, fourth, 2],
	[20, 51, 4, fourth, 2],
	[29, 50, 4, fourth, 2],
	[29, 110, 4, fourth, 2],
	[30, 50, 4, fourth, 3],
	[30, 110, 4, fourth, 3],
	[39, 50, 4, fourth, 3],
	[39, 110, 4, fourth, 3],
	[40, 50, 4, fourth, 4],
	[40, 110, 4, fourth, 4],
	[49, 50, 4, fourth, 4],
	[49, 110, 4, fourth, 4],
];

const belowFive = (points: number): readonly Row[] => [
	[1, 51, 3, third, points],
	[1, 130, 3, third, points],
	[4, 51, 3, third, points],
	[4, 130, 3, third, points],
	[1, 50, 4, fourth, points],
	[1, 20, 4, fourth, points],
	[4, 50, 4, fourth, points],
];

const fiftyAndMore = (offenceClass: Judgement["class"], due: Amounts | null): readonly Row[] => [
	[50, 20, offenceClass, due, 6],
	[50, 50, offenceClass, due, 6],
	[50, 51, offenceClass, due, 6],
	[51, 110, offenceClass, due, 6],
	[399, 1, offenceClass, due, 6],
];

describe.each([
	["before 2024", inOldFrance, "FR@2004-12-08", [...belowFive(1), ...upToFortyNine, ...fiftyAndMore(5, null)]],
	["in 2024", inFrance2024, "FR@2024-01-01", [...belowFive(0), ...upToFortyNine, ...fiftyAndMore(5, null)]],
	["since the end of 2025", inFranceToday, "FR@2025-12-29", [...belowFive(0), ...upToFortyNine, ...fiftyAndMore("délit", delit)]],
])("an excess in France %s", (_when, occurredAt, pack, rows: readonly Row[]) => {
	it.each(rows)("of %i km/h over %i is of class %s", (excess, limit, offenceClass, due, points) =>
		expect(over("FR", occurredAt, limit, excess)).toEqual({ class: offenceClass, amounts: due, points, pack }),
	);
});

describe("an excess in Morocco", () => {
	const rows: readonly Row[] = [
		[1, 60, 3, dirhams(150, 200, 300), 0],
		[20, 60, 3, dirhams(150, 200, 300), 0],
		[21, 60, 2, dirhams(300, 350, 500), 0],
		[30, 60, 2, dirhams(300, 350, 500), 0],
		[31, 60, 1, dirhams(400, 500, 700), 0],
		[50, 60, 1, dirhams(400, 500, 700), 0],
		[51, 60, "délit", null, 0],
		[399, 1, "délit", null, 0],
	];
	it.each(rows)("of %i km/h over %i is of class %s", (excess, limit, offenceClass, due, points) =>
		expect(over("MA", inMorocco, limit, excess)).toEqual({ class: offenceClass, amounts: due, points, pack: "MA@2010-10-01" }),
	);

	it("does not depend on the limit", () => {
		for (let excess = 1; excess <= 60; excess++) expect(over("MA", inMorocco, 120, excess)).toEqual(over("MA", inMorocco, 40, excess));
	});
});

describe("the law in force", () => {
	it.each([
		["the last millisecond of 2023 in Paris", "2023-12-31T22:59:59.999Z", "FR@2004-12-08"],
		["midnight of 2024-01-01 in Paris", "2023-12-31T23:00:00.000Z", "FR@2024-01-01"],
		["midnight of 2024-01-01 in UTC", "2024-01-01T00:00:00.000Z", "FR@2024-01-01"],
		["the last millisecond of 2025-12-28 in Paris", "2025-12-28T22:59:59.999Z", "FR@2024-01-01"],
		["midnight of 2025-12-29 in Paris", "2025-12-28T23:00:00.000Z", "FR@2025-12-29"],
		["midnight of 2025-12-29 in UTC", "2025-12-29T00:00:00.000Z", "FR@2025-12-29"],
		["far in the future", "2999-12-31T23:59:59.999Z", "FR@2025-12-29"],
		["midnight of 2004-12-08 in Paris", "2004-12-07T23:00:00.000Z", "FR@2004-12-08"],
		["before the first table", "1901-01-01T00:00:00.000Z", "FR@2004-12-08"],
	])("in France at %s (%s) is %s", (_when, occurredAt, pack) => expect(over("FR", occurredAt, 90, 10).pack).toBe(pack));

	it.each([
		["the last millisecond of September 2010", "2010-09-30T23:59:59.999Z"],
		["midnight of 2010-10-01 in Casablanca", "2010-10-01T00:00:00.000Z"],
		["before the road code", "1901-01-01T00:00:00.000Z"],
		["the New Year of France", "2023-12-31T23:00:00.000Z"],
	])("in Morocco at %s is that of 2010", (_when, occurredAt) => expect(over("MA", occurredAt, 60, 10).pack).toBe("MA@2010-10-01"));

	it("removes the point for a small excess between two milliseconds", () => {
		expect(over("FR", "2023-12-31T22:59:59.999Z", 130, 4).points).toBe(1);
		expect(over("FR", "2023-12-31T23:00:00.000Z", 130, 4).points).toBe(0);
	});

	it("makes a délit of an excess of 50 between two milliseconds", () => {
		expect(over("FR", "2025-12-28T22:59:59.999Z", 130, 50)).toMatchObject({ class: 5, amounts: null });
		expect(over("FR", "2025-12-28T23:00:00.000Z", 130, 50)).toMatchObject({ class: "délit", amounts: delit });
	});
});

describe("a judgement", () => {
	it("is refused if there is no excess", () => {
		for (const id of jurisdictionIds)
			for (const excess of [0, -1, 4.5, Number.NaN]) expect(() => over(id, inFranceToday, 90, excess)).toThrow(RangeError);
		expect(() => over("FR", inFranceToday, Number.NaN, 10)).toThrow(RangeError);
	});

	it.each(["2026-03-01T09:15:00.000+01:00", "2026-03-01T08:15:00Z", "2026-03-01", ""])(
		"is refused for an instant written %j",
		(occurredAt) => expect(() => over("FR", occurredAt, 90, 10)).toThrow("not an instant in UTC milliseconds"),
	);

	it("cannot be changed by its caller", () => {
		const judgement = over("FR", inFranceToday, 90, 10);
		expect(Object.isFrozen(judgement)).toBe(true);
		expect(Object.isFrozen(judgement.amounts)).toBe(true);
		expect(over("FR", inFranceToday, 90, 10)).toBe(judgement);
	});

	it("is plain JSON", () => {
		const judgement = over("FR", inFranceToday, 90, 60);
		expect(JSON.parse(JSON.stringify(judgement))).toEqual(judgement);
	});

	const instant = fc
		.date({ min: new Date("2000-01-01T00:00:00.000Z"), max: new Date("2040-01-01T00:00:00.000Z"), noInvalidDate: true })
		.map((date) => date.toISOString());
	const offence = fc.record({
		occurredAt: instant,
		limitKmh: fc.integer({ min: 1, max: 200 }),
		excessKmh: fc.integer({ min: 1, max: 400 }),
	});
	const jurisdiction = fc.constantFrom(...jurisdictionIds);

	it("has whole minor units of its country's currency, more for a later payment", () =>
		fc.assert(
			fc.property(jurisdiction, offence, (id, offence) => {
				const due = judge(id, offence).amounts;
				if (due === null) return;
				expect(due.currency).toBe(packs[id].currency);
				for (const minor of [due.reducedMinor, due.standardMinor, due.increasedMinor])
					expect(Number.isSafeInteger(minor) && minor > 0).toBe(true);
				expect(due.reducedMinor).toBeLessThanOrEqual(due.standardMinor);
				expect(due.standardMinor).toBeLessThanOrEqual(due.increasedMinor);
			}),
		));

	it("never costs fewer points for a greater excess", () =>
		fc.assert(
			fc.property(jurisdiction, offence, (id, offence) =>
				expect(judge(id, { ...offence, excessKmh: offence.excessKmh + 1 }).points).toBeGreaterThanOrEqual(judge(id, offence).points),
			),
		));

	it("names a pack that exists", () =>
		fc.assert(
			fc.property(jurisdiction, offence, (id, offence) =>
				expect(packs[id].regimes.map((regime) => `${id}@${regime.begins}`)).toContain(judge(id, offence).pack),
			),
		));
});
