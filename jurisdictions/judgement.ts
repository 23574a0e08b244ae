/** Judgement - prepares a pack's regimes once, so that judging an offence only compares texts and whole numbers. */
import { localMidnight } from "./local-midnight.ts";
import type { Amounts, Band, Instant, OffenceClass, Pack, Range, Regime, Tolerance } from "./pack.ts";

/** The verdict on one offence. `pack` names the regime that judged it: "FR@2025-12-29". */
export interface Judgement {
	readonly class: OffenceClass;
	readonly amounts: Amounts | null;
	readonly points: number;
	readonly pack: string;
}

export interface Offence {
	readonly occurredAt: Instant;
	readonly limitKmh: number;
	readonly excessKmh: number;
}

interface Ruling {
	readonly excessKmh: Range;
	readonly limitKmh: Range;
	readonly judgement: Judgement;
}

interface RegimeInForce {
	readonly begins: Instant;
	readonly rulings: readonly Ruling[];
}

/** The latest regime comes first, because most offences fall under it; the oldest has no lower bound. */
export interface Statute {
	readonly later: readonly RegimeInForce[];
	readonly oldest: readonly Ruling[];
}

export function statuteOf(pack: Pack): Statute {
	const [oldest, ...later] = pack.regimes;
	return {
		later: later
			.map((regime) => ({ begins: localMidnight(regime.begins, pack.timeZone), rulings: rulingsOf(pack, regime) }))
			.toSorted((a, b) => (a.begins < b.begins ? 1 : -1)),
		oldest: rulingsOf(pack, oldest),
	};
}

/** Throws a RangeError for an excess that is not a whole number of km/h >= 1, and for an instant that is not in UTC milliseconds. */
export function judgeBy(statute: Statute, { occurredAt, limitKmh, excessKmh }: Offence): Judgement {
	// Instants are compared as text: another spelling of the same instant would silently choose the wrong law.
	if (occurredAt.length !== 24 || !occurredAt.endsWith("Z")) throw new RangeError(`not an instant in UTC milliseconds: ${occurredAt}`);
	if (Number.isInteger(excessKmh))
		for (const ruling of rulingsAt(statute, occurredAt))
			if (within(ruling.excessKmh, excessKmh) && within(ruling.limitKmh, limitKmh)) return ruling.judgement;
	throw new RangeError(`no law for an excess of ${excessKmh} km/h over ${limitKmh} km/h`);
}

/** The speed that counts after the tolerance, in whole km/h, never below 0. */
export function retain(tolerance: Tolerance, measuredKmh: number): number {
	if (measuredKmh < tolerance.belowKmh) return Math.max(0, measuredKmh - tolerance.marginKmh);
	const hundredths = measuredKmh * (100 - tolerance.percent);
	return Math.floor((tolerance.rounding === "down" ? hundredths : hundredths + 99) / 100);
}

function rulingsAt({ later, oldest }: Statute, instant: Instant): readonly Ruling[] {
	for (const regime of later) if (instant >= regime.begins) return regime.rulings;
	return oldest;
}

/** Makes one judgement for each band; all offences in the band share it, so it is frozen. */
function rulingsOf(pack: Pack, regime: Regime): readonly Ruling[] {
	return regime.bands.map(({ excessKmh, limitKmh, ...band }) => ({ excessKmh, limitKmh, judgement: judgementOf(pack, regime, band) }));
}

function judgementOf(pack: Pack, regime: Regime, band: Pick<Band, "class" | "amounts" | "points">): Judgement {
	return Object.freeze({
		class: band.class,
		amounts: band.amounts && Object.freeze({ ...band.amounts }),
		points: band.points,
		pack: `${pack.id}@${regime.begins}`,
	});
}

const within = (range: Range, value: number): boolean => value >= range.from && (range.to === null || value <= range.to);
