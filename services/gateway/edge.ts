/**
 * Edge - what every request has to pass before it has a route. There is no login yet, so whoever can reach the gateway can command: a
 * page of another site must not do it through a visitor's browser, neither with a form nor under a name of its own that it lets lead here.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { brief } from "../../mixins/errors.ts";
import { ProblemError } from "./problem.ts";

/** The names of a gateway, without ports. */
export interface Hosts {
	/** Where it listens (HOST). */
	readonly own: string;
	/** What else it is called by (ALLOWED_HOSTS). */
	readonly others: ReadonlySet<string>;
}
export const hostsOf = (own: string, others: readonly string[]): Hosts => ({
	own: own.toLowerCase(),
	others: new Set(others.map((name) => name.toLowerCase())),
});

/** Methods that change nothing. */
const SAFE: ReadonlySet<unknown> = new Set(["GET", "HEAD", "OPTIONS"]);
export const isSafe = ({ method }: IncomingMessage): boolean => SAFE.has(method);

/** Throws where the request must not get any further; brings its target into the form `/path?query`. */
export function admit(req: IncomingMessage, hosts: Hosts): void {
	const { target, authority } = targetOf(req.url ?? "");
	req.url = target;
	if (!isDecodable(target)) throw new ProblemError(400, "MALFORMED", "The path is not percent-encoded UTF-8");
	const host = hostIn(req);
	for (const name of [host, authority]) if (name !== undefined && !isOurs(name, req, hosts)) throw notOurs(name);
	if (isSafe(req)) return;
	const from = otherSite(req, host, hosts);
	if (from !== null) throw new ProblemError(403, "CROSS_SITE", `A browser sent this from another site (${brief(from)})`);
}

/** A client that takes the gateway for a proxy says the whole URL (RFC 9112, section 3.2.2). */
function targetOf(url: string): { readonly target: string; readonly authority?: string } {
	if (url.startsWith("/") || url === "*") return { target: url };
	const [, authority, rest = ""] = /^https?:\/\/([^/?#@]*)((?:[/?].*)?)$/i.exec(url) ?? [];
	if (authority === undefined) throw new ProblemError(400, "MALFORMED", "The target of the request is neither a path nor an URL");
	return { target: rest.startsWith("/") ? rest : `/${rest}`, authority };
}

function isDecodable(target: string): boolean {
	try {
		decodeURIComponent(target.split("?", 1)[0] ?? "");
		return true;
	} catch {
		return false;
	}
}

/** Undefined where HTTP/1.0 names none, as no browser does. */
function hostIn(req: IncomingMessage): string | undefined {
	const named = req.rawHeaders.reduce((count, text, i) => count + Number(i % 2 === 0 && text.toLowerCase() === "host"), 0);
	const host = req.headers["host"];
	if (named > 1) throw new ProblemError(400, "MALFORMED", "The request names more than one Host");
	if (host === undefined && req.httpVersion !== "1.0") throw new ProblemError(400, "MALFORMED", "The request names no Host");
	return host;
}

/** Without the port, and an IPv6 address without its brackets. */
const nameIn = (host: string): string | null => {
	const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([^:]+))(?::\d{0,5})?$/i.exec(host.trim()) ?? [];
	return (bracketed ?? plain)?.toLowerCase() ?? null;
};
const isLoopback = (name: string): boolean => name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));

/** Loopback names, the names it was given, and the address the client is connected to: none can be made to lead here by a page. */
function isOurs(host: string, { socket }: IncomingMessage, { own, others }: Hosts): boolean {
	const name = nameIn(host);
	if (name === null) return false;
	return isLoopback(name) || name === own || others.has(name) || name === socket.localAddress?.replace("::ffff:", "").toLowerCase();
}
const notOurs = (host: string): ProblemError =>
	new ProblemError(421, "HOST_NOT_ALLOWED", `This gateway is not called "${brief(host)}"; ALLOWED_HOSTS says what else it is called`);

/** The site a browser says it comes from, null where that is this gateway or no browser says anything. */
function otherSite(req: IncomingMessage, host: string | undefined, { others }: Hosts): string | null {
	const site = req.headers["sec-fetch-site"];
	const from = req.headers["origin"] ?? req.headers["referer"];
	if (site !== undefined && site !== "same-origin" && site !== "none") return from ?? String(site);
	if (from === undefined) return null;
	const { protocol, host: origin } = URL.parse(from) ?? { protocol: "", host: "" };
	const ours = origin !== "" && (origin === URL.parse(`${protocol}//${host}`)?.host || others.has(origin));
	return ours ? null : from;
}

/** Of moleculer-web: what it knows a path by. */
export interface Alias {
	readonly method: string;
	match(path: string): object | false;
}
/** What a path takes, for `Allow`; empty where there is no such path. */
export function methodsOn(aliases: readonly Alias[], url: string): string {
	const path = (url.split("?", 1)[0] ?? "").replace(/(?<=.)\/$/, "");
	const methods = new Set(aliases.filter((alias) => path === "*" || alias.match(path) !== false).map(({ method }) => method));
	return methods.size === 0 ? "" : [...methods, "OPTIONS"].toSorted().join(", ");
}
