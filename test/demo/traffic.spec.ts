/** Traffic - the demo's day: the same for the same seed, like the published figures, and never in the future. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { type Arrival, arrivals, type Passage, startOfDayBefore } from "../../demo/traffic.ts";
import { type World, worldOf } from "../../demo/world.ts";
import { readPlate, retainedSpeed } from "../../jurisdictions/index.ts";

const radarFile = readFileSync(fileURLToPath(new URL("../../demo/radars.csv", import.meta.url).href));
const world = worldOf(radarFile, { seed: 1 });
const now = new Date("2026-03-02T07:45:12.345Z");
const detections = 20_000;
const day = [...arrivals(world, { seed: 1, detections, now })];
const passagesOf = (list: readonly Arrival[]): Passage[] =>
	list.flatMap((arrival) => (arrival.type === "passage" ? [arrival.passage] : []));
const passages = passagesOf(day);
const once = [...new Map(passages.map((passage) => [passage.id, passage])).values()];
const sales = day.flatMap((arrival) => (arrival.type === "sale" ? [arrival.sale] : []));

/** Retained excess in km/h; null if it is not an offence, undefined without a working radar or a limit. */
function excessOf({ radar, vehicleClass, speedKmh }: Passage, { sites, uncalibrated, outOfService }: World): number | null | undefined {
	const site = sites.find(({ id }) => id === radar);
	const limit = (vehicleClass === "heavy" ? site?.heavyKmh : null) ?? site?.lightKmh;
	if (limit === null || limit === undefined || radar === uncalibrated || radar === outOfService) return undefined;
	const excess = retainedSpeed("FR", "fixed", speedKmh) - limit;
	return excess > 0 ? excess : null;
}
const excesses = once.map((passage) => excessOf(passage, world));
const cases = excesses.filter((excess) => typeof excess === "number");
const share = (part: number, whole: number): number => (100 * part) / whole;
const sharePer = (test: (passage: Passage) => boolean): number => share(once.filter(test).length, once.length);

describe("a day of traffic", () => {
	it("is the same for the same seed", () => {
		expect([...arrivals(world, { seed: 1, detections: 2_000, now })]).toEqual([...arrivals(world, { seed: 1, detections: 2_000, now })]);
	});

	it("differs for another seed", () => {
		const ids = new Set(passagesOf([...arrivals(world, { seed: 2, detections: 2_000, now })]).map(({ id }) => id));
		expect(once.filter(({ id }) => ids.has(id))).toEqual([]);
	});

	it("has exactly the requested number of different passages", () => {
		expect(once).toHaveLength(detections);
		for (const few of [1, 2, 7])
			expect(new Set(passagesOf([...arrivals(world, { seed: 1, detections: few, now })]).map(({ id }) => id)).size).toBe(few);
	});

	it("gives the same id only to the same passage", () => {
		const byId = new Map(once.map((passage) => [passage.id, passage]));
		for (const passage of passages) expect(passage).toEqual(byId.get(passage.id));
	});

	it("is the previous day, from midnight to midnight", () => {
		const instants = once.map(({ capturedAt }) => capturedAt).toSorted();
		expect(instants[0]?.slice(0, 10)).toBe("2026-03-01");
		expect(instants.at(-1)?.slice(0, 10)).toBe("2026-03-01");
		for (const { from } of sales) expect(from.slice(0, 10)).toBe("2026-03-01");
	});

	it.each(["2026-03-02T00:00:00.000Z", "2026-03-02T00:00:00.001Z", "2026-03-02T23:59:59.999Z"])(
		"is never in the future of a clock at %s",
		(clock) => {
			expect(new Date(startOfDayBefore(new Date(clock))).toISOString()).toBe("2026-03-01T00:00:00.000Z");
			for (const { capturedAt } of passagesOf([...arrivals(world, { seed: 3, detections: 500, now: new Date(clock) })]))
				expect(capturedAt < clock).toBe(true);
		},
	);

	it("consists of passages that the interface accepts", () => {
		const sites = new Set(world.sites.map(({ id }) => id));
		for (const { id, radar, plate, country, vehicleClass, speedKmh, capturedAt, ...rest } of once) {
			expect(id).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
			expect(sites.has(radar)).toBe(true);
			expect(plate).toMatch(/^[\x20-\x7e]{2,15}$/);
			expect(country).toMatch(/^[A-Z]{2}$/);
			expect([undefined, "heavy"]).toContain(vehicleClass);
			expect(Number.isInteger(speedKmh) && speedKmh >= 1 && speedKmh <= 400).toBe(true);
			expect(new Date(capturedAt).toISOString()).toBe(capturedAt);
			expect(rest).toEqual({});
		}
	});

	it("peaks in the morning and higher in the evening, and is low at night", () => {
		const perHour = Array.from(
			{ length: 24 },
			(_, hour) => once.filter(({ capturedAt }) => Number(capturedAt.slice(11, 13)) === hour).length,
		);
		const [night = 0, morning = 0, noon = 0, evening = 0] = [2, 8, 11, 17].map((hour) => perHour[hour]);
		expect(morning).toBeGreaterThan(1.3 * noon);
		expect(evening).toBeGreaterThan(1.05 * morning);
		expect(night).toBeLessThan(noon / 4);
		expect(Math.min(...perHour)).toBeGreaterThan(0);
	});

	it("is busy at a few radars and quiet at most, but reaches all of them", () => {
		const perRadar = world.sites.map(({ id }) => once.filter(({ radar }) => radar === id).length).toSorted((a, b) => b - a);
		expect(
			share(
				perRadar.slice(0, 5).reduce((sum, number) => sum + number, 0),
				detections,
			),
		).toBeGreaterThan(30);
		expect(perRadar.at(-1)).toBeGreaterThan(0);
	});
});

