/** ByteScan - searches files and outputs for texts in the encodings in which a text usually ends up in files. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** UTF-16 of a text; big-endian by swapping the bytes. */
const utf16 = (text: string, bigEndian: boolean): Buffer => {
	const bytes = Buffer.from(text, "utf16le");
	return bigEndian ? bytes.swap16() : bytes;
};
/** Base64 of the text wherever it begins in a longer text: without the characters that depend on the bytes around it. */
function base64(text: string, before: number): string {
	const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
	const end = whole.length - (whole.length % 3);
	return whole
		.subarray(0, end)
		.toString("base64")
		.slice(Math.ceil((before * 8) / 6));
}
const escaped = (text: string, capitals: boolean): string =>
	text.replaceAll(/[^\x20-\x7e]/g, (letter) => {
		const code = letter.charCodeAt(0).toString(16).padStart(4, "0");
		return `\\u${capitals ? code.toUpperCase() : code}`;
	});

/** The forms of a text, by name. */
export function formsOf(text: string): ReadonlyMap<string, Buffer> {
	const hex = Buffer.from(text).toString("hex");
	const forms: [string, string | Buffer][] = [
		["UTF-8", text],
		["UTF-8, lower case", text.toLowerCase()],
		["UTF-16", utf16(text, false)],
		["UTF-16, big-endian", utf16(text, true)],
		["Latin-1", Buffer.from(text, "latin1")],
		["hex", hex],
		["hex in capitals", hex.toUpperCase()],
		["JSON escapes", escaped(text, false)],
		["JSON escapes in capitals", escaped(text, true)],
		["percent-encoding", encodeURIComponent(text)],
		...[0, 1, 2].map((before): [string, string] => [`base64 after ${before} bytes`, base64(text, before)]),
		...[0, 1, 2].map((before): [string, string] => [
			`base64url after ${before} bytes`,
			base64(text, before).replaceAll("+", "-").replaceAll("/", "_"),
		]),
	];
	return new Map(forms.map(([name, form]) => [name, Buffer.from(form)]));
}

/** The occurrences of texts: `file: text as form`. `outputs`: further contents by name. */
export function occurrences(folder: string, texts: readonly string[], outputs: Readonly<Record<string, string>> = {}): string[] {
	const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
	const contents = files.filter((file) => statSync(file).isFile()).map((file) => [relative(folder, file), readFileSync(file)] as const);
	const all = [...contents, ...Object.entries(outputs).map(([name, output]) => [name, Buffer.from(output)] as const)];
	return all.flatMap(([name, bytes]) =>
		texts.flatMap((text) =>
			[...formsOf(text)].flatMap(([form, wanted]) => (bytes.includes(wanted) ? [`${name}: ${text} as ${form}`] : [])),
		),
	);
}
