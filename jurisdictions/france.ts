/** France - the French road code as a pack, with one regime for each change of its table of speeding offences since 2004. */
import type { Amounts, Band, Pack, Range, Tolerance } from "./pack.ts";

// -- Technical tolerance -----------------------------------------------------
const toleranceOrder = "Arrêté du 4 juin 2009 relatif aux cinémomètres de contrôle routier, art. 6 (instruments en service)";
const fixedPost: Tolerance = { belowKmh: 100, marginKmh: 5, percent: 5, rounding: "down", source: toleranceOrder };
const inMovingVehicle: Tolerance = { belowKmh: 100, marginKmh: 10, percent: 10, rounding: "down", source: toleranceOrder };

// -- Amounts: code de procédure pénale, art. R49 (standard), R49-7 (increased), R49-9 (reduced) ------
const thirdClass: Amounts = { reducedMinor: 4_500, standardMinor: 6_800, increasedMinor: 18_000, currency: "EUR" };
const fourthClass: Amounts = { reducedMinor: 9_000, standardMinor: 13_500, increasedMinor: 37_500, currency: "EUR" };
// Code de la route, art. L413-1 IV: the fixed fine that may close the case of a délit.
const fixedFineOfDelit: Amounts = { reducedMinor: 25_000, standardMinor: 30_000, increasedMinor: 60_000, currency: "EUR" };

// -- Bands: code de la route, art. R413-14 and R413-14-1, then L413-1 -----------------------------
const anyLimit: Range = { from: 0, to: null };
const upTo50: Range = { from: 0, to: 50 };
const above50: Range = { from: 51, to: null };

const belowFive = (points: number): readonly Band[] => [
	{ excessKmh: { from: 1, to: 4 }, limitKmh: above50, class: 3, amounts: thirdClass, points },
	{ excessKmh: { from: 1, to: 4 }, limitKmh: upTo50, class: 4, amounts: fourthClass, points },
];
const fromFiveToFortyNine: readonly Band[] = [
	{ excessKmh: { from: 5, to: 19 }, limitKmh: above50, class: 3, amounts: thirdClass, points: 1 },
	{ excessKmh: { from: 5, to: 19 }, limitKmh: upTo50, class: 4, amounts: fourthClass, points: 1 },
	{ excessKmh: { from: 20, to: 29 }, limitKmh: anyLimit, class: 4, amounts: fourthClass, points: 2 },
	{ excessKmh: { from: 30, to: 39 }, limitKmh: anyLimit, class: 4, amounts: fourthClass, points: 3 },
	{ excessKmh: { from: 40, to: 49 }, limitKmh: anyLimit, class: 4, amounts: fourthClass, points: 4 },
];
const fiftyAsFifthClass: Band = { excessKmh: { from: 50, to: null }, limitKmh: anyLimit, class: 5, amounts: null, points: 6 };
const fiftyAsDelit: Band = { excessKmh: { from: 50, to: null }, limitKmh: anyLimit, class: "délit", amounts: fixedFineOfDelit, points: 6 };

const plateOrder = "Arrêté du 9 février 2009 relatif aux modalités d'immatriculation des véhicules";

export const france: Pack = {
	id: "FR",
	name: "France",
	timeZone: "Europe/Paris",
	currency: "EUR",
	tolerances: {
		fixed: fixedPost,
		discriminating: fixedPost,
		section: fixedPost,
		"red-light": fixedPost,
		"level-crossing": fixedPost,
		urban: fixedPost,
		mobile: inMovingVehicle,
		itinerary: fixedPost,
	},
	regimes: [
		{
			// Published on 2004-12-07, in force the day after (code civil, art. 1). It also judges earlier offences, which lapsed long ago.
			begins: "2004-12-08",
			bands: [...belowFive(1), ...fromFiveToFortyNine, fiftyAsFifthClass],
			source: "Décret n° 2004-1330 du 6 décembre 2004 (code de la route, art. R413-14 et R413-14-1)",
		},
		{
			begins: "2024-01-01",
			bands: [...belowFive(0), ...fromFiveToFortyNine, fiftyAsFifthClass],
			source: "Décret n° 2023-1150 du 6 décembre 2023 (no point below 5 km/h)",
		},
		{
			begins: "2025-12-29",
			bands: [...belowFive(0), ...fromFiveToFortyNine, fiftyAsDelit],
			source: "Loi n° 2025-622 du 9 juillet 2025 and décret n° 2025-1269 du 22 décembre 2025 (code de la route, art. L413-1)",
		},
	],
	plates: [
		{
			name: "SIV",
			example: "AB-123-CD",
			layout: /^([A-Z]{2})[ -]{0,3}(\d{3})[ -]{0,3}([A-Z]{2})$/,
			separator: "-",
			exact: /^(?!SS|WW)[A-HJ-NP-TV-Z]{2}-(?!000)\d{3}-(?!SS)[A-HJ-NP-TV-Z]{2}$/,
			source: plateOrder,
		},
		{
			name: "FNI",
			example: "123 AB 45",
			layout: /^(\d{1,4})[ -]{0,3}([A-Z]{1,3})[ -]{0,3}(\d{2,3}|2[AB])$/,
			separator: " ",
			exact: /^\d{1,4} [A-HJ-NP-TV-Z]{1,3} (0[1-9]|[1-8]\d|9[0-5]|2A|2B|97[1-6])$/,
			source: `The series before 2009, still in use; replaced by: ${plateOrder}`,
		},
	],
};
