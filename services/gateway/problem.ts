/** Problem - every error the API answers, as application/problem+json (RFC 9457): a code to test for, a sentence to read, the fields that are wrong. */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import { type FieldError, fieldErrors, sentence } from "../../mixins/errors.ts";

export interface Problem {
	readonly status: number;
	readonly code: string;
	readonly detail: string;
	readonly errors?: readonly FieldError[];
	/** Seconds. */
	readonly retryAfter?: number;
}

export class ProblemError extends Error {
	readonly problem: Problem;
	constructor(status: number, code: string, detail: string, errors?: readonly FieldError[]) {
		super(detail);
		this.problem = { status, code, detail, ...(errors ? { errors } : {}) };
	}
}
/** One field of a request that is not as it should be: 422. */
export const invalidField = (field: string, message: string, expected?: unknown, actual?: unknown): ProblemError =>
	new ProblemError(422, "VALIDATION_ERROR", "The request is not valid", [
		{ field, message, ...(expected === undefined ? {} : { expected }), ...(actual === undefined ? {} : { actual }) },
	]);

/** What Moleculer and the body parsers call these, by `type`. */
const KNOWN: Readonly<Record<string, Omit<Problem, "detail">>> = {
	SERVICE_NOT_FOUND: { status: 503, code: "SERVICE_UNAVAILABLE", retryAfter: 1 },
	SERVICE_NOT_AVAILABLE: { status: 503, code: "SERVICE_UNAVAILABLE", retryAfter: 1 },
	REQUEST_TIMEOUT: { status: 503, code: "REQUEST_TIMEOUT", retryAfter: 1 },
	REQUEST_REJECTED: { status: 503, code: "SERVICE_UNAVAILABLE", retryAfter: 1 },
	QUEUE_FULL: { status: 503, code: "TOO_BUSY", retryAfter: 1 },
	"entity.parse.failed": { status: 400, code: "MALFORMED" },
	"entity.too.large": { status: 413, code: "TOO_LARGE" },
	"charset.unsupported": { status: 415, code: "UNSUPPORTED_MEDIA_TYPE" },
	"encoding.unsupported": { status: 415, code: "UNSUPPORTED_MEDIA_TYPE" },
	ERR_INVALID_URL: { status: 400, code: "MALFORMED" },
	INVALID_PARAMETERS: { status: 400, code: "MALFORMED" },
	REQUEST_SKIPPED: { status: 503, code: "REQUEST_TIMEOUT", retryAfter: 1 }, // its time was up before it was even sent
	STORE_UNAVAILABLE: { status: 503, code: "STORE_UNAVAILABLE", retryAfter: 1 },
	STREAM_UNREADABLE: { status: 500, code: "STREAM_UNREADABLE" },
	CALLER_GONE: { status: 503, code: "REQUEST_TIMEOUT", retryAfter: 1 },
};
const WORDS: Readonly<Record<number, string>> = {
	400: "MALFORMED",
	404: "NOT_FOUND",
	413: "TOO_LARGE",
	415: "UNSUPPORTED_MEDIA_TYPE",
	429: "TOO_MANY_REQUESTS",
	503: "SERVICE_UNAVAILABLE",
};

/** The problem an error stands for, short whatever the error holds. */
export function problemOf(error: unknown): Problem {
	const problem = error instanceof ProblemError ? error.problem : translated(error);
	const { detail, errors } = problem;
	return { ...problem, detail: sentence(detail), ...(errors ? { errors: fieldErrors(errors) } : {}) };
}

/** Errors of our own whose `type` is a code of the catalogue; a library's type is not. */
const OURS: ReadonlySet<unknown> = new Set(["MoleculerClientError", "ValidationError"]);

/** An unforeseen error is a 500 without its details. */
function translated(error: unknown): Problem {
	const { name, type, code, status, message, data } = error as {
		name?: unknown;
		type?: unknown;
		code?: unknown;
		status?: unknown;
		message?: unknown;
		data?: unknown;
	}; // an error of any library
	const detail = String(message ?? "");
	const known = KNOWN[String(type)] ?? KNOWN[String(code)];
	if (known) return { ...known, detail };
	const number = typeof code === "number" ? code : typeof status === "number" ? status : 500;
	if (type === "VALIDATION_ERROR" && Array.isArray(data))
		return { status: 422, code: "VALIDATION_ERROR", detail: "The request is not valid", errors: data };
	if (number === 503) return { status: 503, code: typeof type === "string" && type ? type : "SERVICE_UNAVAILABLE", detail, retryAfter: 1 };
	if (number >= 400 && number < 500)
		return {
			status: number,
			code: typeof type === "string" && OURS.has(name) && /^[A-Z][A-Z0-9_]+$/.test(type) ? type : (WORDS[number] ?? "MALFORMED"),
			detail,
		};
	return { status: 500, code: "INTERNAL_ERROR", detail: "Something went wrong on our side" };
}

export function sendProblem(
	req: IncomingMessage,
	res: ServerResponse,
	{ status, code, detail, errors, retryAfter }: Problem,
	more: object = {},
): void {
	if (res.headersSent || res.destroyed) {
		res.destroy();
		return;
	}
	const body = JSON.stringify({
		type: `urn:vigie:problem:${code}`,
		title: STATUS_CODES[status] ?? "Error",
		status,
		code,
		detail,
		...(errors ? { errors } : {}),
		...more,
	});
	res.writeHead(status, {
		"Content-Type": "application/problem+json; charset=utf-8",
		"Content-Length": Buffer.byteLength(body),
		...(retryAfter ? { "Retry-After": String(retryAfter) } : {}),
		...(req.complete ? {} : { Connection: "close" }), // the rest of what was sent is not read
	});
	res.end(body);
}
