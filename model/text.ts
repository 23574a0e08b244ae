/**
 * Text - the rules for texts: stored in Unicode NFC so that equal texts compare equal, counted in code points, with at least one visible
 * character and no hidden ones. It also compares values as the JSON texts they are stored as.
 */

/** Printable ASCII with at least one visible character. Most texts match it and need no further check. */
const PLAIN = /^ *[!-~][ -~]*$/;
/** Controls, line and paragraph separators, bidirectional and other format characters, invisible letters, lone surrogates, noncharacters. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u;
/** U+2800 is excluded: a Braille cell without dots. */
const VISIBLE = /[[\p{L}\p{N}\p{P}\p{S}]--\u2800]/v;
/**
 * Hidden characters that spelling needs: a zero-width non-joiner between Arabic letters (Persian names), a joiner or non-joiner after a
 * mark of an Indic script, and those inside an emoji sequence.
 */
const SPELLING = [
	/(?<=\p{sc=Arab})\u200c(?=\p{sc=Arab})/gu,
	/(?<=[\p{M}&&[\p{sc=Deva}\p{sc=Beng}\p{sc=Guru}\p{sc=Gujr}\p{sc=Orya}\p{sc=Taml}\p{sc=Telu}\p{sc=Knda}\p{sc=Mlym}\p{sc=Sinh}]])[\u200c\u200d]/gv,
	/\p{RGI_Emoji}/gv,
];
/** Code units that one character may have before normalization; longer texts are refused without normalizing them. */
const LONGEST_CHARACTER = 8;

/** More combining marks in a row than any text has. Composing takes time that grows with the square of their number. */
const MARKS = /\p{M}{65}/u;

/** The text in NFC; unchanged if it has so many combining marks in a row that composing it would block the event loop. */
export const composed = (text: string): string => (MARKS.test(text) ? text : text.normalize());

/** The text in NFC, or null if it then has more than `max` code points. */
export function normalized(text: string, max: number): string | null {
	if (text.length <= max && PLAIN.test(text)) return text;
	if (text.length > max * LONGEST_CHARACTER) return null;
	const nfc = composed(text);
	return nfc.length <= max || [...nfc].length <= max ? nfc : null;
}

/** Whether the text has a visible character and no hidden ones. */
export const readable = (text: string): boolean =>
	PLAIN.test(text) || (VISIBLE.test(text) && !HIDDEN.test(SPELLING.reduce((rest, needed) => rest.replace(needed, ""), text)));

/** Turns any text into one that passes `text(max)`: hidden characters become blanks, and the rest is cut off. */
export const legible = (text: string, max: number): string => {
	const seen = composed(text.slice(0, max * LONGEST_CHARACTER)).replace(new RegExp(HIDDEN, "gu"), " ");
	const cut = [...seen.trim()].slice(0, max).join("");
	return readable(cut) ? cut : "-";
};

/** Deep equality of plain JSON, used for "already so". A key with the value undefined equals an absent key. */
export function sameJson(a: unknown, b: unknown): boolean {
	if (a === b || (a !== a && b !== b)) return true; // `===` also makes 0 equal to -0, because storage does not keep the sign
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
	const left = Object.entries(a).filter(([, value]) => value !== undefined);
	const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
	return left.length === right.size && left.every(([key, value]) => right.has(key) && sameJson(value, right.get(key)));
}

/** A copy without undefined values, so that an object stores and sends only what the caller gave. */
export function defined<T extends object>(fields: T): T {
	const out: Partial<T> = {};
	for (const key in fields) if (fields[key] !== undefined) out[key] = fields[key]; // `delete` would switch the object to slow dictionary mode
	return out as T; // only undefined values are missing
}

/** A copy without the fields `secret`, at every depth. Facts and states keep hashes and digests in fields of this name only, and no answer shows them. */
export function withoutSecrets(value: unknown): unknown {
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value)) return value.map(withoutSecrets);
	return Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => (name === "secret" ? [] : [[name, withoutSecrets(inner)]])));
}
