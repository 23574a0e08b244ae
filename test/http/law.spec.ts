/** The law over HTTP: tolerance, classes, amounts and points at their boundaries, and what makes a passage evidence. The clock of the machine runs elsewhere on purpose. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, System, type Row } from "../support/system.ts";
import {
	ahead,
	amountsOf,
	answered,
	caughtUp,
	certificate,
	detect,
	expectProblem,
	infraction,
	noon,
	radarInService,
	rowAfter,
	shifted,
	since2000,
	site,
} from "./scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start({ TZ: "Pacific/Auckland" })));
afterAll(() => system.dispose());

let made = 0;
const unique = (prefix: string): string => `${prefix}-${++made}`;
const installed = async (given: Row): Promise<string> => {
	const id = unique("r");
	await radarInService(system, id, given);
	return id;
};

interface Passage {
	readonly what: string;
	readonly radar: string;
	readonly speedKmh: number;
	readonly capturedAt?: string;
	readonly vehicleClass?: string;
	readonly plate?: string;
}
/** Sends all passages in bulk and answers what each became, in the order given, once all of them are there. */
async function judged(passages: readonly Passage[], say: (row: Row) => string): Promise<string[]> {
	const sent = passages.map(({ what: _, ...passage }) => ({
		id: unique("d"),
		plate: "AA-123-AA",
		country: "FR",
		capturedAt: noon,
		...passage,
	}));
	expect(answered(200, await system.ndjson(sent)).body).toMatchObject({
		received: sent.length,
		recorded: sent.length,
		duplicates: 0,
		refused: 0,
	});
	await caughtUp(system);
	const rows = await eventually(async () => {
		const found = new Map((await system.rows("/infractions")).map((row) => [row.id, row]));
		if (!sent.every(({ id }) => found.has(id)))
			throw new Error(
				`missing: ${passages
					.filter((_, n) => !found.has(sent[n]?.id))
					.map(({ what }) => what)
					.join("; ")}`,
			);
		return found;
	}, 5_000);
	return passages.map(({ what }, n) => `${what}: ${say(rows.get(sent[n]?.id) ?? {})}`);
}
const money = (row: Row): string =>
	amountsOf(row)
		?.map((part) => (typeof part === "number" ? part / 100 : part))
		.join("/") ?? "no fixed amount";

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

	it.each(table)("of a %s device in %s is taken off the measured speed, in the driver's favour", async (kind, jurisdiction, values) => {
		const radar = await installed({ kind, jurisdiction, limits: { lightKmh: 30 } });
		const told = await judged(
			values.map(([speedKmh]) => ({ what: `${speedKmh}`, radar, speedKmh })),
			({ retainedKmh, limitKmh, excessKmh }) => `${retainedKmh} - ${limitKmh} = ${excessKmh}`,
		);
		expect(told).toEqual(values.map(([speed, retained]) => `${speed}: ${retained} - 30 = ${retained - 30}`));
	});

	it.each([
		["fixed", 110, 116, 117],
		["fixed", 50, 55, 56],
		["fixed", 90, 95, 96],
		["fixed", 130, 137, 138],
		["mobile", 110, 123, 124],
		["mobile", 50, 60, 61],
		["mobile", 130, 145, 146],
	])("of a %s device at a limit of %i lets %i pass, and not %i", async (kind, lightKmh, passes, doesNot) => {
		const radar = await installed({ kind, limits: { lightKmh } });
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
			const radar = await installed({ limits: { lightKmh: limit } });
			for (const [excess, told] of bands(limit)) {
				for (const capturedAt of days) {
					const what = `${limit}+${excess} on ${capturedAt}`;
					passages.push({ what, radar, speedKmh: measured(limit + excess), capturedAt });
					expected.push(`${what}: ${told}`);
				}
			}
		}
		expect(await judged(passages, (row) => `${row["class"]} ${money(row)} ${row["points"]}`)).toEqual(expected);
	});
});

