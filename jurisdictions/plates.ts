/** Plates - how the text on a plate becomes the one spelling its country's law gives it, or stays as it was read. */
import type { PlateRule } from "./pack.ts";

/** The normalised text when well-formed, else exactly as read. */
export interface Plate {
	readonly plate: string;
	readonly wellFormed: boolean;
}

const asciiOnly = /^[\t-\r -~]*$/;
const withoutRule = /^(?=.*[A-Z0-9])[A-Z0-9 -]{2,15}$/;

/** A plate of a country whose series are known: it fits one of them or is not well-formed. */
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

/** A plate of a country without a rule here: Latin letters, digits, blanks and hyphens, 2 to 15 of them, not all blanks and hyphens. */
export function readWithoutRule(text: string): Plate {
	const folded = fold(text);
	return folded !== null && withoutRule.test(folded) ? { plate: folded, wellFormed: true } : { plate: text, wellFormed: false };
}

// Looked at before anything else: upper-casing turns "ß" into "SS" and "ı" into "I", and a plate nobody has would be born.
function fold(text: string): string | null {
	return asciiOnly.test(text) ? text.trim().replace(/\s+/g, " ").toUpperCase() : null;
}
