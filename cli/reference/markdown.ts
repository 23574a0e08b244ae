/** Markdown - how a page of reference is put together: a title, what it is for, where it comes from, tables nobody has to align. */

/** The command that writes all pages. */
export const COMMAND = "npm run reference";

/** A page: its title, one paragraph on what it is for, and the rest. */
export const page = (title: string, introduction: string, ...parts: readonly string[]): string =>
	`${[`# ${title}`, introduction, `*Generated from the models and the code; do not edit. \`${COMMAND}\` writes it again.*`, ...parts]
		.filter((part) => part !== "")
		.join("\n\n")}\n`;

/** A cell stands on one line, and a bar in it ends no column. */
const cell = (text: string): string => text.replace(/\s+/g, " ").trim().replaceAll("|", "\\|");

/** Columns with nothing in them are left out; no rows, no table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	if (rows.length === 0) return "";
	const kept = head.map((_, i) => i).filter((i) => rows.some((row) => (row[i] ?? "") !== ""));
	const line = (cells: readonly string[]): string => `| ${kept.map((i) => cell(cells[i] ?? "")).join(" | ")} |`;
	return [line(head), `|${kept.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** Points of a list; the empty ones are left out. */
export const list = (...points: readonly string[]): string =>
	points
		.filter((point) => point !== "")
		.map((point) => `- ${point}`)
		.join("\n");

export const code = (text: string): string => `\`${text}\``;
export const codes = (texts: Iterable<string>): string => [...texts].map(code).join(", ");

/** Where a heading can be reached inside its page, as GitHub makes it. */
export const anchor = (heading: string): string =>
	heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N} _-]/gu, "")
		.replaceAll(" ", "-");
export const link = (heading: string, file = ""): string => `[${code(heading)}](${file}#${anchor(heading)})`;

/** A sentence begins with a capital and ends with a full stop. */
export const sentence = (text: string): string => {
	const trimmed = text.trim().replace(/\s+/g, " ");
	return trimmed === "" ? "" : `${trimmed[0]?.toUpperCase()}${trimmed.slice(1)}${/[.!?:]$/.test(trimmed) ? "" : "."}`;
};

/** The unit a number's name says it is in. */
export function unitOf(path: string): string {
	const name = path.split(".").at(-1) ?? "";
	if (/Kmh$/.test(name)) return "km/h";
	if (/Meters$/.test(name)) return "m";
	if (/Minor$/.test(name)) return "minor units of `currency`";
	return /^(latitude|longitude)$/.test(name) ? "°" : "";
}
