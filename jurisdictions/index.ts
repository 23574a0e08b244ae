/** Jurisdictions - the law of each country on speeds, offences and plates, as pure functions without a clock. */
import { france } from "./france.ts";
import { judgeBy, retain, statuteOf } from "./judgement.ts";
import type { Judgement, Offence, Statute } from "./judgement.ts";
import { morocco } from "./morocco.ts";
import type { JurisdictionId, Pack, PlateRule, RadarKind } from "./pack.ts";
import { readByRules, readWithoutRule } from "./plates.ts";
import type { Plate } from "./plates.ts";

export { jurisdictionIds, radarKinds } from "./pack.ts";
export type { Amounts, Instant, JurisdictionId, OffenceClass, Pack, RadarKind } from "./pack.ts";
export type { Judgement, Offence } from "./judgement.ts";
export type { Plate } from "./plates.ts";

/** The packs as data, for the reference pages. */
export const packs: Readonly<Record<JurisdictionId, Pack>> = { FR: france, MA: morocco };

// Computed once at load, so that judging a detection needs no calendar arithmetic.
const statutes: Readonly<Record<JurisdictionId, Statute>> = { FR: statuteOf(france), MA: statuteOf(morocco) };

// A map, not an object: the country is external text, and "constructor" must not match.
const platesOf: ReadonlyMap<string, readonly PlateRule[]> = new Map(Object.values(packs).map((pack) => [pack.id, pack.plates]));

/** The speed in km/h that counts after the technical tolerance, never below 0. `measuredKmh` is a whole number. */
export function retainedSpeed(jurisdiction: JurisdictionId, kind: RadarKind, measuredKmh: number): number {
	return retain(packs[jurisdiction].tolerances[kind], measuredKmh);
}

/**
 * Judges an excess over the limit, in whole km/h (>= 1), by the law in force at the instant. The result is shared and frozen. Throws a
 * RangeError for any other excess and for an instant that is not in UTC milliseconds.
 */
export function judge(jurisdiction: JurisdictionId, offence: Offence): Judgement {
	return judgeBy(statutes[jurisdiction], offence);
}

/** Normalizes a plate by the rules of its country (ISO 3166 alpha-2, upper case). Never throws; idempotent. */
export function readPlate(country: string, plate: string): Plate {
	const rules = platesOf.get(country);
	return rules === undefined ? readWithoutRule(plate) : readByRules(rules, plate);
}
