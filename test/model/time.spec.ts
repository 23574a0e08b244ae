/** Time - valid instants and dates, and their comparison as texts. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isAfter, isDate, minutes, parseInstant } from "../../model/index.ts";

const anyMillis = fc.integer({ min: Date.parse("0000-01-02T00:00:00.000Z"), max: Date.parse("9999-12-30T23:59:59.999Z") });
const two = (value: number) => String(value).padStart(2, "0");

describe("an instant", () => {
	it.each([
		["2026-03-01T08:15:00.000Z", "2026-03-01T08:15:00.000Z"],
		["2026-03-01T08:15:00Z", "2026-03-01T08:15:00.000Z"],
		["2026-03-01T08:15Z", "2026-03-01T08:15:00.000Z"],
		["2026-03-01T08:15:00.5Z", "2026-03-01T08:15:00.500Z"],
		["2026-03-01T08:15:00,25Z", "2026-03-01T08:15:00.250Z"],
		["2026-03-01T08:15:00.123456789Z", "2026-03-01T08:15:00.123Z"],
		["2026-03-01T08:15:00.9999Z", "2026-03-01T08:15:00.999Z"],
		["2026-03-01T08:15:00+01:00", "2026-03-01T07:15:00.000Z"],
		["2026-03-01T08:15:00-0530", "2026-03-01T13:45:00.000Z"],
		["2026-03-01T08:15:00+02", "2026-03-01T06:15:00.000Z"],
		["2026-03-01T08:15:00-00:00", "2026-03-01T08:15:00.000Z"],
		["2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"],
		["2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00.000Z"],
		["2024-02-29T23:59:59.999-00:01", "2024-03-01T00:00:59.999Z"],
		["2026-03-01T08:15:00+23:59", "2026-02-28T08:16:00.000Z"],
		["0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"],
		["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
	])("can be written %s", (text, instant) => expect(parseInstant(text)).toBe(instant));

	it.each([
		["has no offset", "2026-03-01T08:15:00"],
		["is a day", "2026-03-01"],
		["is empty", ""],
		["is a number", "1772352900000"],
		["has a blank instead of its T", "2026-03-01 08:15:00Z"],
		["is in small letters", "2026-03-01t08:15:00z"],
		["has text before it", " 2026-03-01T08:15:00Z"],
		["has text after it", "2026-03-01T08:15:00Z\n"],
		["has an invalid month", "2026-13-01T08:15:00Z"],
		["has month zero", "2026-00-01T08:15:00Z"],
		["has an invalid day", "2026-02-29T08:15:00Z"],
		["has a leap day in a common century", "1900-02-29T08:15:00Z"],
		["has day zero", "2026-03-00T08:15:00Z"],
		["has a 31st of April", "2026-04-31T08:15:00Z"],
		["has hour 24", "2026-03-01T24:00:00Z"],
		["has minute 60", "2026-03-01T08:60:00Z"],
		["has a leap second", "2026-03-01T08:15:60Z"],
		["has an offset of a day", "2026-03-01T08:15:00+24:00"],
		["has an offset of sixty minutes", "2026-03-01T08:15:00+01:60"],
		["has an empty fraction", "2026-03-01T08:15:00.Z"],
		["has too long a fraction", "2026-03-01T08:15:00.1234567890Z"],
		["has a year of five digits", "+12026-03-01T08:15:00Z"],
		["is before the year 0000", "0000-01-01T00:00:00+00:01"],
		["is after the year 9999", "9999-12-31T23:59:59.999-00:01"],
		["has digits of another script", "２０２６-03-01T08:15:00Z"],
		["has an hour of one digit", "2026-03-01T8:15:00Z"],
	])("is invalid if it %s", (_why, text) => expect(parseInstant(text)).toBeNull());

	it("parses to itself again", () =>
		fc.assert(
			fc.property(anyMillis, (millis) => {
				const instant = new Date(millis).toISOString();
				expect(parseInstant(instant)).toBe(instant);
			}),
		));
	it("is the same in every offset", () =>
		fc.assert(
			fc.property(anyMillis, fc.integer({ min: -1439, max: 1439 }), (millis, offset) => {
				const local = new Date(millis + minutes(offset)).toISOString().slice(0, -1);
				const size = Math.abs(offset);
				const text = `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
				expect(parseInstant(text)).toBe(new Date(millis).toISOString());
			}),
		));
	it("sorts like its text", () =>
		fc.assert(fc.property(anyMillis, anyMillis, (a, b) => expect(new Date(a).toISOString() < new Date(b).toISOString()).toBe(a < b))));
	it("is never parsed from an invalid text", () =>
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/)), (text) => {
				const instant = parseInstant(text);
				if (instant === null) return;
				expect(new Date(instant).toISOString()).toBe(instant);
				expect(instant.startsWith(text.slice(0, 19))).toBe(true);
			}),
			{ numRuns: 1000 },
		));
});

describe("a day of the calendar", () => {
	it.each(["2024-02-29", "2000-02-29", "2026-01-31", "2026-12-31", "0000-01-01", "9999-12-31"])("can be %s", (text) =>
		expect(isDate(text)).toBe(true),
	);
	it.each([
		"2026-02-29",
		"1900-02-29",
		"2026-04-31",
		"2026-00-10",
		"2026-13-10",
		"2026-01-00",
		"2026-01-32",
		"2026-1-1",
		"20260101",
		"",
		"2026-01-01\n",
		"+2026-01-01",
	])("cannot be %j", (text) => expect(isDate(text)).toBe(false));
	it("agrees with the calendar for every possible day", () =>
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 33 }), (y, m, d) => {
				const text = `${String(y).padStart(4, "0")}-${two(m)}-${two(d)}`;
				const exact = new Date(0);
				exact.setUTCFullYear(y, m - 1, d);
				expect(isDate(text)).toBe(exact.toISOString().startsWith(text));
			}),
			{ numRuns: 1000 },
		));
});

describe("later", () => {
	const now = "2026-03-01T08:15:00.000Z";
	it("means at least one millisecond", () => {
		expect(isAfter("2026-03-01T08:15:00.001Z", now)).toBe(true);
		expect(isAfter(now, now)).toBe(false);
		expect(isAfter("2026-03-01T08:14:59.999Z", now)).toBe(false);
	});
	it("by five minutes means more than five minutes, to the millisecond", () => {
		expect(isAfter("2026-03-01T08:20:00.000Z", now, minutes(5))).toBe(false);
		expect(isAfter("2026-03-01T08:20:00.001Z", now, minutes(5))).toBe(true);
	});
});
