/**
 * Cors - lets pages of the configured origins read answers and send commands (CORS_ORIGINS). Browsers ask before a command (preflight).
 * Credentials are not allowed. For every other origin nothing changes: browsers keep answers from its pages.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Headers, setHeaders } from "./headers.ts";

/** Exact origins, such as `https://app.example.org`. */
export type Origins = ReadonlySet<string>;

/** Headers that pages may send, besides those that every page may. */
const ACCEPTED = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "X-Position"];
/** Headers of answers that pages may read, besides those that every page may. */
const EXPOSED = ["Allow", "ETag", "Idempotent-Replayed", "Location", "Retry-After", "X-Position"];
/** Seconds for which a browser keeps the answer to a preflight. */
const MAX_AGE = 600;

/** Whether a page of a configured origin sent the request. */
export const isListed = ({ headers }: IncomingMessage, origins: Origins): boolean =>
	origins.size > 0 && origins.has(headers["origin"] ?? "");

/** Has to be called before anything is answered, so that pages can read errors, too. */
export function allowOrigin(req: IncomingMessage, res: ServerResponse, origins: Origins): void {
	if (origins.size === 0) return;
	res.setHeader("Vary", "Origin"); // also without an origin: a cache must not give that answer to a page
	if (!isListed(req, origins)) return;
	setHeaders(res, { "Access-Control-Allow-Origin": req.headers["origin"] ?? "", "Access-Control-Expose-Headers": EXPOSED.join(", ") });
}

/** The headers of the answer to a preflight; none for any other request. `methods`: those that the path supports. */
export function preflightHeaders(req: IncomingMessage, origins: Origins, methods: string): Headers {
	if (req.headers["access-control-request-method"] === undefined || !isListed(req, origins)) return {};
	return {
		"Access-Control-Allow-Methods": methods,
		"Access-Control-Allow-Headers": ACCEPTED.join(", "),
		"Access-Control-Max-Age": String(MAX_AGE),
	};
}
