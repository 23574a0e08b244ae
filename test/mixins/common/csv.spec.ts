/** Csv - the records of a file, the problems of malformed lines, and that no file blocks the event loop. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type CsvLine, readCsv } from "../../../mixins/common/csv.ts";
import { longestHold } from "../../support/held.ts";

async function read(text: string): Promise<{ readonly columns: readonly string[]; readonly lines: readonly CsvLine[] }> {
	const { columns, batches } = await readCsv(text);
	const lines: CsvLine[] = [];
	for await (const batch of batches()) lines.push(...batch);
	return { columns, lines };
}
const below = async (line: string): Promise<Omit<CsvLine, "line"> | undefined> => {
	const [{ line: _number, ...rest } = { line: 0, fields: null }] = (await read(`a,b\n${line}`)).lines;
	return rest;
};

describe("a line", () => {
	it.each<[string, Readonly<Record<string, string>>]>([
		["1,2", { a: "1", b: "2" }],
		[" 1 ,\t2 ", { a: "1", b: "2" }],
		[",", {}],
		['"1","2"', { a: "1", b: "2" }],
		['"1,5" , "say ""so"""', { a: "1,5", b: 'say "so"' }],
		['"",x', { b: "x" }],
		["e\u0301,\u00e9", { a: "\u00e9", b: "\u00e9" }],
	])("such as %j is read", async (line, fields) => expect(await below(line)).toEqual({ fields }));
	it.each([
		["1", "the line has 1 fields, the header 2"],
		["1,2,3", "the line has 3 fields, the header 2"],
		['"1,2', "a quote is not closed"],
		['"1"x,2', "the line is not well-formed"],
		['x"1",2', "the line is not well-formed"],
		["x".repeat(70_000), "the line has more than 65536 characters"],
	])("such as %j is malformed", async (line, problem) => expect(await below(line)).toEqual({ fields: null, problem }));
	it("that is malformed does not affect other lines, and is reported by its number", async () => {
		const { lines } = await read('\ufeff\n\na,b\r\n1,2\r\r"3\n\n4"x,5\n6,7');
		expect(lines.map(({ line, fields }) => [line, fields])).toEqual([
			[4, { a: "1", b: "2" }],
			[6, null],
			[8, null],
			[9, { a: "6", b: "7" }],
		]);
	});
});

describe("a file", () => {
	it.each(["", "\n\n", "  \r\n\t", "\ufeff"])("that is blank has no columns and no lines: %j", async (text) =>
		expect(await read(text)).toEqual({ columns: [], lines: [] }),
	);
	it("is read with any line endings", async () => {
		const cell = fc.string({ unit: fc.constantFrom(..."ab,\"' ;é"), maxLength: 8 }).map((text) => text.trim());
		const rows = fc.array(fc.tuple(cell, cell), { maxLength: 400 });
		const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
		await fc.assert(
			fc.asyncProperty(rows, fc.constantFrom("\n", "\r\n", "\r"), async (given, end) => {
				const { lines } = await read(["a,b", ...given.map((cells) => cells.map(quoted).join(","))].join(end));
				expect(lines.map(({ fields }) => [fields?.["a"] ?? "", fields?.["b"] ?? ""])).toEqual(given);
			}),
			{ numRuns: 100 },
		);
	});

	const MEBIBYTES = 16 * 1024 * 1024;
	const filled = (line: string): string => line.repeat(MEBIBYTES / line.length);
	it.each<[string, string]>([
		["short lines", `a,b\n${filled("a\n")}`],
		["old line ends", `a,b\r${filled("a\r")}`],
		["no line", filled("\n")],
		["one line", filled("a")],
		["blanks", filled(" ")],
		["quotes", `a,b\n${filled(`${'"'.repeat(60_000)}\n`)}`],
		["blanks before quotes", `a,b\n${filled(`${" ".repeat(60_000)}x"y"\n`)}`],
		["escaped quotes", `a,b\n${filled(`"${'""'.repeat(30_000)}" x\n`)}`],
		["commas", `a,b\n${filled(`${",".repeat(60_000)}\n`)}`],
		["columns", filled(`${"a,".repeat(30_000)}b\n`)],
		["combining marks", `a,b\n${filled(`a${"\u0301".repeat(16_000)}${"\u0316".repeat(15_000)}\n`)}`],
		["letters in two parts", `a,b\n${filled(`${"e\u0301".repeat(30_000)},\n`)}`],
	])("of 16 MiB of %s is read without blocking the event loop", async (_what, text) => {
		const count = async (): Promise<void> => {
			const { batches } = await readCsv(text);
			for await (const _batch of batches());
		};
		const { longest, total } = await longestHold(count);
		expect(longest).toBeLessThan(Math.max(100, total / 5)); // CPU time doubles where cores are shared: then a share of the whole decides
	});
});
