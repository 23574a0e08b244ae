/** Text - composing to NFC takes time that grows with the square of the combining marks in a row, so it is limited. */
import { describe, expect, it } from "@jest/globals";
import { composed } from "../../model/index.ts";

describe("a text", () => {
	it("is composed", () => expect(composed("e\u0301te\u0301")).toBe("\u00e9t\u00e9"));
	it("with as many marks as real texts have is composed", () => {
		const marks = "\u0316".repeat(63);
		expect(composed(`e${marks}\u0301`)).toBe(`\u00e9${marks}`);
	});
	it.each([65, 400_000])("with %d marks in a row stays as it is, at once", (count) => {
		const text = `e${"\u0316\u0301".repeat(count).slice(0, count)}`;
		expect(composed(text)).toBe(text);
	});
});
