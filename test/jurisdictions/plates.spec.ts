/** Plates: one spelling for each vehicle of a country, and the text as read if it is not a valid plate. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readPlate } from "../../jurisdictions/index.ts";

const wellFormed = (plate: string) => ({ plate, wellFormed: true });
const asRead = (plate: string) => ({ plate, wellFormed: false });

describe("a French plate", () => {
	it.each([
		["AB-123-CD", "AB-123-CD"],
		["ab123cd", "AB-123-CD"],
		["AB123CD", "AB-123-CD"],
		["AB 123 CD", "AB-123-CD"],
		["ab-123-cd", "AB-123-CD"],
		["aB-123 cD", "AB-123-CD"],
		["AB - 123 - CD", "AB-123-CD"],
		["AB \t 123\nCD", "AB-123-CD"],
		["  AB-123-CD  ", "AB-123-CD"],
		["AA-001-AA", "AA-001-AA"],
		["AA-999-AA", "AA-999-AA"],
		["ZZ-999-ZZ", "ZZ-999-ZZ"],
		["AA-123-WW", "AA-123-WW"],
		["SA-123-AS", "SA-123-AS"],
		["WA-123-AW", "WA-123-AW"],
	])("of the SIV read as %j is %s", (read, plate) => expect(readPlate("FR", read)).toEqual(wellFormed(plate)));

	it.each([
		["123 AB 45", "123 AB 45"],
		["123ab45", "123 AB 45"],
		["123-AB-45", "123 AB 45"],
		[" 123  ab  45 ", "123 AB 45"],
		["1A1", null],
		["1A01", "1 A 01"],
		["9999 ZZZ 95", "9999 ZZZ 95"],
		["1234 AB 96", null],
		["1234 AB 00", null],
		["1234ab2a", "1234 AB 2A"],
		["1234AB2B", "1234 AB 2B"],
		["1234 AB 2C", null],
		["1234 AB 20", "1234 AB 20"],
		["1234AB970", null],
		["1234AB971", "1234 AB 971"],
		["1234AB976", "1234 AB 976"],
		["1234AB977", null],
		["12345 AB 45", null],
		["123 ABCD 45", null],
		["123 AI 45", null],
		["123 AO 45", null],
		["123 AU 45", null],
	])("of the FNI read as %j is %s", (read, plate) =>
		expect(readPlate("FR", read)).toEqual(plate === null ? asRead(read) : wellFormed(plate)),
	);

	it.each([
		"SS-123-AA",
		"WW-123-AA",
		"AA-123-SS",
		"AA-000-AA",
		"AI-123-AA",
		"AO-123-AA",
		"AU-123-AA",
		"IA-123-AA",
		"AA-123-AI",
		"ss123aa",
		"AA-12-AA",
		"AA-1234-AA",
		"AAA-123-AA",
		"A-123-AA",
		"AA-123-A",
		"A A-123-AA",
		"AA_123_AA",
		"AA.123.AA",
		"-AA-123-AA",
		"AA-123-AA-",
		"AA----123-AA",
		"99999-A-14",
		"",
		"   ",
		"?",
	])("read as %j fits no series and stays as read", (read) => expect(readPlate("FR", read)).toEqual(asRead(read)));
});

describe("a Moroccan plate", () => {
	it.each([
		["2315-A-14", "2315-A-14"],
		["2315a14", "2315-A-14"],
		["2315 A 14", "2315-A-14"],
		["2315 - a - 14", "2315-A-14"],
		["1-A-1", "1-A-1"],
		["1a1", "1-A-1"],
		["99999-Z-89", "99999-Z-89"],
		["12345-H-9", "12345-H-9"],
		["12345-O-10", "12345-O-10"],
	])("read as %j is %s", (read, plate) => expect(readPlate("MA", read)).toEqual(wellFormed(plate)));

	it.each(["0-A-1", "01-A-1", "100000-A-1", "1-A-0", "1-A-01", "1-A-90", "1-A-100", "1-AB-1", "A-1-1", "1--1", "1-أ-1", "AB-123-CD", ""])(
		"read as %j fits no series and stays as read",
		(read) => expect(readPlate("MA", read)).toEqual(asRead(read)),
	);
});

describe("a plate of a country without a rule", () => {
	it.each([
		["ab123cd", "AB123CD"],
		["AB 123 CD", "AB 123 CD"],
		["  b-mw \t 1234 ", "B-MW 1234"],
		["x1", "X1"],
		["ABCDEFGHIJ12345", "ABCDEFGHIJ12345"],
		[`A${" ".repeat(190)}B`, "A B"],
	])("read as %j is %j", (read, plate) => expect(readPlate("IT", read)).toEqual(wellFormed(plate)));

	it.each(["", " ", "A", " A ", "ABCDEFGHIJ123456", "AB_12", "AB.12", "AB/12", "AB\u000012", "MÜ-AB 12", "ΑΒ-1234"])(
		"read as %j is not well-formed and stays as read",
		(read) => expect(readPlate("DE", read)).toEqual(asRead(read)),
	);

	it("has the layout of a French one in Italy, but not its spelling: the country is part of the key", () => {
		expect(readPlate("IT", "AB123CD")).toEqual(wellFormed("AB123CD"));
		expect(readPlate("FR", "AB123CD")).toEqual(wellFormed("AB-123-CD"));
		expect(readPlate("IT", "SS-000-II")).toEqual(wellFormed("SS-000-II"));
	});

	it("may have the same spelling in Morocco and, before 2009, in France: the country distinguishes them", () => {
		expect(readPlate("MA", "2315 A 14")).toEqual(wellFormed("2315-A-14"));
		expect(readPlate("FR", "2315-A-14")).toEqual(wellFormed("2315 A 14"));
	});

	it.each(["constructor", "__proto__", "toString", "", "fr"])("also includes country %j", (country) =>
		expect(readPlate(country, "ss-000-ii")).toEqual(wellFormed("SS-000-II")),
	);
});

describe("a plate with letters of another script", () => {
	it.each([
		["ß that becomes SS", "ß-123-AA"],
		["dotless i that becomes I", "aı-123-bb"],
		["dotted capital I", "Aİ-123-BB"],
		["long s that becomes S", "ſA-123-BB"],
		["Kelvin sign that becomes k", "\u212aA-123-BB"],
		["ligature that becomes FF", "ﬀ-123-AA"],
		["full-width letters", "ＡＢ-123-CD"],
		["Cyrillic А and В", "АВ-123-CD"],
		["Arabic digits", "AB-١٢٣-CD"],
		["Devanagari digits", "AB-१२३-CD"],
		["non-breaking blanks", "AB\u00a0123\u00a0CD"],
		["ideographic blanks", "AB\u3000123\u3000CD"],
		["a zero-width blank", "AB-\u200b123-CD"],
		["a byte-order mark", "\ufeffAB-123-CD"],
		["a non-breaking hyphen", "AB\u2011123\u2011CD"],
		["half a character", "AB-123-C\ud800"],
	])("is not well-formed anywhere: %s", (_what, read) => {
		for (const country of ["FR", "MA", "IT"]) expect(readPlate(country, read)).toEqual(asRead(read));
	});
});

describe("reading any text as a plate", () => {
	const country = fc.constantFrom("FR", "MA", "IT", "");
	const alphabet = fc.constantFrom(..."ABCSWIZabcwi0123459 -\t");
	const text = fc.oneof(
		fc.string({ unit: "binary", maxLength: 200 }),
		fc.string({ unit: alphabet, maxLength: 20 }),
		fc.stringMatching(/^[A-Za-z]{2}[ -]?\d{3}[ -]?[A-Za-z]{2}$/),
		fc.stringMatching(/^\d{1,4}[ -]?[A-Za-z]{1,3}[ -]?(\d{2,3}|2[ab])$/),
		fc.stringMatching(/^\d{1,5}[ -]?[A-Za-z][ -]?\d{1,2}$/),
	);

	it("is idempotent", () =>
		fc.assert(
			fc.property(country, text, (country, text) => {
				const once = readPlate(country, text);
				expect(readPlate(country, once.plate)).toEqual(once);
			}),
			{ numRuns: 2_000 },
		));

	it("gives only Latin capitals, digits, single blanks and hyphens if well-formed, and the text itself otherwise", () =>
		fc.assert(
			fc.property(country, text, (country, text) => {
				const { plate, wellFormed } = readPlate(country, text);
				if (wellFormed) expect(plate).toMatch(/^(?!.* {2})[A-Z0-9-][A-Z0-9 -]{0,13}[A-Z0-9-]$/);
				else expect(plate).toBe(text);
			}),
			{ numRuns: 2_000 },
		));

	it("ignores case and surrounding blanks", () =>
		fc.assert(
			fc.property(country, fc.string({ unit: alphabet, maxLength: 20 }), (country, text) => {
				const read = readPlate(country, text);
				const again = readPlate(country, `  ${text.toLowerCase()}\t`);
				expect(again.wellFormed).toBe(read.wellFormed);
				if (read.wellFormed) expect(again.plate).toBe(read.plate);
			}),
			{ numRuns: 2_000 },
		));

	it("takes no longer for the worst 200 characters than for many ordinary plates", () => {
		const worst = ["A", "1", " ", "-", "- ", "A ", "1-", "AB-1 ", "\t", "2A"].flatMap((unit) =>
			[unit, `AB${unit}`, `123${unit}`].map((start) => start.repeat(200).slice(0, 200)),
		);
		const began = performance.now();
		for (let round = 0; round < 100; round++)
			for (const text of worst) for (const country of ["FR", "MA", "IT"]) readPlate(country, `${text}!`);
		expect(performance.now() - began).toBeLessThan(2_000); // 9 000 readings; a regex that backtracks needs minutes
	});
});
