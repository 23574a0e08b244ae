/**
 * Bodies - reads request bodies: only when a handler asks for them, up to the limit of the route, at a minimum speed, and within a limit
 * of memory over all requests.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CODES } from "../../common/codes.ts";
import { type Connections, tooBusy } from "./connections.ts";
import { BODY_TIME, FREE_BYTES, HELD_BYTES, MIN_BYTES, MIN_BYTES_TIME, type Reached } from "./limits.ts";
import { ProblemError } from "./problem.ts";
import type { Rates } from "./rates.ts";

/** A body that is being read. */
interface Upload {
	readonly from: string;
	/** The deadline for the whole body. */
	until: number;
	/** In the current measuring period: the bytes received, and the milliseconds spent waiting for them. */
	bytes: number;
	waited: number;
	/** The start of the current wait; null while nothing is awaited. */
	since: number | null;
	/** Ends the current wait. */
	end: (error?: Error) => void;
}

export class Bodies {
	readonly #connections: Connections;
	readonly #reached: Reached;
	readonly #rates: Rates;
	readonly #uploads = new Set<Upload>();
	/** Requests with `Expect: 100-continue` that wait for `100 Continue`. */
	readonly #expecting = new WeakSet<IncomingMessage>();
	#held = 0;
	#queue: (() => void)[] = [];

	constructor(connections: Connections, reached: Reached, rates: Rates) {
		this.#connections = connections;
		this.#reached = reached;
		this.#rates = rates;
	}
	/** Bytes in memory. */
	get held(): number {
		return this.#held;
	}
	expectsContinue(req: IncomingMessage): void {
		this.#expecting.add(req);
	}

	/** The whole body, counted as held until its response is closed. Throws as soon as the body is known to be too large. */
	async whole(req: IncomingMessage, res: ServerResponse, most: number): Promise<Buffer> {
		const tooLarge = () => new ProblemError(CODES.TOO_LARGE, `The content may have at most ${most} bytes`);
		if (Number(req.headers["content-length"] ?? 0) > most) throw tooLarge();
		const chunks: Buffer[] = [];
		let [length, held] = [0, 0];
		try {
			for await (const chunk of this.chunks(req, res, BODY_TIME)) {
				chunks.push(chunk);
				length += chunk.length;
				if (length > most) throw tooLarge();
				const more = Math.max(0, length - FREE_BYTES) - held;
				if (more > 0 && this.#held + more > HELD_BYTES) throw this.#full();
				this.#held += more;
				held += more;
			}
			if (res.closed) throw new ProblemError(CODES.MALFORMED, "The client has gone");
		} catch (error) {
			this.#release(held);
			throw error;
		}
		res.once("close", () => this.#release(held));
		return Buffer.concat(chunks);
	}
	#full(): ProblemError {
		this.#reached.note("held", `${this.#held} bytes`);
		return tooBusy("The bodies of other requests use all the memory for bodies");
	}

	/** Waits until there is memory for so many bytes; the returned function releases them. */
	async room(bytes: number): Promise<() => void> {
		while (this.#held > 0 && this.#held + bytes > HELD_BYTES) await new Promise<void>((resolve) => this.#queue.push(resolve));
		this.#held += bytes;
		return () => this.#release(bytes);
	}
	#release(bytes: number): void {
		this.#held -= bytes;
		const queue = this.#queue;
		this.#queue = [];
		for (const retry of queue) retry();
	}

	/** The body piece by piece. Throws if the client disconnects or is too slow. */
	async *chunks(req: IncomingMessage, res: ServerResponse, within = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer, void> {
		const from = String(req.socket.remoteAddress);
		const upload: Upload = { from, until: performance.now() + within, bytes: 0, waited: 0, since: null, end: () => undefined };
		this.#uploads.add(upload);
		try {
			while (!req.readableEnded) {
				const chunk = req.read() as Buffer | null; // no encoding is set
				if (chunk === null) await this.#more(req, res, upload);
				else {
					upload.bytes += chunk.length;
					await this.#slowed(req, res, upload, chunk.length);
					yield chunk;
				}
			}
		} finally {
			this.#uploads.delete(upload);
		}
	}
	/** Waits while the client sends faster than it may, which does not count as slow. Like idle connections, it gives way to others. */
	async #slowed(req: IncomingMessage, res: ServerResponse, upload: Upload, bytes: number): Promise<void> {
		const wait = this.#rates.content(req, res, bytes);
		if (!wait) return;
		const begun = performance.now();
		this.#connections.waiting(req.socket);
		await wait;
		this.#connections.working(req.socket);
		upload.until += performance.now() - begun;
	}
	#more(req: IncomingMessage, res: ServerResponse, upload: Upload): Promise<void> {
		if (req.destroyed) throw new ProblemError(CODES.MALFORMED, "The content is incomplete");
		if (this.#expecting.delete(req)) res.writeContinue();
		this.#connections.waiting(req.socket);
		upload.since = performance.now();
		return new Promise((resolve, reject) => {
			const ready = () => upload.end();
			const events = ["readable", "end", "close"];
			upload.end = (error) => {
				for (const event of events) req.off(event, ready);
				this.#connections.working(req.socket);
				upload.waited += performance.now() - (upload.since ?? 0);
				upload.since = null;
				if (error) reject(error);
				else resolve();
			};
			for (const event of events) req.on(event, ready);
		});
	}

	/** Refuses uploads that are too slow; has to be called periodically. Time in which the gateway does not read does not count. */
	check(): void {
		const now = performance.now();
		for (const upload of this.#uploads) {
			if (upload.since === null) continue;
			const waited = upload.waited + now - upload.since;
			if (now > upload.until || (waited > MIN_BYTES_TIME && upload.bytes < MIN_BYTES)) this.#tooSlow(upload);
			else if (waited > MIN_BYTES_TIME) [upload.bytes, upload.waited, upload.since] = [0, 0, now];
		}
	}
	#tooSlow(upload: Upload): void {
		this.#reached.note("pace", upload.from);
		const least = `at least ${MIN_BYTES} bytes in ${MIN_BYTES_TIME / 1000} s`;
		upload.end(new ProblemError(CODES.TOO_SLOW, `The content arrives too slowly: ${least}, and JSON or CSV within ${BODY_TIME / 1000} s`));
	}
}
