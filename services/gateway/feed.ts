/** Feed - the live facts of all contexts as server-sent events; each event's id is where to go on after it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { LiveFact } from "../../mixins/live.ts";

/** A comment this often keeps proxies from closing a quiet feed, in milliseconds. */
const HEARTBEAT = 15_000;

/** Headers and a comment at once. */
export function openFeed(res: ServerResponse): void {
	res.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
	res.write(": live\n\n");
}

/** Writes what the streams give until one side ends; `start` is where each partition was gone on from. Returns how to end it. */
export function feed(
	req: IncomingMessage,
	res: ServerResponse,
	streams: readonly Readable[],
	start: string,
	ended: () => void,
): () => void {
	const positions = new Map(start.split(",").flatMap((text) => (text ? [[text.slice(0, text.lastIndexOf(":")), text] as const] : [])));
	const heartbeat = setInterval(() => res.write(": still here\n\n"), HEARTBEAT);
	const end = () => {
		clearInterval(heartbeat);
		for (const stream of streams) stream.destroy();
		res.end();
		ended();
	};
	res.on("drain", () => streams.forEach((stream) => stream.resume()));
	for (const stream of streams) {
		stream.on("data", (fact: LiveFact) => {
			const { partition, position, part, type, ...rest } = fact;
			const at = `${partition}:${position}`;
			positions.set(partition, part === null ? at : `${at}.${part}`);
			const event = { position: at, type, ...rest };
			if (!res.write(`id: ${[...positions.values()].join(",")}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`))
				streams.forEach((other) => other.pause());
		});
		stream.once("error", end);
		stream.once("end", end);
	}
	req.once("close", end);
	res.once("close", end);
	return end;
}
