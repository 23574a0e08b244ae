/** LiveFeed - a client of the live feed that records all events. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { plain, type Transport } from "./transport.ts";

export interface LiveEvent {
	readonly id: string;
	readonly event: string;
	readonly data: string;
}

interface Place {
	readonly host: string;
	readonly port: number;
	readonly path: string;
	readonly headers: OutgoingHttpHeaders;
}
/** A client of the live feed (server-sent events). */
export class LiveFeed {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly events: LiveEvent[] = [];
	readonly comments: string[] = [];
	readonly close: () => void;
	readonly pause: () => void;
	readonly resume: () => void;
	/** Last event id for a reconnect; an id without an event counts, too. */
	lastId = "";
	/** Whether the server has ended the feed. */
	ended = false;
	#rest = "";

	private constructor(incoming: Readable & { statusCode?: number | undefined; headers: IncomingHttpHeaders }) {
		this.status = incoming.statusCode ?? 0;
		this.headers = incoming.headers;
		this.close = () => void incoming.destroy();
		this.pause = () => void incoming.pause();
		this.resume = () => void incoming.resume();
		incoming.setEncoding("utf8");
		incoming.on("error", () => undefined); // an interrupted feed counts as ended
		incoming.once("end", () => (this.ended = true));
		incoming.on("data", (chunk: string) => this.#hear(chunk));
	}

	static open({ host, port, path, headers }: Place, transport: Transport = plain): Promise<LiveFeed> {
		return new Promise((resolve, reject) => {
			const outgoing = transport.request({ agent: false, host, port, path, headers: { accept: "text/event-stream", ...headers } });
			outgoing.setTimeout(5_000, () => outgoing.destroy(new Error(`no headers from ${path} within 5 s`)));
			outgoing.on("error", reject);
			outgoing.on("response", (incoming) => (outgoing.setTimeout(0), resolve(new LiveFeed(incoming))));
			outgoing.end();
		});
	}

	#hear(chunk: string): void {
		const blocks = (this.#rest + chunk).split(/\r?\n\r?\n/);
		this.#rest = blocks.pop() ?? "";
		for (const block of blocks) {
			const lines = block.split(/\r?\n/);
			this.comments.push(...lines.filter((line) => line.startsWith(":")));
			const field = (name: string): string[] =>
				lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart());
			this.lastId = field("id").at(-1) ?? this.lastId;
			const data = field("data");
			if (data.length > 0) this.events.push({ id: field("id").join(), event: field("event").join(), data: data.join("\n") });
		}
	}
}
