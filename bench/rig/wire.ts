/**
 * Wire - a minimal HTTP client: keep-alive sockets, requests as text, answers delimited by Content-Length. It shares the machine with the
 * measured system, so it does only what is necessary.
 */
import { connect, type Socket } from "node:net";
import { authorization } from "./token.ts";

export interface Answer {
	readonly status: number;
	/** Status line and headers, as received. */
	readonly head: string;
	readonly body: string;
}
const end = Buffer.from("\r\n\r\n");
/**
 * Milliseconds of idle time after which a connection is not used again: node:http closes it after five seconds, perhaps just as it is used.
 */
const stale = 3_000;

/** The value of a header; empty if it is missing. */
export const headerOf = ({ head }: Answer, name: string): string => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1]?.trim() ?? "";

class Lane {
	readonly #socket: Socket;
	readonly #freed: (lane: Lane) => void;
	#received: Buffer = Buffer.alloc(0);
	#asked: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
	closed = false;
	#used = 0;

	constructor(port: number, freed: (lane: Lane) => void) {
		this.#freed = freed;
		this.#socket = connect(port, "127.0.0.1").setNoDelay(true);
		this.#socket.on("data", (part: Buffer) => this.#take(part));
		this.#socket.on("error", (error) => this.#fail(error));
		this.#socket.on("close", () => this.#fail(new Error("the connection was closed")));
	}
	ask(text: string): Promise<Answer> {
		return new Promise((resolve, reject) => {
			this.#asked = { resolve, reject };
			this.#socket.write(text);
		});
	}
	get usable(): boolean {
		if (!this.closed && performance.now() - this.#used > stale) this.close();
		return !this.closed;
	}
	close(): void {
		this.closed = true;
		this.#socket.destroy();
	}
	#take(part: Buffer): void {
		this.#received = this.#received.length === 0 ? part : Buffer.concat([this.#received, part]);
		const cut = this.#received.indexOf(end);
		if (cut < 0) return;
		const head = this.#received.toString("latin1", 0, cut);
		const length = /^content-length: (\d+)/im.exec(head)?.[1];
		if (length === undefined) return this.#fail(new Error(`an answer without a length:\n${head}`));
		const size = cut + end.length + Number(length);
		if (this.#received.length < size) return;
		const answer = { status: Number(head.slice(9, 12)), head, body: this.#received.toString("utf8", cut + end.length, size) };
		this.#received = this.#received.subarray(size);
		const asked = this.#asked;
		this.#asked = null;
		this.#used = performance.now();
		this.#freed(this);
		asked?.resolve(answer);
	}
	#fail(error: Error): void {
		this.closed = true;
		this.#asked?.reject(error);
		this.#asked = null;
		this.#socket.destroy();
	}
}

export class Wire {
	readonly #port: number;
	readonly #free: Lane[] = [];
	readonly #all = new Set<Lane>();
	/** Number of connections opened. */
	get lanes(): number {
		return this.#all.size;
	}

	constructor(port: number) {
		this.#port = port;
	}

	/** Uses an idle connection, or opens a new one. */
	ask(method: "GET" | "POST", path: string, body = "", headers = ""): Promise<Answer> {
		const content = method === "GET" ? "" : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
		return this.#lane().ask(
			`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\n${headers}${content}\r\n${body}`,
		);
	}
	/** Like `ask`, but rejects on any status other than 2xx. */
	async done(method: "GET" | "POST", path: string, body = "", headers = ""): Promise<Answer> {
		const answer = await this.ask(method, path, body, headers);
		if (answer.status < 200 || answer.status > 299) throw new Error(`${method} ${path} → ${answer.status} ${answer.body.slice(0, 300)}`);
		return answer;
	}
	#lane(): Lane {
		for (let lane = this.#free.pop(); lane; lane = this.#free.pop()) if (lane.usable) return lane;
		const lane = new Lane(this.#port, (free) => this.#free.push(free));
		this.#all.add(lane);
		return lane;
	}
	close(): void {
		for (const lane of this.#all) lane.close();
	}
}

/** Runs `count` calls of `work`, up to `lanes` at a time. */
export async function inLanes(lanes: number, count: number, work: (index: number) => Promise<unknown>): Promise<void> {
	let next = 0;
	const lane = async (): Promise<void> => {
		while (next < count) await work(next++);
	};
	await Promise.all(Array.from({ length: lanes }, lane));
}
