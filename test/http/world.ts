/**
 * World - a small random world, and an independent judge that computes the result of every passage. The judge sees all facts at once, so a
 * result that depends on the order of arrival differs from it.
 */
import { Dice } from "./random.ts";
import { plate } from "./scenery.ts";

export type Step = readonly [path: string, body: Readonly<{ [field: string]: unknown }>];
interface Dated<T> {
	readonly from: string;
	readonly value: T;
}
interface Limits {
	readonly lightKmh: number;
	readonly heavyKmh?: number;
}
interface Site {
	readonly latitude: number;
	readonly longitude: number;
	readonly road: string;
}
interface Radar {
	readonly id: string;
	readonly kind: string;
	readonly jurisdiction: "FR" | "MA";
	readonly limits: readonly Dated<Limits>[];
	readonly service: readonly Dated<boolean>[];
	readonly certificates: readonly { readonly validFrom: string; readonly validUntil: string }[];
	readonly sites: readonly Dated<Site>[];
	readonly retires: boolean;
}
interface Vehicle {
	readonly country: string;
	readonly plate: string;
	readonly holders: readonly Dated<string | null>[];
}
export interface Passage {
	readonly id: string;
	readonly radar: string;
	readonly plate: string;
	readonly country: string;
	readonly vehicleClass?: "light" | "heavy";
	readonly speedKmh: number;
	readonly capturedAt: string;
}
export interface World {
	/** Radars and owners: each list in its own order, lists in any order. */
	readonly first: readonly (readonly Step[])[];
	/** Vehicles: each list in its own order, lists in any order, before, between and after the passages. */
	readonly then: readonly (readonly Step[])[];
	readonly passages: readonly Passage[];
	readonly expected: ReadonlyMap<string, Verdict>;
}
/** The result of a passage: the reason it is no evidence, or the case. */
export type Verdict = string | Readonly<{ [field: string]: unknown }>;

const always = "0000-01-01T00:00:00Z";
const [low, high] = ["2023-06-01T00:00:00Z", "2026-09-01T00:00:00Z"];
const regimes = ["2023-12-31T23:00:00.000Z", "2025-12-28T23:00:00.000Z"];

/** The latest record that began at or before the instant. */
function heldAt<T>(records: readonly Dated<T>[], at: string): T | undefined {
	const begun = records.filter(({ from }) => Date.parse(from) <= Date.parse(at));
	return begun.sort((one, other) => Date.parse(one.from) - Date.parse(other.from)).at(-1)?.value;
}

const timeline = <T>(dice: Dice, count: number, value: (n: number) => T): Dated<T>[] =>
	dice.instants(count, low, high).map((from, n) => ({ from, value: value(n) }));

function drawRadar(dice: Dice, id: string): Radar {
	const heavyToo = dice.chance(0.4);
	const limits = (): Limits => ({
		lightKmh: dice.pick([30, 50, 70, 80, 90, 110, 130]),
		...(heavyToo && { heavyKmh: dice.pick([30, 50, 80, 90]) }),
	});
	const where = (n: number): Site => ({
		latitude: dice.int(-9_000, 9_000) / 100,
		longitude: dice.int(-18_000, 18_000) / 100,
		road: `D${n}`,
	});
	const starts = dice.instants(dice.int(1, 3), low, high);
	const ends = dice.instants(starts.length, low, "2027-06-01T00:00:00Z");
	return {
		id,
		kind: dice.pick(["fixed", "discriminating", "section", "red-light", "level-crossing", "urban", "mobile", "mobile", "itinerary"]),
		jurisdiction: dice.chance(0.8) ? "FR" : "MA",
		limits: [...(dice.chance(0.85) ? [{ from: always, value: limits() }] : []), ...timeline(dice, dice.int(0, 4), limits)],
		service: [{ from: "2001-01-01T00:00:00Z", value: dice.chance(0.85) }, ...timeline(dice, dice.int(0, 5), () => dice.chance(0.7))],
		certificates: dice.chance(0.5)
			? [{ validFrom: "2001-01-01T00:00:00Z", validUntil: "2099-01-01T00:00:00Z" }]
			: starts.map((validFrom, n) => ({ validFrom, validUntil: later(validFrom, ends[n]) })),
		sites: [{ from: always, value: where(0) }, ...timeline(dice, dice.int(0, 2), where)],
		retires: dice.chance(0.2),
	};
}

/** Certificates that start later also end later, so that "the latest" and "any that covers" are the same. */
const later = (from: string, end: string | undefined): string =>
	new Date(Math.max(Date.parse(from) + 1, Date.parse(end ?? from))).toISOString();

