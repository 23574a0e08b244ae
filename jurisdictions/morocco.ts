/** Morocco - the Moroccan road code as a pack: one regime, money in centimes of a dirham, no points. */
import type { Amounts, Band, Pack, Tolerance } from "./pack.ts";

const everyDevice: Tolerance = {
	belowKmh: 71,
	marginKmh: 7,
	percent: 10,
	rounding: "down",
	source:
		"Control practice under loi n° 52-05, not based on a separate text: 7 km/h up to 70 km/h measured, 10 % above (a choice of this pack)",
};

// The full amount is due from the sixteenth day; loi n° 116-14 added the two lower ones (24 hours, 15 days).
const thirdClass: Amounts = { reducedMinor: 15_000, standardMinor: 20_000, increasedMinor: 30_000, currency: "MAD" };
const secondClass: Amounts = { reducedMinor: 30_000, standardMinor: 35_000, increasedMinor: 50_000, currency: "MAD" };
const firstClass: Amounts = { reducedMinor: 40_000, standardMinor: 50_000, increasedMinor: 70_000, currency: "MAD" };

// In Morocco the first class is the most serious contravention, the reverse of France.
const anyLimit = { from: 0, to: null };
const bands: readonly Band[] = [
	{ excessKmh: { from: 1, to: 20 }, limitKmh: anyLimit, class: 3, amounts: thirdClass, points: 0 },
	{ excessKmh: { from: 21, to: 30 }, limitKmh: anyLimit, class: 2, amounts: secondClass, points: 0 },
	{ excessKmh: { from: 31, to: 50 }, limitKmh: anyLimit, class: 1, amounts: firstClass, points: 0 },
	{ excessKmh: { from: 51, to: null }, limitKmh: anyLimit, class: "délit", amounts: null, points: 0 },
];

export const morocco: Pack = {
	id: "MA",
	name: "Morocco",
	timeZone: "Africa/Casablanca",
	currency: "MAD",
	tolerances: {
		fixed: everyDevice,
		discriminating: everyDevice,
		section: everyDevice,
		"red-light": everyDevice,
		"level-crossing": everyDevice,
		urban: everyDevice,
		mobile: everyDevice,
		itinerary: everyDevice,
	},
	regimes: [
		{
			begins: "2010-10-01",
			bands,
			source:
				"Loi n° 52-05 portant code de la route, Dahir n° 1-10-07 du 11 février 2010, in force 2010-10-01; amounts as amended by loi n° 116-14",
		},
	],
	plates: [
		{
			name: "ordinary series",
			example: "2315-A-14",
			layout: /^(\d{1,5})[ -]{0,3}([A-Z])[ -]{0,3}(\d{1,2})$/,
			separator: "-",
			exact: /^[1-9]\d{0,4}-[A-Z]-([1-9]|[1-8]\d)$/,
			source: "The ordinary series as issued: number 1-99999, letter of the series (here in its Latin form), prefecture 1-89",
		},
	],
};
