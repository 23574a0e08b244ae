/**
 * Edge - checks every request before routing. Browsers send the cookie of a session by themselves, so a web page of another site must not be able to send commands
 * through a visitor's browser: neither directly (CSRF) nor by pointing a host name of its own at this gateway (DNS rebinding).
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { CODES } from "../../common/codes.ts";
import { brief } from "../../common/errors.ts";
import { isListed, type Origins } from "./cors.ts";
import { ProblemError } from "./problem.ts";

/** The names of a gateway, without ports. */
export interface Hosts {
	/** The address it listens on (HOST). */
	readonly own: string;
	/** Further names (ALLOWED_HOSTS). */
	readonly others: ReadonlySet<string>;
	/** Pages of other sites that may send commands (CORS_ORIGINS). */
	readonly origins: Origins;
	/** Whether browsers reach it only over TLS, also if a proxy encrypts. */
	readonly encrypted: boolean;
}
export const hostsOf = (own: string, others: readonly string[], origins: readonly string[] = [], encrypted = false): Hosts => ({
	own: own.toLowerCase(),
	others: new Set(others.map((name) => name.toLowerCase())),
	origins: new Set(origins),
	encrypted,
});

/** Methods that change nothing. */
const SAFE: ReadonlySet<unknown> = new Set(["GET", "HEAD", "OPTIONS"]);
export const isSafe = ({ method }: IncomingMessage): boolean => SAFE.has(method);

/** Throws if the request is not allowed; rewrites an absolute target to `/path?query`. */
export function admit(req: IncomingMessage, hosts: Hosts): void {
	const { target, authority } = targetOf(req.url ?? "");
	req.url = target;
	if (!isDecodable(target.split("?", 1)[0] ?? "")) throw new ProblemError(CODES.MALFORMED, "The path is not percent-encoded UTF-8");
	const host = hostIn(req);
	for (const name of [host, authority]) if (name !== undefined && !isAllowed(name, req, hosts)) throw notAllowed(name);
	if (isSafe(req)) return;
	if (hasSession(req)) assertOwnPage(req, host, hosts);
	else if (isListed(req, hosts.origins)) return;
	const site = otherSite(req, host, hosts);
	if (site !== null) throw new ProblemError(CODES.CROSS_SITE, `A browser sent this command from another site (${brief(site)})`);
}

/** Clients of a proxy send a whole URL (RFC 9112, section 3.2.2). */
function targetOf(url: string): { readonly target: string; readonly authority?: string } {
	if (url.startsWith("/") || url === "*") return { target: url };
	const [, authority, rest = ""] = /^https?:\/\/([^/?#@]*)((?:[/?].*)?)$/i.exec(url) ?? [];
	if (authority === undefined) throw new ProblemError(CODES.MALFORMED, "The request target is neither a path nor an HTTP URL");
	return { target: rest.startsWith("/") ? rest : `/${rest}`, authority };
}

/** Whether a part of a URL is percent-encoded UTF-8. */
export function isDecodable(part: string): boolean {
	if (!part.includes("%")) return true;
	try {
		decodeURIComponent(part);
		return true;
	} catch {
		return false;
	}
}

/** The Host header; undefined only for HTTP/1.0, which browsers do not use. */
function hostIn(req: IncomingMessage): string | undefined {
	let count = 0;
	for (let i = 0; i < req.rawHeaders.length; i += 2) if (req.rawHeaders[i]?.toLowerCase() === "host") count++;
	const host = req.headers["host"];
	if (count > 1) throw new ProblemError(CODES.MALFORMED, "The request has more than one Host header");
	if (host === undefined && req.httpVersion !== "1.0") throw new ProblemError(CODES.MALFORMED, "The request has no Host header");
	return host;
}

/** The host name without the port, and without the brackets of an IPv6 address. */
const nameIn = (host: string): string | null => {
	const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([^:]+))(?::\d{0,5})?$/i.exec(host.trim()) ?? [];
	return (bracketed ?? plain)?.toLowerCase() ?? null;
};
/** Only clients on the same machine reach it. */
export const isLoopback = (name: string): boolean =>
	name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));

/** Loopback names, the configured names, and the local address of the connection: an attacker cannot rebind any of these. */
function isAllowed(host: string, { socket }: IncomingMessage, { own, others }: Hosts): boolean {
	const name = nameIn(host);
	if (name === null) return false;
	return isLoopback(name) || name === own || others.has(name) || name === socket.localAddress?.replace("::ffff:", "").toLowerCase();
}
const notAllowed = (host: string): ProblemError =>
	new ProblemError(CODES.HOST_NOT_ALLOWED, `The host "${brief(host)}" is not allowed; if it is this gateway, add it to ALLOWED_HOSTS`);

/** The other site that a browser names as the origin of the request, or null. */
function otherSite(req: IncomingMessage, host: string | undefined, { others }: Hosts): string | null {
	const site = req.headers["sec-fetch-site"];
	const from = req.headers["origin"] ?? req.headers["referer"];
	if (site !== undefined && site !== "same-origin" && site !== "none") return from ?? String(site);
	if (from === undefined) return null;
	const { protocol, host: origin } = URL.parse(from) ?? { protocol: "", host: "" };
	const isWorthLess = "encrypted" in req.socket && protocol !== "https:"; // anyone on the way can write a page of plain HTTP
	const isOurs = origin !== "" && !isWorthLess && (origin === URL.parse(`${protocol}//${host}`)?.host || others.has(origin));
	return isOurs ? null : from;
}

/** The cookies of a session; the second one is for plain HTTP on the same machine. */
const COOKIES: ReadonlySet<string> = new Set(["__Host-vigie", "vigie"]);
/** Whether a browser may have added the session of its user to the request. */
const hasSession = ({ headers }: IncomingMessage): boolean =>
	(headers["cookie"] ?? "").split(";").some((pair) => COOKIES.has(pair.split("=", 1)[0]?.trim() ?? ""));

/** With a cookie it is not enough that no other site is named: the request has to come from a page of this gateway. CORS_ORIGINS gives no access to it. */
function assertOwnPage({ headers }: IncomingMessage, host: string | undefined, { encrypted }: Hosts): void {
	const site = headers["sec-fetch-site"];
	if (site === "same-origin") return;
	const { protocol = "", host: origin = "" } = URL.parse(headers["origin"] ?? "") ?? {};
	const isOwn = origin !== "" && origin === URL.parse(`${protocol}//${host}`)?.host;
	if (site === undefined && isOwn && (protocol === "https:" || (protocol === "http:" && !encrypted))) return;
	const from = headers["origin"] ?? site ?? "no origin";
	throw new ProblemError(
		CODES.CROSS_SITE,
		`A request with a session cookie has to come from a page of this gateway, not from ${brief(String(from))}`,
	);
}

/** An alias of moleculer-web: a method and a path pattern. */
export interface Alias {
	readonly method: string;
	match(path: string): object | false;
}
/** The methods that a path supports, for `Allow`; empty if there is no such path. */
export function methodsOn(aliases: readonly Alias[], url: string): string {
	const path = (url.split("?", 1)[0] ?? "").replace(/(?<=.)\/$/, "");
	const methods = new Set(aliases.filter((alias) => path === "*" || alias.match(path) !== false).map(({ method }) => method));
	return methods.size === 0 ? "" : [...methods, "OPTIONS"].toSorted().join(", ");
}
