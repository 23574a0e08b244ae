/** Tolerance - the technical tolerance subtracted from a measured speed. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { jurisdictionIds, packs, radarKinds, retainedSpeed } from "../../jurisdictions/index.ts";
import { retain } from "../../jurisdictions/judgement.ts";

const speed = fc.integer({ min: 1, max: 400 });
const jurisdiction = fc.constantFrom(...jurisdictionIds);
const kind = fc.constantFrom(...radarKinds);
const fixedPosts = radarKinds.filter((kind) => kind !== "mobile");

describe("the tolerance of a French fixed post", () => {
	it.each([
		[55, 50],
		[56, 51],
		[98, 93],
		[99, 94],
		[100, 95],
		[101, 95],
		[116, 110],
		[117, 111],
		[130, 123],
		[137, 130],
		[138, 131],
		[400, 380],
	])("keeps, of %i km/h measured, %i", (measured, retained) => expect(retainedSpeed("FR", "fixed", measured)).toBe(retained));

	it.each(fixedPosts)("also applies to a %s radar", (kind) => {
		for (let measured = 1; measured <= 400; measured++)
			expect(retainedSpeed("FR", kind, measured)).toBe(retainedSpeed("FR", "fixed", measured));
	});
});

describe("the tolerance of a French radar in a moving vehicle", () => {
	it.each([
		[61, 51],
		[99, 89],
		[100, 90],
		[101, 90],
		[111, 99],
		[112, 100],
		[124, 111],
		[146, 131],
		[400, 360],
	])("keeps, of %i km/h measured, %i", (measured, retained) => expect(retainedSpeed("FR", "mobile", measured)).toBe(retained));
});

describe("the tolerance of a Moroccan radar", () => {
	it.each([
		[8, 1],
		[67, 60],
		[68, 61],
		[69, 62],
		[70, 63],
		[71, 63],
		[72, 64],
		[80, 72],
		[89, 80],
		[90, 81],
		[99, 89],
		[100, 90],
		[134, 120],
		[135, 121],
		[400, 360],
	])("keeps, of %i km/h measured, %i", (measured, retained) => expect(retainedSpeed("MA", "fixed", measured)).toBe(retained));

	it("does not depend on the kind of radar", () => {
		for (const kind of radarKinds)
			for (let measured = 1; measured <= 400; measured++)
				expect(retainedSpeed("MA", kind, measured)).toBe(retainedSpeed("MA", "fixed", measured));
	});
});

describe("the tolerance anywhere", () => {
	it.each([
		["FR", "fixed", 5],
		["FR", "mobile", 10],
		["MA", "fixed", 7],
	] as const)("in %s keeps nothing of what a %s radar measures up to %i km/h", (jurisdiction, kind, margin) => {
		for (let measured = 0; measured <= margin; measured++) expect(retainedSpeed(jurisdiction, kind, measured)).toBe(0);
		expect(retainedSpeed(jurisdiction, kind, margin + 1)).toBe(1);
	});

	it("keeps a whole number of km/h, never below 0 and never above the measured speed", () =>
		fc.assert(
			fc.property(jurisdiction, kind, speed, (jurisdiction, kind, measured) => {
				const retained = retainedSpeed(jurisdiction, kind, measured);
				expect(Number.isInteger(retained)).toBe(true);
				expect(retained).toBeGreaterThanOrEqual(0);
				expect(retained).toBeLessThanOrEqual(measured);
			}),
		));

	it("never keeps less of a higher speed", () =>
		fc.assert(
			fc.property(jurisdiction, kind, speed, (jurisdiction, kind, measured) =>
				expect(retainedSpeed(jurisdiction, kind, measured + 1)).toBeGreaterThanOrEqual(retainedSpeed(jurisdiction, kind, measured)),
			),
		));

	it("never subtracts less than the legal percentage, nor a whole km/h more", () => {
		for (const id of jurisdictionIds)
			for (const kind of radarKinds) {
				const { belowKmh, percent } = packs[id].tolerances[kind];
				for (let measured = belowKmh; measured <= 400; measured++) {
					const takenHundredths = (measured - retainedSpeed(id, kind, measured)) * 100 - measured * percent;
					expect(takenHundredths).toBeGreaterThanOrEqual(0);
					expect(takenHundredths).toBeLessThan(100);
				}
			}
	});

	it("rounds as the pack defines", () => {
		const tolerance = { ...packs.FR.tolerances.fixed, rounding: "up" } as const;
		expect([100, 101, 117, 120].map((measured) => retain(tolerance, measured))).toEqual([95, 96, 112, 114]);
	});
});
