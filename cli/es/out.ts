/** Out - the output of a command: answers go to stdout, as text or as JSON for scripts, and everything else to stderr. */
import { type Colour, escaped, jsonOf, painted, tell, warn } from "../common/output.ts";
import { type Advance, withProgress } from "../common/terminal.ts";

export interface Out {
	/** Writes one answer, or one item of a stream: as text, or as one line of JSON. */
	give(value: unknown, text: () => string): void;
	/** Writes a line to stderr. */
	note(text: string): void;
	/** Shows a bar with rate and time left while the work runs, or occasional lines without a terminal. */
	progress<T>(label: string, total: number, work: (advance: Advance) => Promise<T>): Promise<T>;
	/** Aborted when the operator presses Ctrl-C. */
	readonly enough: AbortSignal;
}

export function outOf(json: boolean, enough: AbortSignal): Out {
	return {
		give: (value, text) => tell(json ? jsonOf(value) : text()),
		note: warn,
		progress: (label, total, work) => withProgress(label, total, work, { pace: true }),
		enough,
	};
}

/** Colors a text for stdout. */
export const paint = (colour: Colour, text: string): string => painted(colour, text, process.stdout);

type Cell = string | number | null | undefined;
/** Formats a table: numbers are right-aligned, and null is a dash. */
export function columns(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
	const texts = rows.map((row) => head.map((_, i) => cellText(row[i])));
	const widths = head.map((title, i) => Math.max(title.length, ...texts.map((row) => row[i]?.length ?? 0)));
	const right = head.map((_, i) => rows.some((row) => typeof row[i] === "number"));
	const line = (cells: readonly string[]): string =>
		cells
			.map((text, i) => (right[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
			.join("  ")
			.trimEnd();
	return [paint("dim", line(head)), ...texts.map(line)].join("\n");
}
const cellText = (cell: Cell): string =>
	cell === null || cell === undefined ? "-" : typeof cell === "number" ? cell.toLocaleString("en") : escaped(cell);

/** Maximum width of a value on one line. */
const WIDE = 100;
/** Formats a value as nested lines: a short part on one line, a long one on one line per item. */
export function nested(value: unknown, indent = "  "): string {
	if (typeof value !== "object" || value === null) return `${indent}${jsonOf(value)}`;
	return Object.entries(value)
		.map(([name, part]) => {
			const key = `${indent}${Array.isArray(value) ? "-" : paint("bold", name)}`;
			const short = typeof part === "string" ? escaped(part) : jsonOf(part);
			return short.length <= WIDE || typeof part !== "object" ? `${key} ${short}` : `${key}\n${nested(part, `${indent}  `)}`;
		})
		.join("\n");
}
