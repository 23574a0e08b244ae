/** Limits - how much of a gateway one client, and all clients together, may use. The log reports a limit once when it is reached, and once when it is over. */
import type { Give } from "../../common/metric-names.ts";
import { Complaint } from "../../common/complaint.ts";

/** Milliseconds for the headers of a request, from its first byte. */
export const HEADER_TIME = 20_000;
/** Milliseconds for a body that is buffered (JSON, CSV). */
export const BODY_TIME = 120_000;
/** The minimum upload speed: so many bytes in so many milliseconds of waiting for the client. */
export const MIN_BYTES = 1024;
export const MIN_BYTES_TIME = 10_000;
/** Milliseconds without a byte after which a connection with a request in progress is closed. */
export const SILENCE = 120_000;
/** Requests in progress on one connection. */
export const PIPELINED = 100;
/** Bytes of request bodies in memory, over all requests. The first bytes of each body do not count, so that a small command is never refused. */
export const HELD_BYTES = 64 * 1024 * 1024;
export const FREE_BYTES = 16 * 1024;
/** Bytes of one buffered body. */
export const JSON_LIMIT = 1024 * 1024;
export const UPLOAD_LIMIT = 16 * 1024 * 1024;

/** Limits that depend on the number of files the process may open (`ulimit -n`). */
export interface Limits {
	readonly openFiles: number;
	readonly connections: number;
	/** Live feeds are open for long and cannot be closed for other clients, so they may not use all connections. */
	readonly feeds: number;
	/** Live feeds of one client. */
	readonly clientFeeds: number;
}
/** Leaves a quarter of the files, and at least 128, for everything else. */
export function limitsOf(openFiles = openFilesOf()): Limits {
	const connections = Math.max(16, Math.min(10_000, Math.floor(openFiles * 0.75), openFiles - 128));
	const feeds = Math.floor(connections / 2);
	return { openFiles, connections, feeds, clientFeeds: Math.floor(feeds / 4) };
}
function openFilesOf(): number {
	Object.assign(process.report, { excludeNetwork: true }); // otherwise the report resolves the names of all peers
	const { userLimits } = process.report.getReport() as {
		readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
	}; // see Node's documentation
	const soft = userLimits?.open_files?.soft;
	return typeof soft === "number" ? soft : Number.POSITIVE_INFINITY;
}

const MEANINGS = {
	connections: "All connections are in use, so the longest idle ones are closed",
	pipelined: `A client has more than ${PIPELINED} requests in progress on one connection, so further requests are refused`,
	held: `Request bodies use ${HELD_BYTES / 1024 / 1024} MiB of memory, so further bodies are refused`,
	pace: `A client sends less than ${MIN_BYTES} bytes in ${MIN_BYTES_TIME / 1000} s, so its request is refused`,
	requests: "A client sends more requests than RATE_REQUESTS allows, so further ones are refused",
	content: "A client sends more content than RATE_CONTENT allows, so it is read more slowly",
	feeds: "Half of all connections are live feeds, so further feeds are refused",
	clientFeeds: "A client has a quarter of all live feeds, so its further ones are refused",
} as const;
export type Limit = keyof typeof MEANINGS;
/** Milliseconds without another event after which a limit counts as over. */
const QUIET = 60_000;

export class Reached {
	readonly #limits: ReadonlyMap<Limit, { readonly once: Complaint; count: number; at: number }>;

	constructor(warn: (line: string) => void) {
		this.#limits = new Map(
			Object.entries(MEANINGS).map(([limit, means]) => [limit as Limit, { once: new Complaint(means, warn), count: 0, at: 0 }]), // its own keys
		);
	}
	note(limit: Limit, detail: string): void {
		const reached = this.#limits.get(limit);
		if (!reached) return;
		reached.count++;
		reached.at = performance.now();
		reached.once.failed(new Error(detail));
	}
	/** Has to be called periodically. */
	check(): void {
		for (const { once, at } of this.#limits.values()) if (performance.now() - at > QUIET) once.fine();
	}
	figures(give: Give): void {
		for (const [limit, { count }] of this.#limits) give("vigie_http_limits_total", count, { limit });
	}
}
