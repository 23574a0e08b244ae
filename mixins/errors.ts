/** Errors - refusals and failures as Moleculer carries them from node to node; told apart by `type` and `code` alone. */
import { Errors } from "moleculer";
import { isRefusal, type Refusal, refuse } from "../model/index.ts";
import { StoreUnavailable, StreamUnreadable } from "../store/log.ts";
import { CallerGone } from "./jobs.ts";

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
	new Errors.ValidationError(detail, "VALIDATION_ERROR", errors);

/** A failure on its way to the caller: may be tried again, but where nobody understands what is stored. */
export function failureError(error: unknown): Error {
	if (error instanceof StoreUnavailable || error instanceof CallerGone)
		return new Errors.MoleculerRetryableError(error.message, 503, error.code);
	if (error instanceof StreamUnreadable) return new Errors.MoleculerError(error.message, 500, error.code);
	return error instanceof Error ? error : new Error(String(error));
}

/** Whether nobody could say: the service, the store or the time was missing, not the will. */
export function isOutage(error: unknown): boolean {
	if (error instanceof StoreUnavailable || error instanceof CallerGone) return true;
	if (!(error instanceof Error)) return false;
	const { type, retryable } = error as { type?: unknown; retryable?: unknown }; // Moleculer's own fields
	return retryable === true || type === "REQUEST_SKIPPED" || type === "SERVICE_NOT_FOUND";
}

/** Whether what is stored is not understood, here or where somebody was asked. */
export const isUnreadable = (error: unknown): boolean =>
	error instanceof StreamUnreadable || (error instanceof Error && "type" in error && error.type === "STREAM_UNREADABLE");

/** The refusal an error from another actor stands for; null for a failure. */
export function refusalOf(error: unknown): Refusal | null {
	if (isRefusal(error)) return error;
	if (!(error instanceof Error) || !("code" in error) || !("type" in error)) return null;
	const { code, type } = error;
	return typeof code === "number" && code >= 400 && code < 500 && code !== 429 && typeof type === "string" && type !== "SERVICE_NOT_FOUND"
		? refuse(type, code, error.message)
		: null;
}

/** fastest-validator's complaints, one a field, each with what was expected. */
export function fieldErrors(complaints: unknown): FieldError[] {
	if (!Array.isArray(complaints)) return [];
	return complaints.flatMap((complaint: Record<string, unknown>): FieldError[] => {
		const field = String(complaint["field"] ?? "");
		if (complaint["type"] !== "objectStrict")
			return [{ field, message: String(complaint["message"]), expected: expectation(complaint), actual: brief(complaint["actual"]) }];
		const prefix = field && field !== "$root" ? `${field}.` : "";
		return String(complaint["actual"])
			.split(", ")
			.map((name) => ({
				field: String(brief(`${prefix}${name}`)),
				message: "There is no such field",
				expected: `one of: ${String(complaint["expected"])}`,
			}));
	});
}

const EXPECTED: Readonly<Record<string, string>> = {
	required: "a value",
	string: "a text",
	number: "a number",
	numberInteger: "a whole number",
	object: "an object",
	array: "an array",
	stringEmpty: "a text that is not empty",
};
function expectation({ type, expected }: Record<string, unknown>): unknown {
	const known = EXPECTED[String(type)];
	if (known) return known;
	if (type === "stringMin" || type === "stringMax")
		return `${type === "stringMin" ? "at least" : "at most"} ${String(expected)} characters`;
	if (type === "numberMin" || type === "numberMax") return `${type === "numberMin" ? "at least" : "at most"} ${String(expected)}`;
	return expected instanceof RegExp ? expected.source : expected;
}
/** What came, but not a megabyte of it. */
function brief(value: unknown): unknown {
	if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
	return typeof value === "string" && value.length > 100 ? `${value.slice(0, 100)}...` : value;
}
