/** Out - what a command says and where: answers on stdout, as text for a person or as JSON for a script; all else on stderr. */
import { type Colour, escaped, jsonOf, painted, tell, warn } from "../common/output.ts";
import { type Advance, withProgress } from "../common/terminal.ts";

export interface Out {
	/** One answer, or one item of a stream: its text for a person, or one line of JSON. */
	give(value: unknown, text: () => string): void;
	/** Beside the answers. */
	note(text: string): void;
	/** A bar with rate and time left while the work runs; a line now and then where nobody watches. */
	progress<T>(label: string, total: number, work: (advance: Advance) => Promise<T>): Promise<T>;
	/** Set off when the person has seen enough: Ctrl-C. */
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

/** For stdout. */
export const paint = (colour: Colour, text: string): string => painted(colour, text, process.stdout);

type Cell = string | number | null | undefined;
/** Columns under one another, numbers to the right; what is null is a dash. */
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

/** Below this a value stands on one line. */
const WIDE = 100;
/** A value as nested lines: short parts on one line, long ones a line for each of theirs. */
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
