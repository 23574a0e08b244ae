/** Problem - error responses as application/problem+json (RFC 9457): a code for programs, a sentence for people, the invalid fields. */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import { type FieldError, fieldErrors, sentence } from "../../common/errors.ts";
import { endResponse } from "./lingering.ts";

export interface Problem {
	readonly status: number;
	readonly code: string;
	readonly detail: string;
	readonly errors?: readonly FieldError[];
	/** Seconds. */
	readonly retryAfter?: number;
	/** The methods that the path supports, for `Allow`. */
	readonly allow?: string;
}

export class ProblemError extends Error {
	readonly problem: Problem;
	constructor(status: number, code: string, detail: string, more: Pick<Problem, "errors" | "retryAfter" | "allow"> = {}) {
		super(detail);
		this.problem = { status, code, detail, ...more };
	}
}
/** 422: one field of the request is invalid. */
export const invalidField = (field: string, message: string, expected?: unknown, actual?: unknown): ProblemError =>
	new ProblemError(422, "VALIDATION_ERROR", "The request is not valid", {
		errors: [{ field, message, ...(expected === undefined ? {} : { expected }), ...(actual === undefined ? {} : { actual }) }],
	});
/** 405: the path exists, but not for this method. */
export const methodNotAllowed = (allow: string): ProblemError =>
	new ProblemError(405, "METHOD_NOT_ALLOWED", `This path supports ${allow}`, { allow });

/** Problems for errors of Moleculer and of the stores, by the `type` or `code` of the error. */
const KNOWN: ReadonlyMap<unknown, Omit<Problem, "detail">> = new Map<unknown, Omit<Problem, "detail">>([
	["SERVICE_NOT_FOUND", { status: 503, code: "SERVICE_UNAVAILABLE", retryAfter: 1 }],
	["SERVICE_NOT_AVAILABLE", { status: 503, code: "SERVICE_UNAVAILABLE", retryAfter: 1 }],
	["REQUEST_TIMEOUT", { status: 503, code: "REQUEST_TIMEOUT", retryAfter: 1 }],
	["REQUEST_REJECTED", { status: 503, code: "SERVICE_UNAVAILABLE", retryAfter: 1 }],
	["QUEUE_FULL", { status: 503, code: "TOO_BUSY", retryAfter: 1 }],
	["REQUEST_SKIPPED", { status: 503, code: "REQUEST_TIMEOUT", retryAfter: 1 }], // the deadline passed before the call was sent
	["STORE_UNAVAILABLE", { status: 503, code: "STORE_UNAVAILABLE", retryAfter: 1 }],
	["STREAM_UNREADABLE", { status: 500, code: "STREAM_UNREADABLE" }],
	["CALLER_GONE", { status: 503, code: "REQUEST_TIMEOUT", retryAfter: 1 }],
]);
const WORDS: Readonly<Record<number, string>> = {
	400: "MALFORMED",
	404: "NOT_FOUND",
	413: "TOO_LARGE",
	415: "UNSUPPORTED_MEDIA_TYPE",
	429: "TOO_MANY_REQUESTS",
	503: "SERVICE_UNAVAILABLE",
};

/** The problem for an error, bounded in size whatever the error contains. */
export function problemOf(error: unknown): Problem {
	const problem = error instanceof ProblemError ? error.problem : translated(error);
	const { detail, errors } = problem;
	return { ...problem, detail: sentence(detail), ...(errors ? { errors: fieldErrors(errors) } : {}) };
}

/** Names of our own errors. Their `type` is a code of the catalog; the `type` of a library's error is not. */
const REFUSALS: ReadonlySet<unknown> = new Set(["MoleculerClientError", "ValidationError"]);
const FAILURE = "MoleculerRetryableError";

/** An unexpected error becomes a 500 without its details. */
function translated(error: unknown): Problem {
	const { name, type, code, status, message, data } = Object(error) as {
		name?: unknown;
		type?: unknown;
		code?: unknown;
		status?: unknown;
		message?: unknown;
		data?: unknown;
	}; // an error of any library
	const detail = String(message ?? "");
	const known = KNOWN.get(type) ?? KNOWN.get(code);
	if (known) return { ...known, detail };
	const number = typeof code === "number" ? code : typeof status === "number" ? status : 500;
	if (type === "VALIDATION_ERROR" && Array.isArray(data))
		return { status: 422, code: "VALIDATION_ERROR", detail: "The request is not valid", errors: data };
	const ours = number === 503 ? name === FAILURE : REFUSALS.has(name);
	const own = ours && typeof type === "string" && /^[A-Z][A-Z0-9_]+$/.test(type) ? type : null;
	if (number === 503) return { status: 503, code: own ?? "SERVICE_UNAVAILABLE", detail, retryAfter: 1 };
	if (number >= 400 && number < 500) return { status: number, code: own ?? WORDS[number] ?? "MALFORMED", detail };
	return { status: 500, code: "INTERNAL_ERROR", detail: "Something went wrong on our side" };
}

const pageOf = ({ status, code, detail, errors }: Problem, more: object = {}): string =>
	JSON.stringify({
		type: `urn:vigie:problem:${code}`,
		title: STATUS_CODES[status] ?? "Error",
		status,
		code,
		detail,
		...(errors ? { errors } : {}),
		...more,
	});
const headersOf = (page: string, { retryAfter, allow }: Problem, isLast: boolean): Readonly<Record<string, string | number>> => ({
	"Content-Type": "application/problem+json; charset=utf-8",
	"Content-Length": Buffer.byteLength(page),
	...(retryAfter ? { "Retry-After": String(retryAfter) } : {}),
	...(allow ? { Allow: allow } : {}),
	...(isLast ? { Connection: "close" } : {}),
});

export function sendProblem(req: IncomingMessage, res: ServerResponse, problem: Problem, more: object = {}): void {
	if (res.headersSent || res.destroyed) {
		res.destroy();
		return;
	}
	const page = pageOf(problem, more);
	res.writeHead(problem.status, headersOf(page, problem, !req.complete)); // the rest of the body is not read
	endResponse(req, res, page);
}

/** A complete response for a connection without a valid request; the connection has to be closed after it. */
export function rawProblem(problem: Problem): string {
	const page = pageOf(problem);
	const headers = Object.entries(headersOf(page, problem, true)).map(([name, value]) => `${name}: ${value}\r\n`);
	return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${headers.join("")}\r\n${page}`;
}
