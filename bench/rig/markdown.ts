/** Markdown - formats figures for people, and tables of them. */
import type { Cell, Table } from "./result.ts";

/** 13,218 · 45.2 · 1.47 · 0.004: three significant digits are enough. */
export function figureText(value: number): string {
	if (!Number.isFinite(value)) return "-";
	const size = Math.abs(value);
	const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
	return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
/** The percentage of a whole. */
export const share = (part: number, whole: number): string => `${figureText(Math.round((part / whole) * 1_000) / 10)} %`;
/** A multiple. */
export const times = (figure: number): string => `${figureText(figure)} ×`;

const text = (cell: Cell): string => (typeof cell === "number" ? figureText(cell) : cell);
const isNumeric = (cell: Cell | undefined): boolean => typeof cell === "number" || /^[-\d.,]+ ?[%×]?$/.test(cell ?? "");

export function tableText({ caption, columns, rows }: Table): string {
	const right = columns.map((_, i) => rows.some((row) => isNumeric(row[i])) && rows.every((row) => isNumeric(row[i]) || row[i] === ""));
	const cells = [columns, ...rows.map((row) => columns.map((_, i) => text(row[i] ?? "")))];
	const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => row[i]?.length ?? 0)));
	const line = (row: readonly string[]) =>
		`| ${row.map((cell, i) => (right[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(" | ")} |`;
	const rule = `| ${widths.map((width, i) => (right[i] ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
	const [head = [], ...body] = cells;
	return [...(caption ? [`${caption}\n`] : []), line(head), rule, ...body.map(line)].join("\n");
}
