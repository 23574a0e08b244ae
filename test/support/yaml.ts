/** Yaml - as much of it as our own files use: mappings, lists of mappings, and text on one line; what is more than that is an error. */
export type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml };
interface Line {
	readonly number: number;
	readonly indent: number;
	readonly text: string;
}

export function parseYaml(text: string): Yaml {
	const lines = text.split("\n").flatMap((raw, i): Line[] => {
		const indent = raw.search(/\S/);
		return indent < 0 || raw[indent] === "#" ? [] : [{ number: i + 1, indent, text: raw.slice(indent) }];
	});
	const value = block(lines, lines[0]?.indent ?? 0);
	if (lines[0]) throw new Error(`line ${lines[0].number} stands nowhere: ${lines[0].text}`);
	return value;
}

/** Takes the lines of one block away. */
function block(lines: Line[], indent: number): Yaml {
	return lines[0]?.text.startsWith("- ") ? list(lines, indent) : mapping(lines, indent);
}
function list(lines: Line[], indent: number): Yaml[] {
	const items: Yaml[] = [];
	for (let line = lines[0]; line?.indent === indent && line.text.startsWith("- "); line = lines[0]) {
		lines[0] = { ...line, indent: indent + 2, text: line.text.slice(2) }; // the first key stands behind the dash
		items.push(mapping(lines, indent + 2));
	}
	return items;
}
function mapping(lines: Line[], indent: number): Record<string, Yaml> {
	const found: Record<string, Yaml> = {};
	for (let line = lines[0]; line?.indent === indent && !line.text.startsWith("- "); line = lines[0]) {
		const [, key, rest] = /^([a-zA-Z_]+):(?: (.+))?$/.exec(line.text) ?? [];
		if (key === undefined || key in found) throw new Error(`line ${line.number}: not one more "key: value": ${line.text}`);
		lines.shift();
		found[key] = rest === undefined ? block(lines, lines[0]?.indent ?? indent) : scalar(rest, line.number);
	}
	return found;
}
function scalar(text: string, number: number): string {
	if (text.startsWith('"')) return JSON.parse(text) as string; // throws on what is none
	if (/^[|>&*!%@`'{[]|: | #/.test(text)) throw new Error(`line ${number}: has to be in quotes: ${text}`);
	return text;
}
