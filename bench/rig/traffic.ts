/**
 * Traffic - the same seeded radars, vehicles and passages for every measurement, so that all figures describe the same work. It knows by
 * construction which passages are offences, independently of the product's decisions.
 */
export interface RadarSite {
	readonly id: string;
	readonly latitude: number;
	readonly longitude: number;
	readonly lightKmh: number;
}
export interface Passage {
	readonly id: string;
	readonly radar: string;
	readonly plate: string;
	readonly country: "FR";
	readonly speedKmh: number;
	readonly capturedAt: string;
}
/** The counters that one radar should have. */
export interface Tally {
	detections: number;
	qualified: number;
}

const limits = [50, 80, 80, 90, 110, 130] as const;
/** Sixteen letters of the French plate, without those of the excluded pairs (SS, WW). */
const letters = "ABCDEFGHJKLMNPQR";
/**
 * A year of France: 67 % of the flashes are offences, 58 % of these below 5 km/h, 6 % from 20 km/h on. The design goal is 20.9 M in a year,
 * one every 1.5 s.
 */
const offenceShare = 0.67;
const firstInstant = Date.UTC(2024, 0, 1, 12);
const stepMs = 1_500;
const instantsInAYear = 21_000_000;

const vehicles = 50_000;
/** Only the first vehicles are registered, so few cases have a holder, as while registrations are still arriving. */
export const registeredVehicles = 1_000;
export const owners = 250;

export const radarId = (index: number): string => `radar-${index + 1}`;
export const ownerId = (index: number): string => `owner-${index + 1}`;
/** The owner of a registered vehicle. */
export const ownerOf = (vehicle: number): string => ownerId(vehicle % owners);

/** A plate in the French layout `AA-123-AA`, different for each vehicle. */
export function plateOf(vehicle: number): string {
	const letter = (divisor: number): string => letters.charAt(Math.floor(vehicle / divisor) % letters.length);
	return `${letter(1)}${letter(16)}-${String((vehicle % 999) + 1).padStart(3, "0")}-${letter(256)}${letter(4096)}`;
}

export function radarSite(index: number): RadarSite {
	const lightKmh = limits[index % limits.length] ?? 50;
	return { id: radarId(index), latitude: 43 + ((index * 37) % 6_000) / 1_000, longitude: -1 + ((index * 53) % 7_000) / 1_000, lightKmh };
}

/** The lowest measured speed for a retained speed: the tolerance is 5 km/h below 100 measured, and 5 % rounded down from there on. */
const measuredFor = (retainedKmh: number): number => (retainedKmh < 95 ? retainedKmh + 5 : Math.ceil((retainedKmh * 100) / 95));

export class Traffic {
	readonly tallies: Tally[];
	offences = 0;
	/** Offences of registered vehicles: their cases have a holder. */
	identified = 0;
	sent = 0;
	readonly #registered: number;
	readonly #limits: readonly number[];
	readonly #plates: readonly string[];
	#seed = 0x5eed;

	constructor(radars: number, registered = registeredVehicles) {
		this.#registered = registered;
		this.tallies = Array.from({ length: radars }, () => ({ detections: 0, qualified: 0 }));
		this.#limits = Array.from({ length: radars }, (_, index) => radarSite(index).lightKmh);
		this.#plates = Array.from({ length: vehicles }, (_, index) => plateOf(index));
	}

	next(): Passage {
		const radar = this.#below(this.tallies.length);
		const vehicle = this.#below(vehicles);
		const excessKmh = this.#random() < offenceShare ? this.#excess() : -this.#below(11);
		const speedKmh = measuredFor((this.#limits[radar] ?? 50) + excessKmh);
		this.#count(radar, vehicle, excessKmh > 0);
		const index = this.sent++;
		const capturedAt = new Date(firstInstant + (index % instantsInAYear) * stepMs).toISOString();
		return {
			id: `d-${String(index + 1).padStart(9, "0")}`,
			radar: radarId(radar),
			plate: this.#plates[vehicle] ?? "",
			country: "FR",
			speedKmh,
			capturedAt,
		};
	}

	#count(radar: number, vehicle: number, offence: boolean): void {
		const tally = this.tallies[radar];
		if (tally) tally.detections++;
		if (!offence) return;
		if (tally) tally.qualified++;
		this.offences++;
		if (vehicle < this.#registered) this.identified++;
	}

	#excess(): number {
		const band = this.#random();
		if (band < 0.58) return 1 + this.#below(4);
		return band < 0.94 ? 5 + this.#below(15) : 20 + this.#below(41);
	}

	#below(limit: number): number {
		return Math.floor(this.#random() * limit);
	}

	/** mulberry32: small, fast and the same on every machine. */
	#random(): number {
		this.#seed = (this.#seed + 0x6d2b79f5) | 0;
		let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	}
}
