/** Errors - refusals and failures as Moleculer errors, which keep their meaning from node to node in `type` and `code` alone. */
import { Errors } from "moleculer";
import { CODES } from "./codes.ts";
import { type Code, isRefusal, receivedRefusal, type Refusal } from "../../model/index.ts";
import { StoreUnavailable, StreamUnreadable } from "../../store/log.ts";
import { CallerGone } from "./caller-gone.ts";

/** One field that is not as expected. */
export interface FieldError {
	readonly field: string;
	readonly message: string;
	readonly expected?: unknown;
	readonly actual?: unknown;
}

/** A refusal on its way to the caller: final, never retried. */
export const refusalError = ({ detail, status, code }: Refusal, data?: unknown): Error =>
	new Errors.MoleculerClientError(detail, status, code, data);

/** Fields that are not as expected: 422. */
export const invalid = (errors: readonly FieldError[], detail = "The content is not valid"): Error =>
	new Errors.ValidationError(detail, CODES.VALIDATION_ERROR.name, errors);

/** Whether a service reported that its content is not valid. */
export const isInvalid = (error: unknown): boolean => error instanceof Errors.ValidationError;

/** A temporary failure: 503, may be retried. */
export const unavailable = ({ name, status }: Code<string, 503>, detail: string): Error =>
	new Errors.MoleculerRetryableError(detail, status, name);

/** A failure that a retry does not fix: 500. */
export const broken = ({ name, status }: Code<string, 500>, detail: string): Error => new Errors.MoleculerError(detail, status, name);

/** A failure on its way to the caller; it is retryable, except for stored data that cannot be read. */
export function failureError(error: unknown): Error {
	if (error instanceof StoreUnavailable || error instanceof CallerGone) return unavailable(CODES[error.code], error.message);
	if (error instanceof StreamUnreadable) return broken(CODES[error.code], error.message);
	return error instanceof Error ? error : new Error(String(error));
}

/** Whether the error is temporary: a service or store was unavailable, or time ran out, so there is no answer. */
export function isOutage(error: unknown): boolean {
	if (error instanceof StoreUnavailable || error instanceof CallerGone) return true;
	if (!(error instanceof Error)) return false;
	const { type, retryable } = error as { type?: unknown; retryable?: unknown }; // Moleculer's own fields
	return retryable === true || type === "REQUEST_SKIPPED" || type === "SERVICE_NOT_FOUND";
}

/** Whether the store failed, on this node or on one that was called. */
export const isOfStore = (error: unknown): boolean =>
	error instanceof StoreUnavailable || (error instanceof Error && "type" in error && error.type === CODES.STORE_UNAVAILABLE.name);

/** Whether stored data could not be read, on this node or on one that was called. */
export const isUnreadable = (error: unknown): boolean =>
	error instanceof StreamUnreadable || (error instanceof Error && "type" in error && error.type === CODES.STREAM_UNREADABLE.name);

/** The refusal that an error from another actor carries; null for a failure. */
export function refusalOf(error: unknown): Refusal | null {
	if (isRefusal(error)) return error;
	if (!(error instanceof Error) || !("code" in error) || !("type" in error)) return null;
	const { code, type } = error;
	return typeof code === "number" && code >= 400 && code < 500 && code !== 429 && typeof type === "string" && type !== "SERVICE_NOT_FOUND"
		? receivedRefusal(type, code, error.message)
		: null;
}

/** Limits of what an answer says about a bad request: field errors of one content, and bytes of a list of refused lines. */
const MOST_FIELDS = 20;
const MOST_BYTES = 256 * 1024;
/** Characters of a caller's text that an answer repeats. */
const MOST_TEXT = 100;
/** Characters of a sentence, which may contain such texts. */
const LONGEST_SENTENCE = 1000;

/** The text, cut to `most` characters. */
export const brief = (text: string, most = MOST_TEXT): string => (text.length > most ? `${text.slice(0, most).toWellFormed()}...` : text);
/** The same for a sentence. */
export const sentence = (text: string): string => brief(text, LONGEST_SENTENCE);

/** The first refused lines: at most `most`, and no more than fit into one answer. */
export function firstOf<T extends { readonly line: number }>(refused: readonly T[], most: number): T[] {
	const first = refused.toSorted((a, b) => a.line - b.line).slice(0, most);
	let bytes = 0;
	const fitting = first.findIndex((one) => (bytes += Buffer.byteLength(JSON.stringify(one))) > MOST_BYTES);
	return fitting < 0 ? first : first.slice(0, fitting);
}

/** Turns fastest-validator's complaints about `params` into field errors with the expected value; field errors pass through, bounded. */
export function fieldErrors(complaints: unknown, params?: unknown): FieldError[] {
	const given: readonly Record<string, unknown>[] = Array.isArray(complaints) ? complaints : [];
	const errors: FieldError[] = [];
	for (const complaint of given) {
		if (errors.length >= MOST_FIELDS) break;
		if (complaint["type"] === "objectStrict") errors.push(...strangers(complaint, params, MOST_FIELDS - errors.length));
		else errors.push(fieldError(complaint));
	}
	return errors;
}

const fieldError = (complaint: Record<string, unknown>): FieldError => ({
	field: brief(String(complaint["field"] ?? "")),
	message: brief(String(complaint["message"]), 2 * MOST_TEXT),
	expected: shown(expectation(complaint), LONGEST_SENTENCE),
	actual: shown(complaint["actual"], MOST_TEXT),
});

/** Unknown fields, read from the object itself: the complaint joins their names with commas, and a name may contain commas. */
function strangers({ field, expected }: Record<string, unknown>, params: unknown, most: number): FieldError[] {
	const path = typeof field === "string" && field !== "$root" ? field : "";
	const known = new Set(String(expected).split(", ")); // our own field names
	const object = path === "" ? params : path.split(".").reduce<unknown>((at, name) => Object(at)[name], params);
	return Object.keys(Object(object))
		.filter((name) => !known.has(name))
		.slice(0, most)
		.map((name) => ({
			field: brief(path === "" ? name : `${path}.${name}`),
			message: "There is no such field",
			expected: `one of: ${String(expected)}`,
		}));
}

const EXPECTED: Readonly<Record<string, string>> = {
	required: "a value",
	string: "a text",
	number: "a number",
	numberInteger: "a whole number",
	object: "an object",
	array: "an array",
	stringMin: "a text that is not empty",
	stringEmpty: "a text that is not empty",
};
function expectation({ type, expected }: Record<string, unknown>): unknown {
	const known = EXPECTED[String(type)];
	if (known) return known;
	if (type === "numberMin" || type === "numberMax") return `${type === "numberMin" ? "at least" : "at most"} ${String(expected)}`;
	return type === "stringMax" ? `at most ${String(expected)} characters` : expected;
}
/** The value as an answer shows it, bounded. */
function shown(value: unknown, most: number): unknown {
	if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
	return typeof value === "string" ? brief(value, most) : value;
}
