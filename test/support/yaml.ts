/** Yaml - parses the part of YAML that our files use: mappings, lists, inline text and lists, anchors and merges. It throws on the rest. */
export type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml };
interface Line {
	readonly number: number;
	readonly indent: number;
	readonly text: string;
}
/** Remaining lines, and anchored values by name. */
interface Rest {
	readonly lines: Line[];
	readonly anchors: Map<string, Yaml>;
}
const KEY = /^([\w.-]+|<<):(?: (.+))?$/;

export function parseYaml(text: string): Yaml {
	const lines = text.split("\n").flatMap((raw, i): Line[] => {
		const indent = raw.search(/\S/);
		return indent < 0 || raw[indent] === "#" ? [] : [{ number: i + 1, indent, text: raw.slice(indent) }];
	});
	const value = block({ lines, anchors: new Map() }, lines[0]?.indent ?? 0);
	if (lines[0]) throw new Error(`line ${lines[0].number} does not belong to any block: ${lines[0].text}`);
	return value;
}

/** Parses one block, and removes its lines. */
function block(rest: Rest, indent: number): Yaml {
	return rest.lines[0]?.text.startsWith("- ") ? list(rest, indent) : mapping(rest, indent);
}
function list(rest: Rest, indent: number): Yaml[] {
	const { lines } = rest;
	const items: Yaml[] = [];
	for (let line = lines[0]; line?.indent === indent && line.text.startsWith("- "); line = lines[0]) {
		const text = line.text.slice(2);
		if (KEY.test(text)) {
			lines[0] = { ...line, indent: indent + 2, text }; // the first key follows the dash
			items.push(mapping(rest, indent + 2));
		} else {
			lines.shift();
			items.push(scalar(text, line.number, rest));
		}
	}
	return items;
}
function mapping(rest: Rest, indent: number): Record<string, Yaml> {
	const { lines, anchors } = rest;
	let merged: Yaml = {};
	const found: Record<string, Yaml> = {};
	for (let line = lines[0]; line?.indent === indent && !line.text.startsWith("- "); line = lines[0]) {
		const [, key, given] = KEY.exec(line.text) ?? [];
		if (key === undefined || key in found) throw new Error(`line ${line.number}: not one more "key: value": ${line.text}`);
		lines.shift();
		const anchor = /^&([\w-]+)$/.exec(given ?? "")?.[1];
		const value = given === undefined || anchor !== undefined ? block(rest, lines[0]?.indent ?? indent) : scalar(given, line.number, rest);
		if (anchor !== undefined) anchors.set(anchor, value);
		if (key === "<<") merged = value;
		else found[key] = value;
	}
	return { ...(merged as Record<string, Yaml>), ...found };
}
function scalar(text: string, number: number, { anchors }: Rest): Yaml {
	if (/^["[]|^\{\}$/.test(text)) return JSON.parse(text) as Yaml; // throws on invalid JSON
	const named = /^\*([\w-]+)$/.exec(text)?.[1];
	const value = named === undefined ? undefined : anchors.get(named);
	if (value !== undefined) return value;
	if (/^[|>&*!%@`'{[]|: | #/.test(text)) throw new Error(`line ${number}: has to be in quotes: ${text}`);
	return text;
}
