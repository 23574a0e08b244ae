/**
 * Legal rules on tolerance, classes, amounts and points at their boundaries. The time zone of the machine differs on purpose, since legal
 * days are local to the country.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System } from "../../support/system.ts";
import { installed, judged, money, type Passage } from "../judged.ts";
import { amountsOf, detect, rowAfter } from "../scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start({ TZ: "Pacific/Auckland" })));
afterAll(() => system.dispose());

describe("the technical tolerance", () => {
	const fixed = [
		[55, 50],
		[56, 51],
		[99, 94],
		[100, 95],
		[101, 95],
		[116, 110],
		[117, 111],
		[130, 123],
		[137, 130],
		[138, 131],
		[400, 380],
	] as const;
	const mobile = [
		[61, 51],
		[99, 89],
		[100, 90],
		[111, 99],
		[112, 100],
		[124, 111],
		[146, 131],
	] as const;
	const morocco = [
		[67, 60],
		[70, 63],
		[71, 63],
		[72, 64],
		[99, 89],
		[100, 90],
		[111, 99],
	] as const;
	const table = [
		...["fixed", "discriminating", "section", "red-light", "level-crossing", "urban", "itinerary"].map(
			(kind) => [kind, "FR", fixed] as const,
		),
		["mobile", "FR", mobile] as const,
		["fixed", "MA", morocco] as const,
	];

	it.each(table)(
		"of a %s device in %s is subtracted from the measured speed, rounded in the driver's favor",
		async (kind, jurisdiction, values) => {
			const radar = await installed(system, { kind, jurisdiction, limits: { lightKmh: 30 } });
			const told = await judged(
				system,
				values.map(([speedKmh]) => ({ what: `${speedKmh}`, radar, speedKmh })),
				({ retainedKmh, limitKmh, excessKmh }) => `${retainedKmh} - ${limitKmh} = ${excessKmh}`,
			);
			expect(told).toEqual(values.map(([speed, retained]) => `${speed}: ${retained} - 30 = ${retained - 30}`));
		},
	);

	it.each([
		["fixed", 110, 116, 117],
		["fixed", 50, 55, 56],
		["fixed", 90, 95, 96],
		["fixed", 130, 137, 138],
		["mobile", 110, 123, 124],
		["mobile", 50, 60, 61],
		["mobile", 130, 145, 146],
	])("of a %s device at a limit of %i tolerates %i, but not %i", async (kind, lightKmh, passes, doesNot) => {
		const radar = await installed(system, { kind, limits: { lightKmh } });
		expect((await detect(system, { radar, speedKmh: passes })).body).toMatchObject({ outcome: "discarded", reason: "WITHIN_TOLERANCE" });
		const kept = await detect(system, { radar, speedKmh: doesNot });
		expect(await rowAfter(system, `/detections/${kept.body.id}`, kept)).toMatchObject({
			status: "qualified",
			limitKmh: lightKmh,
			retainedKmh: lightKmh + 1,
			excessKmh: 1,
		});
	});
});

describe("France's classes, amounts and points", () => {
	const third = "45/68/180/EUR";
	const fourth = "90/135/375/EUR";
	/** The regimes at their first and last instants, in UTC; a regime begins at midnight in Paris. */
	const regimes = [
		{ days: ["2010-07-14T10:00:00Z", "2023-12-31T22:59:59.999Z"], small: 1, worst: "5 no fixed amount 6" },
		{ days: ["2023-12-31T23:00:00Z", "2025-12-28T22:59:59.999Z"], small: 0, worst: "5 no fixed amount 6" },
		{ days: ["2025-12-28T23:00:00Z", "2026-06-01T00:00:00+02:00"], small: 0, worst: "délit 250/300/600/EUR 6" },
	];
	const measured = (retained: number): number => (retained + 5 < 100 ? retained + 5 : Math.ceil((retained * 100) / 95));

	it.each(regimes)("of the days $days", async ({ days, small, worst }) => {
		const bands = (limit: number): [number, string][] => {
			const minor = limit > 50 ? `3 ${third}` : `4 ${fourth}`;
			return [
				[1, `${minor} ${small}`],
				[4, `${minor} ${small}`],
				[5, `${minor} 1`],
				[19, `${minor} 1`],
				[20, `4 ${fourth} 2`],
				[29, `4 ${fourth} 2`],
				[30, `4 ${fourth} 3`],
				[39, `4 ${fourth} 3`],
				[40, `4 ${fourth} 4`],
				[49, `4 ${fourth} 4`],
				[50, worst],
				[51, worst],
				[150, worst],
			];
		};
		const expected: string[] = [];
		const passages: Passage[] = [];
		for (const limit of [30, 50, 51, 80, 130]) {
			const radar = await installed(system, { limits: { lightKmh: limit } });
			for (const [excess, told] of bands(limit)) {
				for (const capturedAt of days) {
					const what = `${limit}+${excess} on ${capturedAt}`;
					passages.push({ what, radar, speedKmh: measured(limit + excess), capturedAt });
					expected.push(`${what}: ${told}`);
				}
			}
		}
		expect(await judged(system, passages, (row) => `${row["class"]} ${money(row)} ${row["points"]}`)).toEqual(expected);
	});
});

describe("Morocco's amounts", () => {
	it("change at 20, 30 and 50 km/h, in dirhams, without points", async () => {
		const radar = await installed(system, { jurisdiction: "MA", limits: { lightKmh: 60 } });
		const measured = (retained: number): number => (retained <= 63 ? retained + 7 : Math.ceil((retained * 100) / 90));
		const bands: [number, string][] = [
			[1, "150/200/300/MAD"],
			[20, "150/200/300/MAD"],
			[21, "300/350/500/MAD"],
			[30, "300/350/500/MAD"],
			[31, "400/500/700/MAD"],
			[50, "400/500/700/MAD"],
			[51, "no fixed amount délit"],
			[120, "no fixed amount délit"],
		];
		const passages = bands.map(([excess]) => ({ what: `+${excess}`, radar, speedKmh: measured(60 + excess) }));
		const told = await judged(
			system,
			passages,
			(row) => `${money(row)}${row["class"] === "délit" ? " délit" : ""}${row["points"] ? ` ${row["points"]} points` : ""}`,
		);
		expect(told).toEqual(bands.map(([excess, say]) => `+${excess}: ${say}`));
	});

	it("follow the country of the radar, not of the plate, and the case names the jurisdiction", async () => {
		const [french, moroccan] = [await installed(system, {}), await installed(system, { jurisdiction: "MA" })];
		const told = await judged(
			system,
			[
				{ what: "in France", radar: french, speedKmh: 150, plate: "2315-A-14" },
				{ what: "in Morocco", radar: moroccan, speedKmh: 150 },
			],
			(row) => `${amountsOf(row)?.[3]} by ${row["pack"] ? "a pack" : "nothing"}`,
		);
		expect(told).toEqual(["in France: EUR by a pack", "in Morocco: MAD by a pack"]);
		const packs = (await system.rows(`/infractions?radar=${moroccan}`))
			.concat(await system.rows(`/infractions?radar=${french}`))
			.map(({ pack }) => JSON.stringify(pack));
		expect(new Set(packs).size).toBe(2);
	});
});
