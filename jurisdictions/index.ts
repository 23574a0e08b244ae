/** Jurisdictions - what the law of a country says of a speed, an offence and a plate; everything here is pure and needs no clock. */
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

// Made ready at load: judging runs for every detection and must not ask the calendar again.
const statutes: Readonly<Record<JurisdictionId, Statute>> = { FR: statuteOf(france), MA: statuteOf(morocco) };

// A map and not an object: a country is text from outside, and "constructor" is no country.
const platesOf: ReadonlyMap<string, readonly PlateRule[]> = new Map(Object.values(packs).map((pack) => [pack.id, pack.plates]));

/** km/h kept against the driver after the technical tolerance, never below 0. `measuredKmh` is a whole number. */
export function retainedSpeed(jurisdiction: JurisdictionId, kind: RadarKind, measuredKmh: number): number {
	return retain(packs[jurisdiction].tolerances[kind], measuredKmh);
}

/**
 * What the law of the instant says of an excess of a whole number of km/h (>= 1) over the limit. The answer is shared and
 * frozen. Throws a RangeError for any other excess and for an instant that is not in UTC milliseconds.
 */
export function judge(jurisdiction: JurisdictionId, offence: Offence): Judgement {
	return judgeBy(statutes[jurisdiction], offence);
}

/** Reads a plate by the rule of its country (ISO 3166 alpha-2, upper case). Never throws; reading what was read changes nothing. */
export function readPlate(country: string, plate: string): Plate {
	const rules = platesOf.get(country);
	return rules === undefined ? readWithoutRule(plate) : readByRules(rules, plate);
}