function radarSteps(dice: Dice, { id, kind, jurisdiction, limits, service, certificates, sites, retires }: Radar): Step[] {
	const given = heldAt(limits, always);
	const changes: Step[] = [
		...limits.filter(({ from }) => from !== always).map(({ from, value }): Step => [`/radars/${id}/change-limits`, { ...value, from }]),
		...service.map(({ from, value }): Step =>
			value ? [`/radars/${id}/activate`, { from }] : [`/radars/${id}/deactivate`, { reason: "works", from }],
		),
		...certificates.map((certificate, n): Step => [`/radars/${id}/calibrate`, { number: `C${n}`, ...certificate }]),
		...sites.filter(({ from }) => from !== always).map(({ from, value }): Step => [`/radars/${id}/relocate`, { ...value, from }]),
	];
	const end: Step[] = retires ? [[`/radars/${id}/retire`, {}]] : [];
	return [
		["/radars", { id, kind, jurisdiction, ...heldAt(sites, always), ...(given && { limits: given }) }],
		...dice.shuffle(changes),
		...end,
	];
}

function drawVehicle(dice: Dice, n: number, owners: readonly string[]): Vehicle {
	const { country, plate: written } = dice.pick([
		{ country: "FR", plate: plate(n) },
		{ country: "FR", plate: plate(n) },
		{ country: "IT", plate: plate(n) },
		{ country: "FR", plate: `${100 + n} ABC 45` },
		{ country: "MA", plate: `${1000 + n}-A-14` },
		{ country: "DE", plate: `B XY ${1000 + n}` },
	]);
	const few = dice.shuffle(owners).slice(0, 3); // few, so that a vehicle may return to an earlier owner
	const [first = low, ...more] = dice.instants(dice.int(1, 5), low, high);
	return {
		country,
		plate: written,
		holders: [
			{ from: dice.chance(0.7) ? always : first, value: dice.pick(few) },
			...more.map((from) => ({ from, value: dice.pick(few) })),
			...dropped(dice, few),
		],
	};
}

/** Deregistered after all sales, and possibly registered again. */
function dropped(dice: Dice, owners: readonly string[]): Dated<string | null>[] {
	const [off = high, again = high] = dice.instants(2, high, "2026-10-15T00:00:00Z");
	if (dice.chance(0.7)) return [];
	return [{ from: off, value: null }, ...(dice.chance(0.5) ? [{ from: again, value: dice.pick(owners) }] : [])];
}

function vehicleSteps(dice: Dice, { country, plate: written, holders }: Vehicle): Step[] {
	const id = encodeURIComponent(`${country}-${written}`);
	const about = { country, plate: written, type: "car", brand: "Renault", model: "Clio", fiscalPower: 5 };
	const dated = ({ from }: Dated<unknown>): { from?: string } => (from === always ? {} : { from });
	const register = (record: Dated<string | null>): Step => ["/vehicles", { ...about, owner: record.value, ...dated(record) }];
	const gap = holders.findIndex(({ value }) => value === null);
	const held = gap < 0 ? holders : holders.slice(0, gap);
	return [
		...held.slice(0, 1).map(register),
		...dice.shuffle(held.slice(1)).map((record): Step => [`/vehicles/${id}/transfer`, { owner: record.value, from: record.from }]),
		...(gap < 0 ? [] : holders.slice(gap)).map((record): Step =>
			record.value === null ? [`/vehicles/${id}/deregister`, { from: record.from }] : register(record),
		),
	];
}

function drawPassage(dice: Dice, id: string, radars: readonly Radar[], vehicles: readonly Vehicle[]): Passage {
	const [radar, vehicle] = [dice.pick(radars), dice.pick(vehicles)];
	const edges = [radar.limits, radar.service, radar.sites, vehicle.holders]
		.flat()
		.map(({ from }) => from)
		.concat(
			regimes,
			radar.certificates.flatMap(({ validFrom, validUntil }) => [validFrom, validUntil]),
		);
	const edge = dice.pick(edges.filter((from) => from > low && from < "2026-11-01"));
	const [anywhere = edge] = dice.instants(1, low, "2026-10-15T00:00:00Z");
	const who = dice.pick([
		vehicle,
		vehicle,
		vehicle,
		vehicle,
		vehicle,
		vehicle,
		{ country: "FR", plate: `ZZ-${dice.int(100, 999)}-ZZ` },
		{ country: "FR", plate: `#${dice.int(1, 9)}?` },
	]);
	return {
		id,
		radar: radar.id,
		country: who.country,
		plate: who.plate,
		...(dice.chance(0.5) && { vehicleClass: dice.pick(["light", "heavy"] as const) }),
		speedKmh: dice.chance(0.1) ? dice.int(1, 400) : dice.int(30, 200),
		capturedAt: dice.chance(0.5) ? anywhere : new Date(Date.parse(edge) - (dice.chance(0.4) ? 1 : 0)).toISOString(),
	};
}

