/** Pack - the law of one jurisdiction as data: tolerances, regimes and plates, each with its legal source. */

/** ISO-8601 in UTC, always with milliseconds ("2026-03-01T08:15:00.000Z"), so that text order is time order. */
export type Instant = string;

export const radarKinds = ["fixed", "discriminating", "section", "red-light", "level-crossing", "urban", "mobile", "itinerary"] as const;
export type RadarKind = (typeof radarKinds)[number];

export const jurisdictionIds = ["FR", "MA"] as const;
export type JurisdictionId = (typeof jurisdictionIds)[number];

export type OffenceClass = 1 | 2 | 3 | 4 | 5 | "délit";

/** The amounts due, in minor units (cents, centimes). */
export interface Amounts {
	/** Early payment. */
	readonly reducedMinor: number;
	/** Payment in time. */
	readonly standardMinor: number;
	/** Late payment. */
	readonly increasedMinor: number;
	readonly currency: "EUR" | "MAD";
}

/** Whole km/h, both ends included; `to: null` means no upper end. */
export interface Range {
	readonly from: number;
	readonly to: number | null;
}

/** One line of a table of offences. `amounts: null` means that a court sets the fine. */
export interface Band {
	readonly excessKmh: Range;
	readonly limitKmh: Range;
	readonly class: OffenceClass;
	readonly amounts: Amounts | null;
	readonly points: number;
}

/** A table of offences in force from midnight of the local date `begins` until the next regime begins. */
export interface Regime {
	readonly begins: string;
	readonly bands: readonly Band[];
	readonly source: string;
}

/** The amount subtracted from a measured speed: `marginKmh` below `belowKmh`, otherwise `percent` of the speed. */
export interface Tolerance {
	readonly belowKmh: number;
	readonly marginKmh: number;
	readonly percent: number;
	/** Rounding of a fraction of a km/h after the percentage; "down" favors the driver. */
	readonly rounding: "down" | "up";
	readonly source: string;
}

/** One series of plates. `layout` splits upper-case input tolerantly; `exact` checks the parts joined by `separator`. */
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
	/** Oldest first. The oldest one also covers all earlier offences. */
	readonly regimes: readonly [Regime, ...Regime[]];
	readonly plates: readonly PlateRule[];
}
