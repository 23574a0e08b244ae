/** Markdown - builds the text of a reference page: title, introduction, origin and tables, without manual alignment. */

/** The command that writes all pages. */
export const COMMAND = "npm run reference";

/** A page: its title, an introduction of one paragraph, and the other parts. */
export const page = (title: string, introduction: string, ...parts: readonly string[]): string =>
	`${[`# ${title}`, introduction, `*Generated from the models and the code; do not edit. \`${COMMAND}\` updates it.*`, ...parts]
		.filter((part) => part !== "")
		.join("\n\n")}\n`;

/** One line of text in which a bar does not end the column. */
const cell = (text: string): string => text.replace(/\s+/g, " ").trim().replaceAll("|", "\\|");

/** A table without its empty columns; no text if there are no rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	if (rows.length === 0) return "";
	const kept = head.map((_, i) => i).filter((i) => rows.some((row) => (row[i] ?? "") !== ""));
	const line = (cells: readonly string[]): string => `| ${kept.map((i) => cell(cells[i] ?? "")).join(" | ")} |`;
	return [line(head), `|${kept.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** A list without its empty points. */
export const list = (...points: readonly string[]): string =>
	points
		.filter((point) => point !== "")
		.map((point) => `- ${point}`)
		.join("\n");

export const code = (text: string): string => `\`${text}\``;
export const codes = (texts: Iterable<string>): string => [...texts].map(code).join(", ");

/** The fragment of a heading, as GitHub generates it. */
export const anchor = (heading: string): string =>
	heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N} _-]/gu, "")
		.replaceAll(" ", "-");
export const link = (heading: string, file = ""): string => `[${code(heading)}](${file}#${anchor(heading)})`;

/** Adds a capital letter at the beginning and a full stop at the end. */
export const sentence = (text: string): string => {
	const trimmed = text.trim().replace(/\s+/g, " ");
	return trimmed === "" ? "" : `${trimmed[0]?.toUpperCase()}${trimmed.slice(1)}${/[.!?:]$/.test(trimmed) ? "" : "."}`;
};

/** The unit that the name of a field implies. */
export function unitOf(path: string): string {
	const name = path.split(".").at(-1) ?? "";
	if (/Kmh$/.test(name)) return "km/h";
	if (/Meters$/.test(name)) return "m";
	if (/Minor$/.test(name)) return "minor units of `currency`";
	return /^(latitude|longitude)$/.test(name) ? "°" : "";
}
