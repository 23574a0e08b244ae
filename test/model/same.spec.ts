/** Same - when two contents are one, which is what "already so" hangs on. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { given, same } from "../../model/index.ts";

const anyJson = fc.jsonValue({ noUnicodeString: false });
const stored = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("the same content", () => {
	it("is the same in another order of its fields, at any depth", () => {
		expect(same({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true);
		expect(same([1, 2], [2, 1])).toBe(false);
	});
	it("is the same where a field that is not there is undefined", () => {
		expect(same({ a: 1, b: undefined }, { a: 1 })).toBe(true);
		expect(same({ a: 1 }, { a: 1, b: undefined })).toBe(true);
		expect(same({ a: undefined, b: 1 }, { b: 1, c: undefined })).toBe(true);
		expect(same({ a: undefined }, { b: 1 })).toBe(false);
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
	])("is not %j and %j", (a, b) => {
		expect(same(a, b)).toBe(false);
		expect(same(b, a)).toBe(false);
	});
	it("is every value and itself, stored and read back", () =>
		fc.assert(
			fc.property(anyJson, (value) => {
				expect(same(value, stored(value))).toBe(true);
				expect(same(stored(value), value)).toBe(true);
			}),
		));
	it("is one zero, whatever its sign: storage knows no other", () => {
		expect(same(-0, 0)).toBe(true);
		expect(same({ latitude: -0 }, stored({ latitude: -0 }))).toBe(true);
	});
	it("is told apart as equality tells it", () =>
		fc.assert(
			fc.property(anyJson, anyJson, (a, b) => {
				expect(same(a, b)).toBe(same(b, a));
				if (same(a, b)) expect(stored(a)).toEqual(stored(b));
				else expect(stored(a)).not.toStrictEqual(stored(b));
			}),
		));
});

describe("what was given", () => {
	it("has no field that is undefined, and every other, null and nothing included", () =>
		expect(Object.keys(given({ a: undefined, b: null, c: 0, d: "", e: false }))).toEqual(["b", "c", "d", "e"]));
	it("is a copy", () => {
		const fields = { a: undefined, b: 1 };
		given(fields);
		expect(Object.keys(fields)).toEqual(["a", "b"]);
	});
});
