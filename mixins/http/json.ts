/** Json - decodes and parses JSON objects, and refuses excessive ones. Returns problems instead of throwing: a request may have millions. */
import { CODES } from "../common/codes.ts";
import { type Code } from "../../model/index.ts";

export interface JsonProblem {
	readonly code: Code;
	readonly detail: string;
}
/** No command comes near these limits. */
const MAX_DEPTH = 16;
const MAX_VALUES = 1000;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

export const NOT_UTF8: JsonProblem = { code: CODES.MALFORMED, detail: "The content is not UTF-8" };
/** The text of the bytes, or null if they are not UTF-8. */
export function decoded(bytes: Buffer): string | null {
	try {
		return UTF8.decode(bytes);
	} catch {
		return null;
	}
}

export type Parsed = { readonly params: Record<string, unknown> } | { readonly problem: JsonProblem };

export function parseObject(text: string): Parsed {
	const excess = excessOf(text);
	if (excess !== null) return { problem: { code: CODES.MALFORMED, detail: `The content ${excess}` } };
	const traced = Error.stackTraceLimit;
	let value: unknown;
	try {
		Error.stackTraceLimit = 0; // capturing an unused stack trace would be most of the cost of a malformed line
		value = JSON.parse(text);
	} catch {
		return { problem: { code: CODES.MALFORMED, detail: "The content is not JSON" } };
	} finally {
		Error.stackTraceLimit = traced;
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		return { problem: { code: CODES.VALIDATION_ERROR, detail: "The content is not a JSON object" } };
	return { params: value as Record<string, unknown> }; // a JSON object has only string keys
}

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Why the JSON is refused, or null. Parsing deep or wide JSON costs far more than this scan. */
function excessOf(text: string): string | null {
	let values = 1;
	let depth = 0;
	for (let i = 0; i < text.length; i++) {
		const character = text.charCodeAt(i);
		if (character === QUOTE) {
			i = endOfString(text, i);
			if (i < 0) return null; // JSON.parse reports it
		} else if (character === COMMA) values++;
		else if (character === OPEN_LIST || character === OPEN_OBJECT) {
			values++;
			if (++depth > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} deep`;
		} else if (character === CLOSE_LIST || character === CLOSE_OBJECT) depth--;
		if (values > MAX_VALUES) return `has more than ${MAX_VALUES} values`;
	}
	return null;
}

/** The position of the closing quote of the string that opens at `from`, or -1. */
function endOfString(text: string, from: number): number {
	for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
		let escapes = 0;
		while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
		if (escapes % 2 === 0) return end;
	}
	return -1;
}
