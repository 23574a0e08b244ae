/** Csv - a file of records by its header, one line each: a line that cannot be read is told by its number and harms no other. */
import { parse } from "csv-parse/sync";

export interface CsvLine {
	/** Counted from 1, the header is line 1. */
	readonly line: number;
	/** By column, trimmed, without the empty ones; null if the line cannot be read. */
	readonly fields: Readonly<Record<string, string>> | null;
	readonly problem?: string;
}
interface Parsed {
	readonly record: readonly string[];
	readonly info: { readonly lines: number };
}

/** The columns of the header, and every line after it. */
export function readCsv(text: string): { readonly columns: readonly string[]; readonly lines: readonly CsvLine[] } {
	const all = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
	const numbered = all.map((content, i) => ({ content, line: i + 1 })).filter(({ content }) => content.trim() !== "");
	const closed = numbered.filter(({ content }) => (content.split('"').length - 1) % 2 === 0);
	const bad: CsvLine[] = numbered
		.filter((entry) => !closed.includes(entry))
		.map(({ line }) => ({ line, fields: null, problem: "a quote is not closed" }));
	const rows = new Map<number, readonly string[]>();
	const options = {
		relax_column_count: true,
		relax_quotes: false,
		skip_records_with_error: true,
		info: true,
		trim: true,
		max_record_size: 100_000,
	};
	for (const { record, info } of parse(closed.map(({ content }) => content).join("\n"), options) as unknown as Parsed[])
		rows.set(info.lines, record); // the shape `info` gives
	const [, columns = []] = [...rows][0] ?? [];
	const good = closed.slice(1).map(({ line }, i): CsvLine => {
		const record = rows.get(i + 2);
		if (!record) return { line, fields: null, problem: "the line is not well-formed" };
		if (record.length !== columns.length)
			return { line, fields: null, problem: `the line has ${record.length} fields, the header ${columns.length}` };
		return { line, fields: Object.fromEntries(columns.map((column, n) => [column, record[n] ?? ""]).filter(([, value]) => value !== "")) };
	});
	return { columns, lines: [...bad, ...good].sort((a, b) => a.line - b.line) };
}
