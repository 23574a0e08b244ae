/**
 * Traffic - one day of passages and sales in their order of arrival: pure, and the same for the same seed. The distribution follows the
 * published figures: two thirds of the flashes become cases, most of them for a few km/h, very few above 20.
 */
import { retainedSpeed } from "../jurisdictions/index.ts";
import { carelesslyRead, foreignPlate, frenchPlate, misread, type Plate } from "./plates.ts";
import { byWeight, hash, type Random, seeded, shuffled } from "./random.ts";
import type { Site, Vehicle, World } from "./world.ts";

/** A passage as the radar sends it; instants are ISO-8601 in UTC. */
export interface Passage {
	readonly id: string;
	readonly radar: string;
	readonly plate: string;
	readonly country: string;
	readonly vehicleClass?: "heavy";
	readonly speedKmh: number;
	readonly capturedAt: string;
}
export interface Sale {
	readonly vehicle: string;
	readonly seller: string;
	readonly buyer: string;
	/** Instant from which the sale holds. */
	readonly from: string;
	/** Reported hours later, after passages that it affects. */
	readonly late: boolean;
}
export type Arrival =
	| { readonly type: "passage"; readonly passage: Passage; readonly how: "in time" | "late" | "again" }
	| { readonly type: "sale"; readonly sale: Sale };
export interface Day {
	readonly seed: number;
	/** Number of different passages; about a hundredth of them arrive twice. */
	readonly detections: number;
	/** The traffic is from the previous day (UTC), so that no capture is in the future. */
	readonly now: Date;
}

const DAY_MINUTES = 1440;
const DAY_MS = 86_400_000;
/** Shares of all passages. */
const LATE = 0.03;
const AGAIN = 0.01;
const UNKNOWN = 0.04;
const CARELESSLY_READ = 0.08;
const AT_SITES_WITHOUT_LIMIT = 0.02;
const AT_EACH_UNCOMMISSIONED_SITE = 0.01;
/** Share of a working radar's flashes; together with the discarded ones above, 67 % of all passages become cases. */
const BEYOND_TOLERANCE = 0.67 / (1 - AT_SITES_WITHOUT_LIMIT - 2 * AT_EACH_UNCOMMISSIONED_SITE);
const SOLD = 0.05;

/** Generates the day lazily: memory holds only the arrivals that are delayed, about a twentieth of the day. */
export function* arrivals(world: World, { seed, detections, now }: Day): Generator<Arrival> {
	const random = seeded(`day ${seed}`);
	const midnight = startOfDayBefore(now);
	const capture = camera(world, random, midnight);
	const later = new Map<number, Arrival[]>();
	const holdUntil = (minute: number, arrival: Arrival): void => void (later.get(minute)?.push(arrival) ?? later.set(minute, [arrival]));
	for (const { minute, sale } of salesOf(world, random, midnight)) holdUntil(minute, { type: "sale", sale });

	let passed = 0;
	for (let minute = 0; minute < DAY_MINUTES; minute++) {
		const until = Math.round(detections * shareOfDayUpTo(minute));
		const captured = Array.from({ length: until - passed }, () => capture(minute)).toSorted((a, b) =>
			a.capturedAt < b.capturedAt ? -1 : 1,
		);
		passed = until;
		for (const passage of captured) {
			if (random.chance(LATE)) holdUntil(minute + random.integer(5, 360), { type: "passage", passage, how: "late" });
			else yield { type: "passage", passage, how: "in time" };
			if (random.chance(AGAIN)) holdUntil(minute + random.integer(1, 120), { type: "passage", passage, how: "again" });
		}
		yield* later.get(minute) ?? [];
		later.delete(minute);
	}
	for (const minute of [...later.keys()].toSorted((a, b) => a - b)) yield* later.get(minute) ?? [];
}

/** Midnight (UTC) at the beginning of the day of traffic. */
export function startOfDayBefore(now: Date): number {
	return Math.floor(now.getTime() / DAY_MS) * DAY_MS - DAY_MS;
}

// -- Time: little at night, a steady day, a peak in the morning and a higher one in the evening ----
const busyAt = (minute: number): number =>
	0.06 + 0.45 * bell(minute, 13 * 60, 240) + bell(minute, 8 * 60, 70) + 1.15 * bell(minute, 17.5 * 60, 90);
const bell = (minute: number, middle: number, width: number): number => Math.exp(-(((minute - middle) / width) ** 2));
const traffic = runningSum(Array.from({ length: DAY_MINUTES }, (_, minute) => busyAt(minute)));
const shareOfDayUpTo = (minute: number): number => (traffic[minute] ?? 0) / (traffic.at(-1) ?? 1);

function runningSum(numbers: readonly number[]): number[] {
	let sum = 0;
	return numbers.map((number) => (sum += number));
}

// -- Site, vehicle and speed --------------------------------------------------------
interface Limited extends Site {
	readonly lightKmh: number;
}
interface Seen extends Plate {
	readonly heavy: boolean;
}

