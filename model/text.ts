/**
 * Text - which texts are accepted, and the one form each is stored in, so that two that look alike are equal: Unicode NFC, counted in
 * characters, something to see in it and nothing hidden.
 */

/** ASCII with at least one visible character: by far most texts, and nothing else has to be looked at. */
const PLAIN = /^ *[!-~][ -~]*$/;
/** Controls, line and paragraph separators, bidirectional and other format characters, invisible letters, half surrogates, noncharacters. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u;
/** U+2800 is a Braille cell without dots. */
const VISIBLE = /[[\p{L}\p{N}\p{P}\p{S}]--\u2800]/v;
/**
 * Spelling needs some invisible characters: a zero-width non-joiner between Arabic letters (Persian names), a joiner or non-joiner after
 * a mark of an Indic script, and the parts of an emoji.
 */
const SPELLING = [
	/(?<=\p{sc=Arab})\u200c(?=\p{sc=Arab})/gu,
	/(?<=[\p{M}&&[\p{sc=Deva}\p{sc=Beng}\p{sc=Guru}\p{sc=Gujr}\p{sc=Orya}\p{sc=Taml}\p{sc=Telu}\p{sc=Knda}\p{sc=Mlym}\p{sc=Sinh}]])[\u200c\u200d]/gv,
	/\p{RGI_Emoji}/gv,
];
/** No composed character has more code units than this before normalization. */
const LONGEST_CHARACTER = 8;

/** The text in NFC; null where it has more characters than `max` (code points, not the code units of a string). */
export function normalized(text: string, max: number): string | null {
	if (text.length <= max && PLAIN.test(text)) return text;
	if (text.length > max * LONGEST_CHARACTER) return null;
	const composed = text.normalize();
	return composed.length <= max || [...composed].length <= max ? composed : null;
}

/** Whether there is something to see, and nothing hidden in it. */
export const readable = (text: string): boolean =>
	PLAIN.test(text) || (VISIBLE.test(text) && !HIDDEN.test(SPELLING.reduce((rest, needed) => rest.replace(needed, ""), text)));

/** A text that may be stored, from any: hidden characters become blanks, more than `max` characters are cut off. */
export const legible = (text: string, max: number): string => {
	const seen = text
		.slice(0, max * LONGEST_CHARACTER)
		.normalize()
		.replace(new RegExp(HIDDEN, "gu"), " ");
	const cut = [...seen.trim()].slice(0, max).join("");
	return readable(cut) ? cut : "-";
};
