/** Listener - a minimal client of the live feed: counts the facts, and reads the events only on request. */
import { connect, type Socket } from "node:net";

const separator = Buffer.from("\n\n");

export interface Heard {
	/** Receives the text of each event; omit it if only the count matters. */
	readonly event?: (text: string) => void;
}

export class Listener {
	/** Number of events, without the comments. */
	count = 0;
	bytes = 0;
	readonly #socket: Socket;
	readonly #heard: Heard;
	#rest = "";
	#error: Error | null = null;

	private constructor(socket: Socket, heard: Heard) {
		this.#socket = socket;
		this.#heard = heard;
		socket.on("error", (error) => (this.#error = error));
	}

	/** Resolves once the feed has begun. */
	static open(port: number, types: string, heard: Heard = {}): Promise<Listener> {
		const socket = connect(port, "127.0.0.1");
		socket.write(`GET /api/live${types === "" ? "" : `?types=${types}`} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n`);
		const listener = new Listener(socket, heard);
		return new Promise((resolve, reject) => {
			socket.once("error", reject);
			socket.once("close", () => reject(new Error("the feed was closed")));
			socket.once("data", (first: Buffer) => {
				if (!first.toString("latin1", 0, 12).endsWith(" 200")) return reject(new Error(first.toString("utf8").slice(0, 300)));
				socket.on("data", (part: Buffer) => listener.#take(part));
				resolve(listener);
			});
		});
	}

	#take(part: Buffer): void {
		this.bytes += part.length;
		if (this.#heard.event) return this.#read(part.toString("utf8"));
		for (let at = part.indexOf(separator); at >= 0; at = part.indexOf(separator, at + 2)) this.count++;
	}
	/** Splits at the empty line that ends each event, because events are long and HTTP chunks are cut anywhere. */
	#read(text: string): void {
		const events = (this.#rest + text).split("\n\n");
		this.#rest = events.pop() ?? "";
		for (const event of events) {
			if (!event.includes("\nevent: ")) continue;
			this.count++;
			this.#heard.event?.(event);
		}
	}

	close(): void {
		if (this.#error) throw this.#error;
		this.#socket.destroy();
	}
}