function camera(world: World, random: Random, midnight: number): (minute: number) => Passage {
	const siteOf = siteChooser(world, random);
	const seen = vehicleChooser(world, random);
	return (minute) => {
		const site = siteOf();
		const { heavy, ...plate } = seen();
		const limitKmh = (heavy ? site.heavyKmh : null) ?? site.lightKmh;
		const capturedAt = new Date(midnight + minute * 60_000 + random.integer(0, 59_999)).toISOString();
		const speedKmh = limitKmh === null ? random.integer(20, 60) : flashedAt(random, limitKmh);
		const passage = { radar: site.id, ...plate, ...(heavy && { vehicleClass: "heavy" as const }), speedKmh, capturedAt };
		return { id: idOf(passage), ...passage };
	};
}

/** Derived from the content: the same passage always has the same id, and a passage of another seed has another one. */
function idOf({ radar, capturedAt, ...rest }: Omit<Passage, "id">): string {
	const print = hash(JSON.stringify(rest)).toString(16).padStart(8, "0");
	return `${radar}-${capturedAt.replaceAll(/[-:.]/g, "")}-${print}`;
}

function siteChooser({ sites, uncalibrated, outOfService }: World, random: Random): () => Site {
	const commissioned = (site: Site): boolean => site.id !== uncalibrated && site.id !== outOfService;
	const hasLimit = (site: Site): site is Limited => site.lightKmh !== null;
	const idle = sites.filter((site) => !commissioned(site));
	const withoutLimit = sites.filter((site) => !hasLimit(site));
	const working = sites.filter(hasLimit).filter(commissioned);
	// A few radars make most of the flashes: the weight falls with the rank (Zipf).
	const busiestFirst = byWeight(shuffled(working, random), (_site, rank) => (rank + 1) ** -0.8);
	return () => {
		const dice = random.next();
		if (dice < 2 * AT_EACH_UNCOMMISSIONED_SITE) return random.pick(idle);
		if (dice < 2 * AT_EACH_UNCOMMISSIONED_SITE + AT_SITES_WITHOUT_LIMIT && withoutLimit.length > 0) return random.pick(withoutLimit);
		return busiestFirst(random);
	};
}

function vehicleChooser({ vehicles }: World, random: Random): () => Seen {
	const registered = new Set(vehicles.map(({ id }) => id));
	const stranger = (): Plate => {
		const dice = random.next();
		if (dice < 0.15) return misread(random);
		const plate = dice < 0.3 ? foreignPlate(random) : frenchPlate(random);
		return registered.has(`${plate.country}-${plate.plate}`) ? stranger() : plate;
	};
	const asSeen = ({ country, plate, type }: Vehicle): Seen => ({ country, plate, heavy: type === "bus" || type === "truck" });
	return () => {
		if (random.chance(UNKNOWN)) return { ...stranger(), heavy: random.chance(0.1) };
		const seen = asSeen(random.pick(vehicles));
		return random.chance(CARELESSLY_READ) ? { ...carelesslyRead(random, seen), heavy: seen.heavy } : seen;
	};
}

/** Retained excess in km/h, with its share of a hundred cases: 58 below 5, 6 above 20. */
const excessOf = byWeight(
	[
		{ from: 1, to: 4, cases: 58 },
		{ from: 5, to: 9, cases: 21 },
		{ from: 10, to: 14, cases: 9.5 },
		{ from: 15, to: 20, cases: 5.5 },
		{ from: 21, to: 29, cases: 4.2 },
		{ from: 30, to: 39, cases: 1.2 },
		{ from: 40, to: 49, cases: 0.4 },
		{ from: 50, to: 70, cases: 0.2 },
	],
	({ cases }) => cases,
);

/**
 * The lowest measured speed for each retained speed. No radar of the file measures from a moving vehicle, so one tolerance applies to all.
 */
const measuredAs = new Map(
	Array.from({ length: 400 }, (_, index) => 400 - index).map((measured) => [retainedSpeed("FR", "fixed", measured), measured]),
);
const measured = (retainedKmh: number): number => measuredAs.get(retainedKmh) ?? 400;

/** The measured speed of a flash: above the limit, but not always above the tolerance. */
function flashedAt(random: Random, limitKmh: number): number {
	if (!random.chance(BEYOND_TOLERANCE)) return random.integer(limitKmh + 1, measured(limitKmh + 1) - 1);
	const { from, to } = excessOf(random);
	return measured(limitKmh + random.integer(from, to));
}

// -- Sales ------------------------------------------------------------------------------
/** Each vehicle is sold at most once a day; every second sale is reported hours later. */
function salesOf({ vehicles, owners }: World, random: Random, midnight: number): { minute: number; sale: Sale }[] {
	if (owners.length < 2) return [];
	const sold = shuffled(vehicles, random).slice(0, Math.ceil(vehicles.length * SOLD));
	return sold.map(({ id, owner: seller }, index) => {
		const late = index % 2 === 1;
		const minute = random.integer(8 * 60, 19 * 60);
		const buyer = random.pick(owners.filter((owner) => owner.id !== seller)).id;
		const sale = { vehicle: id, seller, buyer, from: new Date(midnight + minute * 60_000).toISOString(), late };
		return { minute: minute + (late ? random.integer(120, 480) : 0), sale };
	});
}
