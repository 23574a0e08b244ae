/** Plates - normalizes the text of a plate to the spelling of its country, or keeps it as read. */
import type { PlateRule } from "./pack.ts";

/** The normalized text if it is well-formed, otherwise exactly as read. */
export interface Plate {
	readonly plate: string;
	readonly wellFormed: boolean;
}

const asciiOnly = /^[\t-\r -~]*$/;
const withoutRule = /^(?=.*[A-Z0-9])[A-Z0-9 -]{2,15}$/;

/** Reads a plate of a country with rules: it matches one of them or is not well-formed. */
export function readByRules(rules: readonly PlateRule[], text: string): Plate {
	for (const rule of rules) if (rule.exact.test(text)) return { plate: text, wellFormed: true };
	const folded = fold(text);
	if (folded !== null)
		for (const rule of rules) {
			const plate = rule.layout.exec(folded)?.slice(1).join(rule.separator);
			if (plate !== undefined && rule.exact.test(plate)) return { plate, wellFormed: true };
		}
	return { plate: text, wellFormed: false };
}

/** Reads a plate of a country without rules: 2 to 15 Latin letters, digits, blanks and hyphens, not all blanks and hyphens. */
export function readWithoutRule(text: string): Plate {
	const folded = fold(text);
	return folded !== null && withoutRule.test(folded) ? { plate: folded, wellFormed: true } : { plate: text, wellFormed: false };
}

// ASCII is checked first: upper-casing turns "ß" into "SS" and "ı" into "I", which would invent a plate.
function fold(text: string): string | null {
	return asciiOnly.test(text) ? text.trim().replace(/\s+/g, " ").toUpperCase() : null;
}
