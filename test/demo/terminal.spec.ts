/** Terminal - the output of the command line: aligned tables, readable amounts, and errors on one line. */
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { money, oneLine, table } from "../../cli/common/terminal.ts";

describe("a table", () => {
	it("right-aligns values, with their notes", () => {
		const lines = stripVTControlCharacters(
			table([["Cases"], ["open", 12_834, "95.8 %"], ["unidentified", 569], ["amounts", "1.00 EUR"]]),
		).split("\n");
		expect(lines).toEqual(["", "Cases", "  open            12,834  95.8 %", "  unidentified       569", "  amounts       1.00 EUR"]);
	});
});

describe("an amount", () => {
	it.each([
		[0, "0.00 EUR"],
		[5, "0.05 EUR"],
		[123_456_789, "1,234,567.89 EUR"],
	])("of %d minor units is shown as %s", (minor, told) => expect(money(minor, "EUR")).toBe(told));
});

describe("the reason for an exit", () => {
	it("is one line", () => {
		expect(oneLine(new Error("PORT is no port:\n  70000\n"))).toBe("PORT is no port: 70000");
		expect(oneLine("stopped")).toBe("stopped");
	});
});
