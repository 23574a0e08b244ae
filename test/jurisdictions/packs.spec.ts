/** Packs - the packs as data: complete, sorted, with sources, and correct about the instant at which a law comes into force. */
import { describe, expect, it } from "@jest/globals";
import { readFileSync, readdirSync } from "node:fs";
import { jurisdictionIds, packs, radarKinds, readPlate } from "../../jurisdictions/index.ts";
import type { Pack } from "../../jurisdictions/index.ts";
import { localMidnight } from "../../jurisdictions/local-midnight.ts";

type Regime = Pack["regimes"][number];
type Range = Regime["bands"][number]["limitKmh"];

const within = ({ from, to }: Range, value: number): boolean => from <= value && value <= (to ?? Number.POSITIVE_INFINITY);
const bandsOf = (regime: Regime, excess: number, limit: number): number =>
	regime.bands.filter(({ excessKmh, limitKmh }) => within(excessKmh, excess) && within(limitKmh, limit)).length;
const regimes = jurisdictionIds.flatMap((id) => packs[id].regimes.map((regime): [string, Regime] => [`${id}@${regime.begins}`, regime]));

describe.each(regimes)("the regime %s", (_version, regime) => {
	it("has exactly one band for every excess over every limit", () => {
		const misjudged: string[] = [];
		for (let excess = 1; excess <= 400; excess++)
			for (let limit = 0; limit <= 400; limit++) if (bandsOf(regime, excess, limit) !== 1) misjudged.push(`${excess} over ${limit}`);
		expect(misjudged).toEqual([]);
	});

	it("has no band without an excess", () => expect(bandsOf(regime, 0, 90)).toBe(0));
});

describe.each(jurisdictionIds)("the pack %s", (id) => {
	const pack = packs[id];

	it("has its own id", () => expect(pack.id).toBe(id));

	it("lists its regimes by their first day, each day once", () => {
		const begins = pack.regimes.map((regime) => regime.begins);
		expect(begins).toEqual([...new Set(begins)].toSorted());
		for (const day of begins) expect(day).toMatch(/^\d{4}-\d{2}-\d{2}$/);
	});

	it("has a tolerance for every kind of radar and for no other", () =>
		expect(Object.keys(pack.tolerances).toSorted()).toEqual([...radarKinds].toSorted()));

	it("names the source of every rule", () => {
		const rules = [...pack.regimes, ...Object.values(pack.tolerances), ...pack.plates];
		expect(rules.filter((rule) => rule.source.length < 20)).toEqual([]);
	});

	it("has amounts in whole minor units of its own currency", () => {
		for (const { amounts } of pack.regimes.flatMap((regime) => regime.bands)) {
			if (amounts === null) continue;
			expect(amounts.currency).toBe(pack.currency);
			expect([amounts.reducedMinor, amounts.standardMinor, amounts.increasedMinor].every(Number.isSafeInteger)).toBe(true);
		}
	});

	it.each(pack.plates)("gives a normalized example of the $name plate", ({ example }) =>
		expect(readPlate(id, example)).toEqual({ plate: example, wellFormed: true }),
	);
});

describe("local midnight", () => {
	it.each([
		["2024-01-01", "Europe/Paris", "2023-12-31T23:00:00.000Z"],
		["2025-12-29", "Europe/Paris", "2025-12-28T23:00:00.000Z"],
		["2024-07-14", "Europe/Paris", "2024-07-13T22:00:00.000Z"],
		["2024-03-31", "Europe/Paris", "2024-03-30T23:00:00.000Z"],
		["2024-04-01", "Europe/Paris", "2024-03-31T22:00:00.000Z"],
		["2024-10-27", "Europe/Paris", "2024-10-26T22:00:00.000Z"],
		["2024-10-28", "Europe/Paris", "2024-10-27T23:00:00.000Z"],
		["2010-10-01", "Africa/Casablanca", "2010-10-01T00:00:00.000Z"],
		["2025-01-01", "Africa/Casablanca", "2024-12-31T23:00:00.000Z"],
		["2025-02-23", "Africa/Casablanca", "2025-02-22T23:00:00.000Z"],
		["2025-02-24", "Africa/Casablanca", "2025-02-24T00:00:00.000Z"],
		["2024-02-29", "UTC", "2024-02-29T00:00:00.000Z"],
		["2024-01-01", "Pacific/Kiritimati", "2023-12-31T10:00:00.000Z"],
		["2024-01-01", "Pacific/Pago_Pago", "2024-01-01T11:00:00.000Z"],
		["2024-01-01", "Asia/Kathmandu", "2023-12-31T18:15:00.000Z"],
	])("of %s in %s is %s", (date, zone, instant) => expect(localMidnight(date, zone)).toBe(instant));

	it("is an hour late on the day whose clocks go forward at midnight", () =>
		expect(localMidnight("2018-11-04", "America/Sao_Paulo")).toBe("2018-11-04T03:00:00.000Z"));

	it("is the first of the two on the day whose clocks go back to midnight", () =>
		expect(localMidnight("2024-11-03", "America/Havana")).toBe("2024-11-03T04:00:00.000Z"));

	it.each(["2025-02-29", "2025-13-01", "2025-12-29T00:00", "29/12/2025", ""])("of %j is refused", (date) =>
		expect(() => localMidnight(date, "Europe/Paris")).toThrow(RangeError),
	);

	it("of an unknown zone is refused", () => expect(() => localMidnight("2025-12-29", "Europe/Lutece")).toThrow(RangeError));
});

describe("the law", () => {
	const folder = new URL("../../jurisdictions/", import.meta.url);
	const sources = readdirSync(folder).map((file): [string, string] => [file, readFileSync(new URL(file, folder), "utf8")]);

	it.each(sources)("in %s is pure: without clock, random numbers or anything outside its folder", (_file, source) => {
		const imports = [...source.matchAll(/from "([^"]+)"/g)].map(([, specifier]) => specifier);
		expect(imports.filter((specifier) => !specifier?.startsWith("./"))).toEqual([]);
		expect(source).not.toMatch(/Date\.now|new Date\(\)|Math\.random|process\.|import\(/);
	});
});
