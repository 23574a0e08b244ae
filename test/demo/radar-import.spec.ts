/** Radar import - splits a radar file at its records, and reports errors by the lines of the file. */
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "@jest/globals";
import { parse } from "csv-parse/sync";
import { Client, NotReached } from "../../demo/client.ts";
import { type ImportReport, importRadars, slicesOf } from "../../demo/radar-import.ts";
import { reply, type Service, serve } from "./service.ts";

const lines = ["id,route", "1,A1", "", '2,"Route ""du', 'lac"", haut"', "3,", "4,A4"];
const file = Buffer.from(lines.join("\n"));
const texts = (rowsEach: number, of = file): string[] => slicesOf(of, rowsEach).map(({ bytes }) => bytes.toString());

describe("a radar file", () => {
	it("is split into rows under its header, unchanged", () => {
		expect(texts(2)).toEqual(['id,route\n1,A1\n\n2,"Route ""du\nlac"", haut"\n', "id,route\n3,\n4,A4"]);
		expect(texts(100)).toEqual([file.toString()]);
	});

	it.each(["\n", "\r\n"])("with lines ending in %j loses no row, for any size of slice", (lineEnd) => {
		const file = Buffer.from(lines.join(lineEnd));
		const rows: unknown[] = parse(file, { columns: true, skip_empty_lines: true });
		expect(rows).toHaveLength(4);
		for (let rowsEach = 1; rowsEach <= 5; rowsEach++) {
			const cut: unknown[] = texts(rowsEach, file).flatMap((slice) => parse(slice, { columns: true, skip_empty_lines: true }));
			expect(cut).toEqual(rows);
			expect(slicesOf(file, rowsEach).reduce((sum, slice) => sum + slice.rows, 0)).toBe(4);
		}
	});

	it("has slices with their lines in the file", () => {
		expect(slicesOf(file, 1).map(({ firstLine, lastLine }) => [firstLine, lastLine])).toEqual([
			[2, 2],
			[4, 5],
			[6, 6],
			[7, 7],
		]);
	});

	it.each(["", "\n", "id,route", "id,route\n", "id,route\n\n\r\n"])("has no rows for the text %j", (nothing) => {
		expect(slicesOf(Buffer.from(nothing))).toEqual([]);
	});
});

describe("an import", () => {
	let service: Service;
	let client: Client;
	/** Rejects every row without a route, by its line in the request. */
	const start = async (): Promise<void> => {
		service = await serve(async (incoming, outgoing) => {
			const sent = await text(incoming);
			if (incoming.headers["content-type"] !== "text/csv" || sent.includes("4,A4"))
				return reply(outgoing, 422, { code: "CSV_MALFORMED", detail: "not today" });
			const rows: { record: Record<string, string>; info: { lines: number } }[] = parse(sent, {
				columns: true,
				skip_empty_lines: true,
				info: true,
			});
			const errors = rows
				.filter(({ record }) => record["route"] === "")
				.map(({ info }) => ({ line: info.lines, code: "VALIDATION_ERROR", detail: "no road" }));
			reply(outgoing, 200, { imported: rows.length - errors.length, changed: 0, unchanged: 0, rejected: errors.length, errors });
		});
		client = new Client(service.url);
	};
	afterEach(async () => {
		client.close();
		await service.stop();
	});
	const imported = (rowsEach: number, advance?: (rows: number) => void): Promise<ImportReport> =>
		importRadars(client, slicesOf(file, rowsEach), advance);

	it("adds up the results of the slices, with errors by their line in the file", async () => {
		await start();
		const progress: number[] = [];
		expect(await imported(1, (rows) => progress.push(rows))).toEqual({
			imported: 2,
			changed: 0,
			unchanged: 0,
			rejected: 2,
			errors: [
				{ line: 6, code: "VALIDATION_ERROR", detail: "no road" },
				{ line: 7, lastLine: 7, code: "CSV_MALFORMED", detail: "POST /radars/import: 422 CSV_MALFORMED - not today" },
			],
		});
		expect(progress).toEqual([1, 2, 3, 4]);
	});

	it("counts a slice that the system cannot read as rejected", async () => {
		await start();
		expect(await imported(2)).toMatchObject({ imported: 2, rejected: 2, errors: [{ line: 6, lastLine: 7 }] });
	});

	it("fails if there is no server", async () => {
		await start();
		await service.stop();
		await expect(imported(2)).rejects.toThrow(NotReached);
	});
});
