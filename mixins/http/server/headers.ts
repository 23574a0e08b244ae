/** Headers - the security headers of every answer: a browser stores nothing, guesses no type, and uses no answer as a page, a frame or a script. */
import type { ServerResponse } from "node:http";

export type Headers = Readonly<Record<string, string>>;

/** Also for health and metrics, because they are only true at the moment of the answer. An ETag still saves the content of an unchanged row. */
const HEADERS: Headers = {
	"Cache-Control": "no-store",
	"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	"Referrer-Policy": "no-referrer",
	"X-Content-Type-Options": "nosniff",
};

/** For a year, browsers that have seen it never use plain HTTP for this host. */
const ONLY_TLS: Headers = { "Strict-Transport-Security": "max-age=31536000" };

/** `encrypted`: whether browsers reach the server over TLS. */
export const headersOf = (encrypted: boolean): Headers => (encrypted ? { ...HEADERS, ...ONLY_TLS } : HEADERS);

export function setHeaders(res: ServerResponse, headers: Headers): void {
	for (const name in headers) res.setHeader(name, headers[name] ?? "");
}
