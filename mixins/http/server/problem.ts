/** Problem - error responses as application/problem+json (RFC 9457): a code for programs, a sentence for people, the invalid fields. */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import { CODES } from "../../common/codes.ts";
import { type FieldError, fieldErrors, sentence } from "../../common/errors.ts";
import type { Headers } from "./headers.ts";
import { endResponse } from "./lingering.ts";
import { type Code, titleOf } from "../../../model/index.ts";

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

type More = Pick<Problem, "errors" | "allow" | "retryAfter">;
/** A 503 may be retried after a second. */
export const problem = ({ name, status }: Code, detail: string, more: More = {}): Problem => ({
	status,
	code: name,
	detail,
	...(status === 503 ? { retryAfter: 1 } : {}),
	...more,
});
export class ProblemError extends Error {
	readonly problem: Problem;
	constructor(code: Code, detail: string, more: More = {}) {
		super(detail);
		this.problem = problem(code, detail, more);
	}
}
/** 422: one field of the request is invalid. */
export const invalidField = (field: string, message: string, expected?: unknown, actual?: unknown): ProblemError =>
	new ProblemError(CODES.VALIDATION_ERROR, "The request is not valid", {
		errors: [{ field, message, ...(expected === undefined ? {} : { expected }), ...(actual === undefined ? {} : { actual }) }],
	});
/** 405: the path exists, but not for this method. */
export const methodNotAllowed = (allow: string): ProblemError =>
	new ProblemError(CODES.METHOD_NOT_ALLOWED, `This path supports ${allow}`, { allow });

/** Problems for errors of Moleculer and of the stores, by the `type` or `code` of the error. */
const KNOWN: ReadonlyMap<unknown, Code> = new Map<unknown, Code>([
	["SERVICE_NOT_FOUND", CODES.SERVICE_UNAVAILABLE],
	["SERVICE_NOT_AVAILABLE", CODES.SERVICE_UNAVAILABLE],
	["REQUEST_TIMEOUT", CODES.REQUEST_TIMEOUT],
	["REQUEST_REJECTED", CODES.SERVICE_UNAVAILABLE],
	["QUEUE_FULL", CODES.TOO_BUSY],
	["REQUEST_SKIPPED", CODES.REQUEST_TIMEOUT], // the deadline passed before the call was sent
	[CODES.STORE_UNAVAILABLE.name, CODES.STORE_UNAVAILABLE],
	[CODES.STREAM_UNREADABLE.name, CODES.STREAM_UNREADABLE],
	[CODES.CALLER_GONE.name, CODES.REQUEST_TIMEOUT],
]);
/** Codes for other errors of a library, by status; they keep a status that has no code. */
const BY_STATUS: ReadonlyMap<number, Code> = new Map<number, Code>(
	[CODES.MALFORMED, CODES.NOT_FOUND, CODES.TOO_LARGE, CODES.UNSUPPORTED_MEDIA_TYPE, CODES.TOO_MANY_REQUESTS, CODES.SERVICE_UNAVAILABLE].map(
		(code) => [code.status, code],
	),
);

/** The problem for an error, bounded in size whatever the error contains. */
export function problemOf(error: unknown): Problem {
	const found = error instanceof ProblemError ? error.problem : translated(error);
	const { detail, errors } = found;
	return { ...found, detail: sentence(detail), ...(errors ? { errors: fieldErrors(errors) } : {}) };
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
	if (known) return problem(known, detail);
	const number = typeof code === "number" ? code : typeof status === "number" ? status : 500;
	if (type === CODES.VALIDATION_ERROR.name && Array.isArray(data))
		return problem(CODES.VALIDATION_ERROR, "The request is not valid", { errors: data });
	const ours = number === 503 ? name === FAILURE : REFUSALS.has(name);
	const own = ours && typeof type === "string" && /^[A-Z][A-Z0-9_]+$/.test(type) ? type : null;
	if (number === 503 || (number >= 400 && number < 500))
		return {
			...problem(BY_STATUS.get(number) ?? CODES.MALFORMED, detail),
			status: number,
			...(own === null ? {} : { code: own }),
			...(own === null ? {} : waitIn(data)),
		};
	return problem(CODES.INTERNAL_ERROR, "Something went wrong on our side");
}

/** The seconds to wait that a refusal names. */
const waitIn = (data: unknown): Pick<Problem, "retryAfter"> =>
	typeof data === "object" && data !== null && "retryAfter" in data && typeof data.retryAfter === "number"
		? { retryAfter: data.retryAfter }
		: {};

const pageOf = ({ status, code, detail, errors }: Problem, more: object = {}): string =>
	JSON.stringify({ type: `urn:vigie:problem:${code}`, title: titleOf(code), status, code, detail, ...(errors ? { errors } : {}), ...more });
const headersOf = (page: string, { status, retryAfter, allow }: Problem, isLast: boolean): Readonly<Record<string, string | number>> => ({
	"Content-Type": "application/problem+json; charset=utf-8",
	"Content-Length": Buffer.byteLength(page),
	...(retryAfter ? { "Retry-After": String(retryAfter) } : {}),
	...(allow ? { Allow: allow } : {}),
	...(status === CODES.UNAUTHENTICATED.status ? { "WWW-Authenticate": 'Bearer realm="vigie"' } : {}),
	...(isLast ? { Connection: "close" } : {}),
});

export function sendProblem(req: IncomingMessage, res: ServerResponse, found: Problem, more: object = {}): void {
	if (res.headersSent || res.destroyed) {
		res.destroy();
		return;
	}
	const page = pageOf(found, more);
	res.writeHead(found.status, headersOf(page, found, !req.complete)); // the rest of the body is not read
	endResponse(req, res, page);
}

/** A complete response for a connection without a valid request; the connection has to be closed after it. */
export function rawProblem(found: Problem, more: Headers): string {
	const page = pageOf(found);
	const headers = Object.entries({ ...more, ...headersOf(page, found, true) }).map(([name, value]) => `${name}: ${value}\r\n`);
	return `HTTP/1.1 ${found.status} ${STATUS_CODES[found.status]}\r\n${headers.join("")}\r\n${page}`;
}