describe("Morocco's amounts", () => {
	it("change at 20, 30 and 50 km/h, in dirhams, without points", async () => {
		const radar = await installed({ jurisdiction: "MA", limits: { lightKmh: 60 } });
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
			passages,
			(row) => `${money(row)}${row["class"] === "délit" ? " délit" : ""}${row["points"] ? ` ${row["points"]} points` : ""}`,
		);
		expect(told).toEqual(bands.map(([excess, say]) => `+${excess}: ${say}`));
	});

	it("follow the radar's country, not the plate's, and the case says whose law it was judged by", async () => {
		const [french, moroccan] = [await installed({}), await installed({ jurisdiction: "MA" })];
		const told = await judged(
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

describe("the limit", () => {
	it("of heavy vehicles is their own where there is one, else the light one", async () => {
		const [both, light] = [await installed({ limits: { lightKmh: 110, heavyKmh: 90 } }), await installed({ limits: { lightKmh: 110 } })];
		const told = await judged(
			[
				{ what: "both, light", radar: both, speedKmh: 120 },
				{ what: "both, heavy", radar: both, speedKmh: 120, vehicleClass: "heavy" },
				{ what: "light only, heavy", radar: light, speedKmh: 120, vehicleClass: "heavy" },
				{ what: "both, said to be light", radar: both, speedKmh: 120, vehicleClass: "light" },
			],
			({ limitKmh, excessKmh }) => `${limitKmh}+${excessKmh}`,
		);
		expect(told).toEqual(["both, light: 110+4", "both, heavy: 90+24", "light only, heavy: 110+4", "both, said to be light: 110+4"]);
	});

	it("is the one that held at the instant of capture, and the site too, in whatever order they were recorded", async () => {
		const radar = await installed({ limits: { lightKmh: 130 }, road: "A1" });
		for (const [days, lightKmh] of [
			[20, 70],
			[10, 90],
		] as const)
			answered(200, await system.post(`/radars/${radar}/change-limits`, { lightKmh, from: shifted(noon, days * 86_400_000) }));
		answered(
			200,
			await system.post(`/radars/${radar}/relocate`, { latitude: 43.5, longitude: 5.4, road: "A8", from: shifted(noon, 15 * 86_400_000) }),
		);
		const passages = [-1, 10, 20].flatMap((days) =>
			[-1, 0].map((ms) => ({ what: `${days} d ${ms} ms`, radar, speedKmh: 200, capturedAt: shifted(noon, days * 86_400_000 + ms) })),
		);
		const told = await judged(
			passages,
			({ limitKmh, site: where }) => `${limitKmh} on ${(where as Row)["road"]} at ${(where as Row)["latitude"]}`,
		);
		expect(told).toEqual([
			"-1 d -1 ms: 130 on A1 at 48.8566",
			"-1 d 0 ms: 130 on A1 at 48.8566",
			"10 d -1 ms: 130 on A1 at 48.8566",
			"10 d 0 ms: 90 on A1 at 48.8566",
			"20 d -1 ms: 90 on A8 at 43.5",
			"20 d 0 ms: 70 on A8 at 43.5",
		]);
	});

	it("that is not known makes a passage no evidence", async () => {
		const [none, heavyOnly, later] = [
			await installed({ limits: undefined }),
			await installed({ limits: { heavyKmh: 80 } }),
			await installed({ from: noon }),
		];
		for (const given of [
			{ radar: none },
			{ radar: none, vehicleClass: "heavy" },
			{ radar: heavyOnly },
			{ radar: later, capturedAt: shifted(noon, -1) },
		]) {
			expect((await detect(system, given)).body).toMatchObject({ outcome: "discarded", reason: "NO_LIMIT" });
		}
		for (const given of [
			{ radar: heavyOnly, vehicleClass: "heavy" },
			{ radar: later, capturedAt: noon },
		])
			expect((await detect(system, given)).body["outcome"]).toBe("qualified");
	});
});

describe("a passage is evidence", () => {
	const outcome = async (radar: string, capturedAt: string, speedKmh = 150): Promise<unknown> => {
		const { body } = await detect(system, { radar, capturedAt, speedKmh });
		return body["reason"] ?? body["outcome"];
	};

	it("only while the radar was in service: from the instant it starts, up to the instant it stops", async () => {
		const radar = unique("r");
		answered(201, await system.post("/radars", { id: radar, ...site }));
		answered(200, await system.post(`/radars/${radar}/calibrate`, certificate));
		expect(await outcome(radar, noon)).toBe("RADAR_NOT_IN_SERVICE");
		answered(200, await system.post(`/radars/${radar}/activate`, { from: noon }));
		answered(200, await system.post(`/radars/${radar}/deactivate`, { reason: "works", from: shifted(noon, 10_000) }));
		answered(200, await system.post(`/radars/${radar}/activate`, { from: shifted(noon, 20_000) }));
		expect(await Promise.all([-1, 0, 9_999, 10_000, 19_999, 20_000].map((ms) => outcome(radar, shifted(noon, ms))))).toEqual([
			"RADAR_NOT_IN_SERVICE",
			"qualified",
			"qualified",
			"RADAR_NOT_IN_SERVICE",
			"RADAR_NOT_IN_SERVICE",
			"qualified",
		]);
		answered(200, await system.post(`/radars/${radar}/retire`, {}));
		expect(await outcome(radar, shifted(noon, 30_000))).toBe("qualified");
		expect(await outcome(radar, ahead(60_000))).toBe("RADAR_NOT_IN_SERVICE");
	});

	it("only under a certificate: its first instant is inside, its last is not", async () => {
		const radar = unique("r");
		answered(201, await system.post("/radars", { id: radar, ...site }));
		answered(200, await system.post(`/radars/${radar}/activate`, { from: since2000 }));
		expect(await outcome(radar, noon)).toBe("CERTIFICATE_NOT_VALID");
		for (const [start, end] of [
			[20_000, 30_000],
			[0, 10_000],
		] as const) {
			answered(
				200,
				await system.post(`/radars/${radar}/calibrate`, {
					number: `LNE-${start}`,
					validFrom: shifted(noon, start),
					validUntil: shifted(noon, end),
				}),
			);
		}
		expect(
			await Promise.all([-1, 0, 9_999, 10_000, 19_999, 20_000, 29_999, 30_000].map((ms) => outcome(radar, shifted(noon, ms)))),
		).toEqual([-1, 0, 0, -1, -1, 0, 0, -1].map((inside) => (inside ? "CERTIFICATE_NOT_VALID" : "qualified")));
	});

	it("or is discarded for the first reason that applies", async () => {
		const radar = unique("r");
		const slow = (): Promise<unknown> => outcome(radar, noon, 40);
		answered(201, await system.post("/radars", { id: radar, ...site, limits: undefined }));
		expect(await slow()).toBe("RADAR_NOT_IN_SERVICE");
		answered(200, await system.post(`/radars/${radar}/activate`, { from: since2000 }));
		expect(await slow()).toBe("CERTIFICATE_NOT_VALID");
		answered(200, await system.post(`/radars/${radar}/calibrate`, certificate));
		expect(await slow()).toBe("NO_LIMIT");
		answered(200, await system.post(`/radars/${radar}/change-limits`, { lightKmh: 50, from: since2000 }));
		expect(await slow()).toBe("WITHIN_TOLERANCE");
	});

	it("even when the radar's clock is five minutes ahead, and is refused beyond", async () => {
		const radar = await installed({});
		expect(await outcome(radar, ahead(290_000))).toBe("qualified");
		expectProblem(
			await system.post("/detections", { radar, plate: "AA-123-AA", country: "FR", speedKmh: 150, capturedAt: ahead(320_000) }),
			409,
			"CAPTURED_IN_THE_FUTURE",
		);
	});

	it.each(["A?-12#-??", "É-1", "SS-123-AA", "x".repeat(200)])("even with the plate read as %j, which names nobody", async (plate) => {
		const { body } = await detect(system, { radar: await installed({}), plate });
		expect(await infraction(system, body.id)).toMatchObject({ plate, holder: null, status: "unidentified" });
	});
});
