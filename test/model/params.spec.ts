/** Params - the values that each field accepts, to the last character, as fastest-validator checks them. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
	date,
	decimal,
	email,
	type Field,
	id,
	instant,
	instantAfter,
	integer,
	legible,
	matching,
	nullable,
	oneOf,
	optional,
	password,
	record,
	someOf,
	text,
} from "../../model/index.ts";
import { checkOf } from "./check.ts";

const NOBODY = [null, undefined, true, [], {}, Number.NaN];
const takes = (field: Field<unknown>, value: unknown): boolean => checkOf({ field })({ field: value }) === true;
/** Accepts exactly these: no value of another type passes, and none is converted. */
function letsIn(field: Field<unknown>, good: readonly unknown[], bad: readonly unknown[]): void {
	for (const value of good) expect([value, takes(field, value)]).toEqual([value, true]);
	for (const value of [...bad, ...NOBODY.filter((other) => !good.includes(other))])
		expect([value, takes(field, value)]).toEqual([value, false]);
}
const long = (length: number) => "x".repeat(length);

describe("a field", () => {
	it("of text accepts 1 to 200 characters of any script, or its own maximum", () => {
		letsIn(text(), ["x", " x ", "Łódź", "東京", "👩‍🚀", long(200)], ["", long(201), 5]);
		letsIn(text(3), ["abc"], ["abcd"]);
	});
	it("of some values accepts a list of different ones, in the order of their declaration", () => {
		const field = someOf("clerk", "officer", "seller");
		letsIn(
			field,
			[["officer"], ["clerk", "officer", "seller"]],
			[["x"], ["clerk", "clerk"], [null], [[]], [["clerk"]], ["clerk", null], "clerk"],
		);
		const params = { field: ["seller", "clerk"] };
		expect([checkOf({ field })(params), params]).toEqual([true, { field: ["clerk", "seller"] }]);
	});
	it("of a password accepts 12 to 200 characters of any kind, and no complaint repeats it", () => {
		letsIn(
			password(),
			[long(12), long(200), "\u202e 😀😀😀😀😀😀😀😀😀😀😀", "            "],
			[long(11), "😀".repeat(11), long(201), "x".repeat(2000), 5, ["x"]],
		);
		expect(takes(optional(password()), undefined)).toBe(true);
		expect(JSON.stringify(checkOf({ field: password() })({ field: "a-secret" }))).not.toContain("a-secret");
		expect(JSON.stringify(checkOf({ field: password() })({ field: ["a-secret"] }))).not.toContain("a-secret");
	});
	it("of text counts code points in NFC, not code units", () => {
		letsIn(text(3), ["😀😀😀", "e\u0301e\u0301e\u0301", "각각각".normalize("NFD")], ["😀😀😀😀", "e\u0301".repeat(4)]);
		letsIn(text(), ["\u{20bb7}".repeat(200)], ["\u{20bb7}".repeat(201), "e\u0301".repeat(201), "x\u0301".repeat(1_000_000)]);
	});
	it("of text accepts only texts with a visible character", () =>
		letsIn(text(), ["-", "."], [" ", "  ", "\u00a0", "\u2003\u3000", "\u0301", "\u2800", "\u3164", "\u200b"]));
	it("of text accepts no control characters and no lone surrogates", () =>
		letsIn(text(), ["a b"], ["a\nb", "a\tb", "\u0000", "\u007f", "\u0085", "\ud800", "a\udc00b", "\ud83d"]));
	it("of text accepts no hidden characters: bidirectional, zero-width, format, separator, invisible letters", () => {
		const marks = ["\u202e", "\u2066", "\u061c", "\u200e", "\u200b", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u180e", "\ufff9"];
		const others = ["\u2028", "\u2029", "\u3164", "\u115f", "\uffa0", "\ufe0f", "\u{e0041}", "\u{e0100}", "\uffff", "\ufdd0", "\u{1d173}"];
		const hidden = [...marks, ...others].flatMap((mark) => [`a${mark}b`, `${mark}a`, `a${mark}`]);
		letsIn(text(), [], hidden);
		for (const value of hidden) expect([value, takes(email(), `${value}@example.org`)]).toEqual([value, false]);
	});
	it("of text accepts joiners only where spelling needs them", () =>
		letsIn(
			text(),
			["علی\u200cرضا", "ශ්\u200dරී", "र्\u200dय", "👨‍👩‍👧", "❤️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"],
			["a\u200db", "a\u200cb", "\u200dය", "ශ්\u200d\u200dරී", "علی\u200c", "علی\u200dرضا", "1\u200d2", "👨\u200d", "a\ufe0f"],
		));
	it("of an id accepts 1 to 64 letters, digits, dots, dashes and underscores, but not . or ..", () =>
		letsIn(id(), ["a", "A.b_c-1", "...", ".a", long(64)], ["", ".", "..", long(65), "a b", "a/b", "é", "a\n", "\na", "a%20", 5]));
	it("of an id with its own pattern accepts that pattern", () => {
		letsIn(id(/^[A-Z]{2}$/), ["FR"], ["fr", "FRA", "FR\n"]);
		letsIn(id(/^[!-~]+$/), ["a/b", "./.."], [".", ".."]);
	});
	it("of a pattern accepts matching texts", () => letsIn(matching(/^[A-Z]{1,3}$/), ["F", "FRA"], ["", "FRAN", "fr", "F1"]));
	it("of an e-mail address accepts plausible addresses", () =>
		letsIn(
			email(),
			["a@b.c", "ada.roux+x@mail.example.org", "é@ü.example", `${long(190)}@b.example`.slice(-200)],
			["", "a", "a@b", "@b.c", "a@.c", "a@b.", "a@b..c", "a b@c.d", "a@b c.d", "a@@b.c", "a@b.c\n", "a\u0000@b.c", `${long(200)}@b.c`],
		));
	it("of a whole number accepts numbers within its bounds, and no text", () =>
		letsIn(integer(1, 400), [1, 400, 1e2], [0, 401, 1.5, -1, "5", "", Infinity, 1n]));
	it("of a number accepts numbers within its bounds", () =>
		letsIn(decimal(-90, 90), [-90, 90, 0, 48.85, 5e-324], [-90.0000001, 90.0000001, "48.85", Infinity, -Infinity]));
	it("of a choice accepts exactly its values", () => letsIn(oneOf("light", "heavy"), ["light", "heavy"], ["Light", "", "light "]));
	it("of a date accepts calendar dates", () =>
		letsIn(date(), ["2024-02-29", "1900-01-01"], ["2026-02-29", "2026-1-1", "", "2026-01-01T00:00:00Z", 20260101]));
	it("of an instant accepts texts with an offset", () =>
		letsIn(
			instant(),
			["2026-03-01T08:15:00Z", "2026-03-01T08:15:00.123456789+01:00"],
			["2026-03-01T08:15:00", "2026-03-01", "", 0, new Date(0)],
		));
});

describe("a field that is", () => {
	it("optional may be absent, but not null", () => {
		const fields: readonly Field<unknown>[] = [text(), id(), integer(0, 1), oneOf("a"), instant(), date(), email(), record({ a: text() })];
		for (const field of fields) {
			expect(checkOf({ field: optional(field) })({})).toBe(true);
			expect(takes(optional(field), null)).toBe(false);
			expect(takes(field, undefined)).toBe(false);
		}
		expect(takes(optional(integer(0, 1)), 2)).toBe(false);
		expect(takes(optional(text()), "")).toBe(false);
		expect(takes(optional(instant()), "soon")).toBe(false);
	});
	it("nullable may be null, but not absent", () => {
		const fields: readonly Field<unknown>[] = [text(), id(), instant(), decimal(0, 1)];
		for (const field of fields) {
			expect(takes(nullable(field), null)).toBe(true);
			expect(checkOf({ field: nullable(field) })({})).not.toBe(true);
			expect(takes(field, null)).toBe(false);
		}
		expect(takes(nullable(text()), "")).toBe(false);
		expect(takes(nullable(id()), "a b")).toBe(false);
	});
	it("a record accepts its own fields and no others", () =>
		letsIn(
			record({ light: optional(integer(1, 9)), road: nullable(text()) }),
			[{ road: null }, { light: 9, road: "A1" }],
			[{}, { light: 1 }, { light: 0, road: null }, { road: null, heavy: 1 }, [{ road: null }], "{}"],
		));
});

describe("a text", () => {
	it("is normalized to NFC in place, in records too", () => {
		const [decomposed, composed] = ["Ame\u0301lie", "Am\u00e9lie"];
		const params = { name: decomposed, email: `${decomposed}@example.org`, inner: { name: decomposed }, none: null };
		expect(checkOf({ name: text(), email: email(), inner: record({ name: text() }), none: nullable(text()) })(params)).toBe(true);
		expect(params).toEqual({ name: composed, email: `${composed}@example.org`, inner: { name: composed }, none: null });
	});
	it("can be made from any other text by legible", () => {
		expect(legible("a\nb\u202ec", 10)).toBe("a b c");
		expect(legible("e\u0301".repeat(20), 3)).toBe("\u00e9\u00e9\u00e9");
		expect([legible("", 5), legible(" \u0000\u200b", 5), legible("\ud800", 5)]).toEqual(["-", "-", "-"]);
		fc.assert(
			fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (any, max) =>
				expect([any, takes(text(max), legible(any, max))]).toEqual([any, true]),
			),
			{ numRuns: 1_000 },
		);
	});
	it("that is accepted is accepted again, unchanged", () =>
		fc.assert(
			fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (any) => {
				const once = { field: any };
				if (checkOf({ field: text() })(once) !== true) return;
				const twice = { ...once };
				expect([checkOf({ field: text() })(twice), twice]).toEqual([true, once]);
			}),
			{ numRuns: 1_000 },
		));
});

