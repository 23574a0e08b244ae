/** Pack - the shape of one jurisdiction's law as data: tolerance, regimes and plates, each with the text it comes from. */

/** ISO-8601 in UTC, always with milliseconds ("2026-03-01T08:15:00.000Z"), so that text order is time order. */
export type Instant = string;

export const radarKinds = ["fixed", "discriminating", "section", "red-light", "level-crossing", "urban", "mobile", "itinerary"] as const;
export type RadarKind = (typeof radarKinds)[number];

export const jurisdictionIds = ["FR", "MA"] as const;
export type JurisdictionId = (typeof jurisdictionIds)[number];

export type OffenceClass = 1 | 2 | 3 | 4 | 5 | "délit";

/** What is due, in minor units (cents, centimes). */
export interface Amounts {
	/** Paid early. */
	readonly reducedMinor: number;
	/** Paid in time. */
	readonly standardMinor: number;
	/** Paid late. */
	readonly increasedMinor: number;
	readonly currency: "EUR" | "MAD";
}

/** Whole km/h, both ends included; `to: null` has no upper end. */
export interface Range {
	readonly from: number;
	readonly to: number | null;
}

/** One line of a table of offences. `amounts: null`: the law fixes none, a court does. */
export interface Band {
	readonly excessKmh: Range;
	readonly limitKmh: Range;
	readonly class: OffenceClass;
	readonly amounts: Amounts | null;
	readonly points: number;
}

/** A table of offences in force from `begins` (a local date, from its midnight) until the next regime begins. */
export interface Regime {
	readonly begins: string;
	readonly bands: readonly Band[];
	readonly source: string;
}

/** What is taken off a measured speed: `marginKmh` when it is below `belowKmh`, `percent` of it from there on. */
export interface Tolerance {
	readonly belowKmh: number;
	readonly marginKmh: number;
	readonly percent: number;
	/** What becomes of a fraction of a km/h kept after the percentage: "down" favours the driver. */
	readonly rounding: "down" | "up";
	readonly source: string;
}

/** One series of plates: `layout` takes tolerant upper-case input apart, `exact` is the law of the parts joined by `separator`. */
export interface PlateRule {
	readonly name: string;
	readonly example: string;
	readonly layout: RegExp;
	readonly separator: string;
	readonly exact: RegExp;
	readonly source: string;
}

export interface Pack {
	readonly id: JurisdictionId;
	readonly name: string;
	readonly timeZone: string;
	readonly currency: Amounts["currency"];
	readonly tolerances: Readonly<Record<RadarKind, Tolerance>>;
	/** Oldest first. The oldest also holds for everything before it. */
	readonly regimes: readonly [Regime, ...Regime[]];
	readonly plates: readonly PlateRule[];
}
