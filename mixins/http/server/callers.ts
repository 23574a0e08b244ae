/** Callers - names the client that a request comes from, for the limits of each client. */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { isLoopback } from "./edge.ts";

/**
 * The client that sent a request: its credential, or before login its address. Null for a client that has no limit: one on the same machine,
 * or one that the proxy in front does not name.
 */
export function callerOf(req: IncomingMessage, behindProxy: boolean): string | null {
	const address = behindProxy ? forwarded(req) : addressIn(req.socket.remoteAddress ?? "");
	return address === null || isLoopback(address) ? null : networkOf(address);
}

/** The last address in `X-Forwarded-For`, which the proxy itself has added; the client can send any others. */
function forwarded({ headers }: IncomingMessage): string | null {
	const list = headers["x-forwarded-for"];
	return addressIn(
		String(list ?? "")
			.split(",")
			.at(-1) ?? "",
	);
}
/** The address without a port, brackets, a zone or the prefix of IPv4 in IPv6; null if it is none. */
function addressIn(text: string): string | null {
	const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+)(?::\d+)?|.*)$/.exec(text.trim()) ?? [];
	const address = (bracketed ?? plain ?? text.trim())
		.toLowerCase()
		.replace(/%.*$/, "")
		.replace(/^::ffff:(?=[\d.]+$)/, "");
	return isIP(address) === 0 ? null : address;
}

/** An IPv4 address, or the /64 network of an IPv6 address: a client has at least a whole /64. */
function networkOf(address: string): string {
	const isTranslated = address.startsWith("64:ff9b:"); // NAT64: the network of all IPv4 clients
	if (isIP(address) === 4 || isTranslated) return address;
	const [before = "", after] = (URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? address).split("::");
	const [left, right] = [before, after ?? ""].map((part) => (part === "" ? [] : part.split(":")));
	const groups = [...(left ?? []), ...Array.from({ length: 8 - (left?.length ?? 0) - (right?.length ?? 0) }, () => "0"), ...(right ?? [])];
	return `${groups.slice(0, 4).join(":")}::/64`;
}
