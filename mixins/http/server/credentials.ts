/**
 * Credentials - the bearer token of a request: in `Authorization`, or in the cookie of a session. The cookie has the prefix `__Host-` if
 * browsers reach the gateway over TLS, so that no other host and no plain connection can set it.
 */
import type { IncomingMessage } from "node:http";

const cookieName = (encrypted: boolean): string => (encrypted ? "__Host-vigie" : "vigie");
const attributes = (encrypted: boolean): string => `HttpOnly; SameSite=Lax; Path=/${encrypted ? "; Secure" : ""}`;

/** The token as sent, not checked; null if there is none. A header that names no bearer token hides the cookie. */
export function tokenIn({ headers }: IncomingMessage, encrypted: boolean): string | null {
	const header = headers["authorization"];
	if (header !== undefined) return /^bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1] ?? "";
	const prefix = `${cookieName(encrypted)}=`;
	const found = (headers["cookie"] ?? "").split(";").find((pair) => pair.trimStart().startsWith(prefix));
	return found === undefined ? null : found.trim().slice(prefix.length);
}

/** The value of `Set-Cookie` for a new session. The browser forgets the cookie when it closes. */
export const sessionCookie = (token: string, encrypted: boolean): string => `${cookieName(encrypted)}=${token}; ${attributes(encrypted)}`;
/** The value of `Set-Cookie` that removes the cookie. */
export const noCookie = (encrypted: boolean): string => `${cookieName(encrypted)}=; Max-Age=0; ${attributes(encrypted)}`;
