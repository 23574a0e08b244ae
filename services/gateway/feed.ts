/** Feed - the live facts of all contexts as server-sent events; each event's id is where to go on after it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { LiveFact, LiveStart } from "../../mixins/live.ts";

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
	const early: LiveFact[] = [];
	let begun = 0;
	const heartbeat = setInterval(() => res.write(": still here\n\n"), HEARTBEAT);
	const end = () => {
		clearInterval(heartbeat);
		for (const stream of streams) stream.destroy();
		res.end();
		ended();
	};
	res.on("drain", () => streams.forEach((stream) => stream.resume()));
	const write = ({ partition, position, part, type, ...rest }: LiveFact) => {
		const at = `${partition}:${position}`;
		positions.set(partition, part === null ? at : `${at}.${part}`);
		const text = `id: ${[...positions.values()].join(",")}\nevent: ${type}\ndata: ${JSON.stringify({ position: at, type, ...rest })}\n\n`;
		if (!res.write(text)) streams.forEach((stream) => stream.pause());
	};
	for (const stream of streams) {
		stream.on("data", (given: LiveFact | LiveStart) => {
			if ("partition" in given) return begun < streams.length ? void early.push(given) : write(given);
			begin(positions, given);
			if (++begun === streams.length) early.splice(0).forEach(write); // an id tells where to go on in every context
		});
		stream.once("error", end);
		stream.once("end", end);
	}
	req.once("close", end);
	res.once("close", end);
	return end;
}

/** A client that comes back goes on in every partition, also in those it saw nothing of; where it was in the middle of a commit, it stays. */
function begin(positions: Map<string, string>, start: LiveStart): void {
	for (const [partition, position] of Object.entries(start.positions))
		if (!positions.has(partition)) positions.set(partition, `${partition}:${position}`);
}