describe("an instant", () => {
	it("is normalized in place, in records too", () => {
		const params = { at: "2026-03-01T09:15:00+01:00", inner: { at: "2026-03-01T08:15Z" } };
		expect(checkOf({ at: instant(), inner: record({ at: instant() }) })(params)).toBe(true);
		expect(params).toEqual({ at: "2026-03-01T08:15:00.000Z", inner: { at: "2026-03-01T08:15:00.000Z" } });
	});
	const period = checkOf({ validFrom: instant(), validUntil: instantAfter("validFrom") });
	it("after another one is later, with any offsets", () => {
		expect(period({ validFrom: "2026-03-01T08:00:00Z", validUntil: "2026-03-01T08:00:00.001Z" })).toBe(true);
		expect(period({ validFrom: "2026-03-01T09:00:00+01:00", validUntil: "2026-03-01T08:30:00Z" })).toBe(true);
		expect(period({ validFrom: "2026-03-01T08:00:00Z", validUntil: "2026-03-01T09:00:00+01:00" })).not.toBe(true);
		expect(period({ validFrom: "2026-03-01T08:00:00Z", validUntil: "2026-03-01T08:30:00+01:00" })).not.toBe(true);
		expect(period({ validFrom: "2026-03-01T08:00:00Z", validUntil: "2026-03-01T08:00:00Z" })).not.toBe(true);
	});
	it("after an invalid one causes no error of its own", () => {
		expect(period({ validFrom: "soon", validUntil: "2026-03-01T08:00:00Z" })).toMatchObject([{ field: "validFrom" }]);
		expect(period({ validUntil: "2026-03-01T08:00:00Z" })).toMatchObject([{ field: "validFrom" }]);
		expect(period({ validFrom: "2026-03-01T08:00:00Z", validUntil: "later" })).toMatchObject([{ field: "validUntil", type: "instant" }]);
		expect(period({ validFrom: "2026-03-01T08:00:00Z", validUntil: null })).toMatchObject([{ field: "validUntil" }]);
	});
});