function france(excess: number, limit: number, at: string): readonly [unknown, unknown, number] {
	const [third, fourth] = [
		[4500, 6800, 18000, "EUR"],
		[9000, 13500, 37500, "EUR"],
	];
	const regime = regimes.filter((start) => Date.parse(at) >= Date.parse(start)).length;
	if (excess >= 50) return regime === 2 ? ["délit", [25000, 30000, 60000, "EUR"], 6] : [5, null, 6];
	if (excess >= 20) return [4, fourth, Math.floor(excess / 10)];
	const points = excess < 5 && regime > 0 ? 0 : 1;
	return limit > 50 ? [3, third, points] : [4, fourth, points];
}

/** The legal texts of Morocco that we have name no classes below the délit, so the judge has none. */
function morocco(excess: number): readonly [unknown, unknown, number] {
	if (excess > 50) return ["délit", null, 0];
	return [
		undefined,
		excess > 30 ? [40000, 50000, 70000, "MAD"] : excess > 20 ? [30000, 35000, 50000, "MAD"] : [15000, 20000, 30000, "MAD"],
		0,
	];
}

function retained({ kind, jurisdiction }: Radar, speed: number): number {
	if (jurisdiction === "MA") return speed <= 70 ? speed - 7 : Math.floor((speed * 90) / 100);
	if (kind === "mobile") return speed < 100 ? speed - 10 : Math.floor((speed * 90) / 100);
	return speed < 100 ? speed - 5 : Math.floor((speed * 95) / 100);
}

function judge(passage: Passage, radars: readonly Radar[], vehicles: readonly Vehicle[]): Verdict {
	const { capturedAt: at, speedKmh, vehicleClass } = passage;
	const radar = radars.find(({ id }) => id === passage.radar);
	if (!radar) throw new Error(`a passage at no radar: ${passage.radar}`);
	if (!heldAt(radar.service, at)) return "RADAR_NOT_IN_SERVICE";
	if (
		!radar.certificates.some(
			({ validFrom, validUntil }) => Date.parse(validFrom) <= Date.parse(at) && Date.parse(at) < Date.parse(validUntil),
		)
	)
		return "CERTIFICATE_NOT_VALID";
	const limits = heldAt(radar.limits, at);
	if (!limits) return "NO_LIMIT";
	const limit = vehicleClass === "heavy" ? (limits.heavyKmh ?? limits.lightKmh) : limits.lightKmh;
	const kept = retained(radar, speedKmh);
	if (kept <= limit) return "WITHIN_TOLERANCE";
	const [category, amounts, points] = radar.jurisdiction === "FR" ? france(kept - limit, limit, at) : morocco(kept - limit);
	const vehicle = vehicles.find(({ country, plate: written }) => country === passage.country && written === passage.plate);
	const holder = (vehicle && heldAt(vehicle.holders, at)) ?? null;
	return {
		id: passage.id,
		detection: passage.id,
		radar: radar.id,
		country: passage.country,
		plate: passage.plate,
		occurredAt: Date.parse(at),
		speedKmh,
		retainedKmh: kept,
		limitKmh: limit,
		excessKmh: kept - limit,
		...(category !== undefined && { class: category }),
		amounts,
		points,
		holder,
		status: holder === null ? "unidentified" : "open",
		site: heldAt(radar.sites, at),
	};
}

/** The world of a seed. `tag`: a prefix of its ids, so that a system may have several worlds; `order`: the seed of the order of changes. */
export function worldOf(seed: number, order: number, tag: string, firstPlate: number, size = 260): World {
	const dice = new Dice(seed);
	const told = new Dice(order);
	const some = <T>(count: number, draw: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => draw(n));
	const owners = some(6, (n) => `${tag}-o${n}`);
	const radars = some(7, (n) => drawRadar(dice, `${tag}-r${n}`));
	const vehicles = some(10, (n) => drawVehicle(dice, firstPlate + n, owners));
	const passages = some(size, (n) => drawPassage(dice, `${tag}-d${n}`, radars, vehicles));
	return {
		first: [
			...radars.map((radar) => radarSteps(told, radar)),
			...owners.map((id): Step[] => [["/owners", { id, kind: "person", name: `Owner ${id}`, email: "owner@example.org" }]]),
		],
		then: vehicles.map((vehicle) => vehicleSteps(told, vehicle)),
		passages,
		expected: new Map(passages.map((passage) => [passage.id, judge(passage, radars, vehicles)])),
	};
}
