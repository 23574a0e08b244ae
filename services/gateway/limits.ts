/** Limits - what one client, and all of them together, may take of a gateway; a limit that is reached is said once in the log, and once when that is over. */
import type { Give } from "../../mixins/metric.ts";
import { Once } from "../../mixins/once.ts";

/** Milliseconds for the headers of a request, from its first byte on. */
export const HEADER_TIME = 20_000;
/** Milliseconds for content that is kept until it is whole (JSON, CSV). */
export const BODY_TIME = 120_000;
/** The least that has to come of a content while it is waited for, in bytes, and in how many milliseconds. */
export const PACE = 1024;
export const PACE_TIME = 10_000;
/** Milliseconds a connection on which something is under way may be silent. */
export const SILENCE = 120_000;
/** Requests under way on one connection. */
export const PIPELINED = 100;
/** Bytes of contents that are held at a time, all requests together; the beginning of each content is not counted, so that a small command is always taken. */
export const HELD = 64 * 1024 * 1024;
export const SMALL = 16 * 1024;
/** Bytes of one content that is kept whole. */
export const JSON_LIMIT = 1024 * 1024;
export const UPLOAD_LIMIT = 16 * 1024 * 1024;

/** What depends on how many files the process may open (`ulimit -n`). */
export interface Limits {
	readonly openFiles: number;
	readonly connections: number;
	/** Of these, live feeds: they last, and nobody else can take their place. */
	readonly feeds: number;
}
/** Connections have three quarters of the files, for everything else needs some too. */
export function limitsOf(openFiles = openFilesOf()): Limits {
	const connections = Math.max(16, Math.min(10_000, Math.floor(openFiles - Math.max(128, openFiles / 4))));
	return { openFiles, connections, feeds: Math.floor(connections / 2) };
}
function openFilesOf(): number {
	Object.assign(process.report, { excludeNetwork: true }); // it would look up the name of every peer
	const { userLimits } = process.report.getReport() as {
		readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
	}; // see Node's documentation
	const soft = userLimits?.open_files?.soft;
	return typeof soft === "number" ? soft : Number.POSITIVE_INFINITY;
}

const MEANINGS = {
	connections: "All connections are in use, so those that are idle longest are closed",
	pipelined: `A client has more than ${PIPELINED} requests under way on one connection, so more are refused`,
	held: `The contents under way have more than ${HELD / 1024 / 1024} MiB, so more are refused`,
	pace: `A client sends more slowly than ${PACE} bytes in ${PACE_TIME / 1000} s, so its connection is closed`,
	feeds: "Half of all connections are live feeds, so more are refused",
} as const;
export type Limit = keyof typeof MEANINGS;
/** Milliseconds without a further time after which it is over. */
const QUIET = 60_000;

export class Reached {
	readonly #limits: ReadonlyMap<Limit, { readonly once: Once; count: number; at: number }>;

	constructor(warn: (line: string) => void) {
		this.#limits = new Map(
			Object.entries(MEANINGS).map(([limit, means]) => [limit as Limit, { once: new Once(means, warn), count: 0, at: 0 }]), // its own keys
		);
	}
	note(limit: Limit, detail: string): void {
		const reached = this.#limits.get(limit);
		if (!reached) return;
		reached.count++;
		reached.at = performance.now();
		reached.once.failed(new Error(detail));
	}
	/** Called now and then. */
	look(): void {
		for (const { once, at } of this.#limits.values()) if (performance.now() - at > QUIET) once.fine();
	}
	figures(give: Give): void {
		for (const [limit, { count }] of this.#limits) give("vigie_http_limits_total", count, { limit });
	}
}
