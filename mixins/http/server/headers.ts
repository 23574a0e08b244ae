/** Headers - the security headers of every answer: a browser stores nothing, guesses no type, and uses no answer as a page, a frame or a script. */
import type { ServerResponse } from "node:http";

export type Headers = Readonly<Record<string, string>>;

/** Also for health and metrics, because they are only true at the moment of the answer. An ETag still saves the content of an unchanged row. */
export const HEADERS: Headers = {
	"Cache-Control": "no-store",
	"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	"Referrer-Policy": "no-referrer",
	"X-Content-Type-Options": "nosniff",
};

export function setHeaders(res: ServerResponse, headers: Headers): void {
	for (const name in headers) res.setHeader(name, headers[name] ?? "");
}