describe("the flashes of a day", () => {
	it("become cases in two thirds of all passages", () => {
		const part = share(cases.length, once.length);
		expect(part).toBeGreaterThan(65.5);
		expect(part).toBeLessThan(68.5);
	});

	it("are for less than 5 km/h in 58 of 100 cases, and above 20 in 6", () => {
		const below5 = share(cases.filter((excess) => excess < 5).length, cases.length);
		const above20 = share(cases.filter((excess) => excess > 20).length, cases.length);
		expect([below5 > 56, below5 < 60, above20 > 5, above20 < 7]).toEqual([true, true, true, true]);
		expect(Math.max(...cases)).toBeGreaterThanOrEqual(50);
	});

	it("are above the limit even within the tolerance", () => {
		for (const passage of once) {
			const site = world.sites.find(({ id }) => id === passage.radar);
			const limit = (passage.vehicleClass === "heavy" ? site?.heavyKmh : null) ?? site?.lightKmh ?? 0;
			expect(passage.speedKmh).toBeGreaterThan(limit);
		}
	});

	it("also come from each kind of radar without evidence", () => {
		expect(sharePer(({ radar }) => radar === world.uncalibrated)).toBeGreaterThan(0.5);
		expect(sharePer(({ radar }) => radar === world.outOfService)).toBeGreaterThan(0.5);
		const withoutLimit = new Set(world.sites.filter(({ lightKmh }) => lightKmh === null).map(({ id }) => id));
		expect(sharePer(({ radar }) => withoutLimit.has(radar))).toBeGreaterThan(1);
		expect(excesses.filter((excess) => excess === null).length).toBeGreaterThan(detections / 5);
	});
});

describe("the irregularities of a day", () => {
	const idOf = ({ country, plate }: Passage): string => `${country}-${readPlate(country, plate).plate}`;
	const registered = new Set(world.vehicles.map(({ id }) => id));

	it("include one passage in a hundred that arrives twice", () => {
		const twice = share(passages.length - once.length, once.length);
		expect(twice).toBeGreaterThan(0.7);
		expect(twice).toBeLessThan(1.3);
	});

	it("include three in a hundred that arrive late, after later captures", () => {
		const late = share(day.filter((arrival) => arrival.type === "passage" && arrival.how === "late").length, once.length);
		expect(late).toBeGreaterThan(2.5);
		expect(late).toBeLessThan(3.5);
		let latest = "";
		let overtaken = 0;
		for (const { capturedAt } of passages) {
			if (capturedAt < latest) overtaken++;
			else latest = capturedAt;
		}
		expect(share(overtaken, once.length)).toBeGreaterThan(2.5);
	});

	it("include four unregistered plates in a hundred, some of them invalid", () => {
		const unknown = sharePer((passage) => !registered.has(idOf(passage)));
		expect(unknown).toBeGreaterThan(3.4);
		expect(unknown).toBeLessThan(4.6);
		const misread = once.filter(({ country, plate }) => !readPlate(country, plate).wellFormed);
		expect(misread.length).toBeGreaterThan(20);
		expect(misread.filter((passage) => registered.has(idOf(passage)))).toEqual([]);
	});

	it("include plates of registered vehicles without capitals or hyphens", () => {
		const careless = sharePer(
			(passage) => registered.has(idOf(passage)) && readPlate(passage.country, passage.plate).plate !== passage.plate,
		);
		expect(careless).toBeGreaterThan(6);
		expect(careless).toBeLessThan(9);
	});
});

describe("the sales of a day", () => {
	it("transfer a vehicle to another owner, at most once a day", () => {
		expect(sales).toHaveLength(world.vehicles.length / 20);
		expect(new Set(sales.map(({ vehicle }) => vehicle)).size).toBe(sales.length);
		const owners = new Set(world.owners.map(({ id }) => id));
		for (const { vehicle, seller, buyer } of sales) {
			expect(world.vehicles.find(({ id }) => id === vehicle)?.owner).toBe(seller);
			expect(owners.has(buyer) && buyer !== seller).toBe(true);
		}
	});

	it("are reported at once or, every second one, after passages that they affect", () => {
		const late = sales.filter((sale) => sale.late);
		expect(late).toHaveLength(sales.length / 2);
		for (const sale of sales) {
			const place = day.findIndex((arrival) => arrival.type === "sale" && arrival.sale === sale);
			const minuteAfter = new Date(Date.parse(sale.from) + 60_000).toISOString();
			const overtaken = day
				.slice(0, place)
				.filter((arrival) => arrival.type === "passage" && arrival.passage.capturedAt >= minuteAfter).length;
			if (sale.late) expect(overtaken).toBeGreaterThan(100);
			else expect(overtaken).toBe(0);
		}
	});
});
