/**
 * Work - what every contestant is asked to do: one actor kind, a radar that is installed once and then takes readings of about 300
 * bytes. State, law and row are the same plain functions for all of them; only who keeps the facts differs.
 */

/** A fact's content; `n` is the number of the command it comes from, so that each can be looked for afterwards. */
export type Reading = {
	readonly n: number;
	readonly plate: string;
	readonly country: string;
	readonly speedKmh: number;
	readonly capturedAt: string;
	readonly road: string;
	readonly direction: string;
	readonly device: string;
	readonly certificate: string;
	/** Of the picture. */
	readonly digest: string;
};
/** What a command is given. */
export interface Order extends Reading {
	readonly id: string;
}
export type Shape = "new" | "hot";
/** `new`: each command begins a stream of its own. `hot`: each adds to one of these many. */
export const HOT_STREAMS = 100;
export const FULL = 1_000_000;

export type Radar =
	{ readonly status: "unknown" } | { readonly status: "installed"; readonly readings: number; readonly fastestKmh: number };
export const UNKNOWN: Radar = { status: "unknown" };

/** The law: installed once, readings only of what is installed and not full. */
export function decide(shape: Shape, state: Radar): void {
	if (shape === "new" && state.status !== "unknown") throw new Refused("ALREADY_INSTALLED");
	if (shape === "hot" && state.status === "unknown") throw new Refused("UNKNOWN");
	if (state.status === "installed" && state.readings >= FULL) throw new Refused("FULL");
}
export const evolve = (state: Radar, { speedKmh }: Pick<Reading, "speedKmh">): Radar =>
	state.status === "unknown"
		? { status: "installed", readings: 1, fastestKmh: speedKmh }
		: { status: "installed", readings: state.readings + 1, fastestKmh: Math.max(state.fastestKmh, speedKmh) };

/** The read model: a row a stream. */
export type Row = { readonly readings: number; readonly fastestKmh: number; readonly plate: string };
export const fold = (row: Row | null | undefined, { speedKmh, plate }: Reading): Row => ({
	readings: (row?.readings ?? 0) + 1,
	fastestKmh: Math.max(row?.fastestKmh ?? 0, speedKmh),
	plate,
});

/** The answer was no, and no more tries are left. */
export class Refused extends Error {}

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const first = Date.UTC(2026, 2, 1, 8);
const pad = (value: number, digits: number): string => String(value).padStart(digits, "0");

export function reading(n: number): Reading {
	return {
		n,
		plate: `AB-${pad(n % 1000, 3)}-CD`,
		country: "FR",
		speedKmh: 50 + (n % 131),
		capturedAt: new Date(first + n * 40).toISOString(),
		road: "A6 PR 023+0450",
		direction: "towards Lyon",
		device: `MESTA-210C-${pad(n % 4000, 4)}`,
		certificate: `LNE-${pad(n % 4000, 6)}`,
		digest,
	};
}

/** Which hot stream a command goes to: even, and in no order, so that two in flight meet at times. */
export const hotStream = (n: number): string => `hot-${(Math.imul(n ^ (n >>> 7) ^ 0x5bd1, 0x9e3779b1) >>> 8) % HOT_STREAMS}`;