describe("all fields together", () => {
	const check = checkOf({ id: id(), name: optional(text()) });
	it("reject every other name", () => {
		expect(check({ id: "a", other: 1 })).toMatchObject([{ type: "objectStrict" }]);
		expect(check(JSON.parse('{"id":"a","__proto__":{"name":"x"}}') as object)).not.toBe(true); // as parsed from a body
		expect(check({ id: "a", constructor: 1 })).not.toBe(true);
	});
	it("report one error each, with the expected value", () => {
		expect(check({ id: "", name: 5 })).toEqual([
			expect.objectContaining({ field: "id" }),
			expect.objectContaining({ field: "name", type: "string", actual: 5 }),
		]);
		expect(checkOf({ at: instant() })({ at: "soon" })).toEqual([
			expect.objectContaining({ field: "at", type: "instant", actual: "soon", message: expect.stringContaining("ISO-8601") }),
		]);
	});
});

describe("the description of a field", () => {
	it("contains its rule with its bounds", () => {
		expect(text(3).says).toBe("text, 1-3 characters");
		expect(integer(1, 400).says).toBe("whole number from 1 to 400");
		expect(decimal(-90, 90).says).toBe("number from -90 to 90");
		expect(oneOf("light", "heavy").says).toBe("`light`, `heavy`");
		expect(instantAfter("validFrom").says).toContain("`validFrom`");
		expect(matching(/^[A-Z]$/).says).toContain("`^[A-Z]$`");
		expect(matching(/^[A-Z]$/, "a capital").says).toBe("a capital");
	});
	it("stays for optional and nullable fields, with the default", () => {
		expect(optional(text(3), "none")).toMatchObject({ says: text(3).says, absent: "none" });
		expect(optional(text(3))).not.toHaveProperty("absent");
		expect(nullable(text(3)).says).toBe("text, 1-3 characters; or null");
	});
	it("of a record contains its fields", () => {
		const shape = { lightKmh: optional(integer(1, 400)) };
		expect(optional(record(shape)).shape).toBe(shape);
	});
});
