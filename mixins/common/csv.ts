/**
 * Csv - reads a file of records with a header, one record per line, in linear time and in small batches, so that the event loop is never
 * blocked. A malformed line is reported by its number and does not affect other lines. The meaning of the columns is not known here.
 */
import { composed } from "../../model/index.ts";
import { nodeTimers } from "./timers.ts";

export interface CsvLine {
	/** Counted from 1. */
	readonly line: number;
	/** By column, trimmed, in NFC, without empty cells; null if the line is malformed. */
	readonly fields: Readonly<Record<string, string>> | null;
	readonly problem?: string;
}
export interface CsvTable {
	readonly columns: readonly string[];
	/** The lines below the header in small batches; the event loop runs between two batches. */
	batches(): AsyncGenerator<readonly CsvLine[], void>;
}
interface RawLine {
	readonly line: number;
	readonly text: string;
}

/** Most characters of a line, most characters of a batch, most lines of a batch. */
const LONGEST = 64 * 1024;
const BATCH_TEXT = 64 * 1024;
const BATCH = 128;

/** Reads only up to the header, which is the first line that is not blank. */
export async function readCsv(text: string): Promise<CsvTable> {
	const rest = linesOf(text);
	let begin = await rest.next();
	while (!begin.done && begin.value.length === 0) begin = await rest.next();
	const [header, ...first] = begin.value ?? [];
	const cells = header ? cellsOf(header.text) : [];
	const columns = Array.isArray(cells) ? cells : [];
	const records = (lines: readonly RawLine[]) => lines.map(({ line, text: content }) => ({ line, ...recordOf(content, columns) }));
	return {
		columns,
		async *batches() {
			yield records(first);
			for await (const lines of rest) yield records(lines);
		},
	};
}

/** All lines that are not blank, in batches. */
async function* linesOf(text: string): AsyncGenerator<readonly RawLine[], void> {
	let batch: RawLine[] = [];
	let from = text.startsWith("\uFEFF") ? 1 : 0;
	let begun = from;
	const [feed, carriage] = [new Mark(text, "\n"), new Mark(text, "\r")];
	for (let line = 1; from < text.length; line++) {
		const end = Math.min(feed.after(from), carriage.after(from));
		const content = text.slice(from, end);
		if (content.trim() !== "") batch.push({ line, text: content });
		from = text.startsWith("\r\n", end) ? end + 2 : end + 1;
		if (batch.length < BATCH && from - begun < BATCH_TEXT) continue;
		yield batch;
		[batch, begun] = [[], from];
		await new Promise<void>((resolve) => nodeTimers.soon(resolve));
	}
	yield batch;
}

/** Finds the next occurrence of a character and remembers it, so that a text without one is searched only once. */
class Mark {
	readonly #text: string;
	readonly #character: string;
	#next = -1;
	constructor(text: string, character: string) {
		this.#text = text;
		this.#character = character;
	}
	/** The length of the text if there is none. */
	after(from: number): number {
		if (this.#next >= from) return this.#next;
		const found = this.#text.indexOf(this.#character, from);
		return (this.#next = found < 0 ? this.#text.length : found);
	}
}

function recordOf(text: string, columns: readonly string[]): Omit<CsvLine, "line"> {
	const cells = cellsOf(text);
	if (!Array.isArray(cells)) return { fields: null, problem: cells };
	if (cells.length !== columns.length)
		return { fields: null, problem: `the line has ${cells.length} fields, the header ${columns.length}` };
	return { fields: Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ""]).filter(([, value]) => value !== "")) };
}

/** The cells of a line, or why it is malformed. */
function cellsOf(text: string): string[] | string {
	if (text.length > LONGEST) return `the line has more than ${LONGEST} characters`;
	if (!text.includes('"')) return text.split(",").map(cellOf);
	if ((text.split('"').length - 1) % 2 === 1) return "a quote is not closed";
	const quoted = /(?:\s*"((?:[^"]|"")*)"\s*|([^",]*))(,|$)/y;
	const cells: string[] = [];
	for (;;) {
		const [, inQuotes, plain = "", mark] = quoted.exec(text) ?? [];
		if (mark === undefined) return "the line is not well-formed";
		cells.push(cellOf(inQuotes?.replaceAll('""', '"') ?? plain));
		if (mark === "") return cells;
	}
}
const cellOf = (text: string): string => composed(text.trim());
