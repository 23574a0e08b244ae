/** Same - equality of two contents, on which "already so" depends. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { defined, sameJson } from "../../model/index.ts";

const anyJson = fc.jsonValue({ noUnicodeString: false });
const stored = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("the same content", () => {
	it("is equal in any order of its fields, at any depth", () => {
		expect(sameJson({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true);
		expect(sameJson([1, 2], [2, 1])).toBe(false);
	});
	it("is equal if a missing field is undefined", () => {
		expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
		expect(sameJson({ a: 1 }, { a: 1, b: undefined })).toBe(true);
		expect(sameJson({ a: undefined, b: 1 }, { b: 1, c: undefined })).toBe(true);
		expect(sameJson({ a: undefined }, { b: 1 })).toBe(false);
	});
	it.each([
		[{ a: 1 }, { a: "1" }],
		[{ a: 1 }, { a: 1, b: 2 }],
		[{ a: null }, {}],
		[null, {}],
		[null, undefined],
		[[], {}],
		[[null], []],
		[{ a: [] }, { a: {} }],
		["", 0],
		[0, false],
		[1, 1.0000001],
		["\u00e9", "e\u0301"],
	])("differs for %j and %j", (a, b) => {
		expect(sameJson(a, b)).toBe(false);
		expect(sameJson(b, a)).toBe(false);
	});
	it("equals itself, stored and read back", () =>
		fc.assert(
			fc.property(anyJson, (value) => {
				expect(sameJson(value, stored(value))).toBe(true);
				expect(sameJson(stored(value), value)).toBe(true);
			}),
		));
	it("has one zero, because storage does not keep its sign", () => {
		expect(sameJson(-0, 0)).toBe(true);
		expect(sameJson({ latitude: -0 }, stored({ latitude: -0 }))).toBe(true);
	});
	it("agrees with deep equality", () =>
		fc.assert(
			fc.property(anyJson, anyJson, (a, b) => {
				expect(sameJson(a, b)).toBe(sameJson(b, a));
				if (sameJson(a, b)) expect(stored(a)).toEqual(stored(b));
				else expect(stored(a)).not.toStrictEqual(stored(b));
			}),
		));
});

describe("an object without undefined values", () => {
	it("has all other fields, null and empty values included", () =>
		expect(Object.keys(defined({ a: undefined, b: null, c: 0, d: "", e: false }))).toEqual(["b", "c", "d", "e"]));
	it("is a copy", () => {
		const fields = { a: undefined, b: 1 };
		defined(fields);
		expect(Object.keys(fields)).toEqual(["a", "b"]);
	});
});
