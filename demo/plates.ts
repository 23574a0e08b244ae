/** Plates - the plates of the demo's vehicles, and the spellings that a camera reads. */
import type { Random } from "./random.ts";

export interface Plate {
	readonly country: string;
	readonly plate: string;
}

const sivLetters = "ABCDEFGHJKLMNPQRSTVWXYZ";
const latinLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** France since 2009: AB-123-CD, without the series that the law excludes. */
export function frenchPlate(random: Random): Plate {
	const first = letters(random, sivLetters, 2);
	const last = letters(random, sivLetters, 2);
	if (first === "SS" || first === "WW" || last === "SS") return frenchPlate(random);
	return { country: "FR", plate: `${first}-${digits(random, 1, 999, 3)}-${last}` };
}

const abroad: readonly ((random: Random) => Plate)[] = [
	(random) => ({ country: "BE", plate: `1-${letters(random, latinLetters, 3)}-${digits(random, 1, 999, 3)}` }),
	(random) => ({ country: "DE", plate: `XX-${letters(random, latinLetters, 2)}${random.integer(10, 9999)}` }),
	(random) => ({ country: "ES", plate: `${digits(random, 0, 9999, 4)}${letters(random, "BCDFGHJKLMNPRSTVWXYZ", 3)}` }),
	(random) => ({ country: "MA", plate: `${random.integer(1, 99_999)}-${letters(random, "ABDEH", 1)}-${random.integer(1, 89)}` }),
];
export const foreignPlate = (random: Random): Plate => random.pick(abroad)(random);

/** A French plate's letters and digits as an Italian plate, which has the same layout: another vehicle. */
export const italianTwinOf = ({ plate }: Plate): Plate => ({ country: "IT", plate });

/** A French plate without its hyphens or capitals, as cameras deliver them: the same vehicle. */
export function carelesslyRead(random: Random, { country, plate }: Plate): Plate {
	if (country !== "FR") return { country, plate: plate.toLowerCase() };
	const separated = plate.replaceAll("-", random.pick(["", " ", "-"]));
	const spelled = random.chance(0.5) ? separated.toLowerCase() : separated;
	return { country, plate: spelled === plate ? plate.toLowerCase() : spelled };
}

/** An impossible French plate: partly hidden, with a letter of no series, or with an unused number. */
export function misread(random: Random): Plate {
	const [first = "", number = "", last = ""] = frenchPlate(random).plate.split("-");
	const plate = random.pick([
		`${first}-${number}`,
		`${first}-${number.slice(1)}?-${last}`,
		`I${first.slice(1)}-${number}-${last}`,
		`${first}-000-${last}`,
		`SS-${number}-${last}`,
	]);
	return { country: "FR", plate };
}

function letters(random: Random, alphabet: string, count: number): string {
	return Array.from({ length: count }, () => random.pick([...alphabet])).join("");
}

function digits(random: Random, from: number, to: number, width: number): string {
	return String(random.integer(from, to)).padStart(width, "0");
}
