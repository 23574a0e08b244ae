/**
 * Bodies - the contents of requests as they come: not before somebody reads them, no more than their route takes, no slower than an
 * honest client sends them, and together no more than the gateway has room for.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { BODY_TIME, HELD, PACE, PACE_TIME, type Reached, SMALL } from "./limits.ts";
import { type Places, tooBusy } from "./places.ts";
import { ProblemError } from "./problem.ts";

/** A content that is being read. */
interface Coming {
	readonly from: string;
	/** When it has to be whole. */
	readonly until: number;
	/** Of the stretch that is measured: what came, and how long it was waited for; since when it is waited for now. */
	bytes: number;
	waited: number;
	since: number | null;
	/** Ends the waiting. */
	end: (error?: Error) => void;
}
export class Bodies {
	readonly #places: Places;
	readonly #reached: Reached;
	readonly #coming = new Set<Coming>();
	/** Clients that send nothing before they are told to (`Expect: 100-continue`). */
	readonly #expecting = new WeakSet<IncomingMessage>();
	#held = 0;
	#roomless: (() => void)[] = [];

	constructor(places: Places, reached: Reached) {
		this.#places = places;
		this.#reached = reached;
	}
	expects(req: IncomingMessage): void {
		this.#expecting.add(req);
	}

	/** The whole content, held until it is answered; throws where it is too large, as soon as that is known. */
	async whole(req: IncomingMessage, res: ServerResponse, most: number): Promise<Buffer> {
		const tooLarge = () => new ProblemError(413, "TOO_LARGE", `The content has at most ${most} bytes`);
		if (Number(req.headers["content-length"] ?? 0) > most) throw tooLarge();
		const chunks: Buffer[] = [];
		let [length, held] = [0, 0];
		try {
			for await (const chunk of this.chunks(req, res, BODY_TIME)) {
				chunks.push(chunk);
				length += chunk.length;
				if (length > most) throw tooLarge();
				const more = Math.max(0, length - SMALL) - held;
				if (more > 0 && this.#held + more > HELD) throw this.#full();
				this.#held += more;
				held += more;
			}
			if (res.closed) throw new ProblemError(400, "MALFORMED", "Nobody waits for an answer");
		} catch (error) {
			this.#leave(held);
			throw error;
		}
		res.once("close", () => this.#leave(held));
		return Buffer.concat(chunks);
	}
	#full(): ProblemError {
		this.#reached.note("held", `${this.#held} bytes`);
		return tooBusy("The contents of other requests take all the room there is");
	}

	/** Waits until there is room for so many bytes; they are held until the returned function is called. */
	async room(bytes: number): Promise<() => void> {
		while (this.#held > 0 && this.#held + bytes > HELD) await new Promise<void>((resolve) => this.#roomless.push(resolve));
		this.#held += bytes;
		return () => this.#leave(bytes);
	}
	#leave(bytes: number): void {
		this.#held -= bytes;
		const waiting = this.#roomless;
		this.#roomless = [];
		for (const look of waiting) look();
	}

	/** The content piece by piece; ends with it, and throws where its sender is gone or too slow. */
	async *chunks(req: IncomingMessage, res: ServerResponse, within = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer, void> {
		const from = String(req.socket.remoteAddress);
		const coming: Coming = { from, until: performance.now() + within, bytes: 0, waited: 0, since: null, end: () => undefined };
		this.#coming.add(coming);
		try {
			while (!req.readableEnded) {
				const chunk = req.read() as Buffer | null; // no encoding is set
				if (chunk === null) await this.#more(req, res, coming);
				else {
					coming.bytes += chunk.length;
					yield chunk;
				}
			}
		} finally {
			this.#coming.delete(coming);
		}
	}
	#more(req: IncomingMessage, res: ServerResponse, coming: Coming): Promise<void> {
		if (req.destroyed) throw new ProblemError(400, "MALFORMED", "The content ends before its end");
		if (this.#expecting.delete(req)) res.writeContinue();
		this.#places.waits(req.socket);
		coming.since = performance.now();
		return new Promise((resolve, reject) => {
			const ended = () => coming.end();
			const events = ["readable", "end", "close"];
			coming.end = (error) => {
				for (const event of events) req.off(event, ended);
				this.#places.works(req.socket);
				coming.waited += performance.now() - (coming.since ?? 0);
				coming.since = null;
				if (error) reject(error);
				else resolve();
			};
			for (const event of events) req.on(event, ended);
		});
	}

	/** Called now and then: ends what comes too slowly. Time in which nobody reads does not count. */
	look(): void {
		const now = performance.now();
		for (const coming of this.#coming) {
			if (coming.since === null) continue;
			const waited = coming.waited + now - coming.since;
			if (now > coming.until || (waited > PACE_TIME && coming.bytes < PACE)) this.#tooSlow(coming);
			else if (waited > PACE_TIME) [coming.bytes, coming.waited, coming.since] = [0, 0, now];
		}
	}
	#tooSlow(coming: Coming): void {
		this.#reached.note("pace", coming.from);
		coming.end(
			new ProblemError(408, "TOO_SLOW", `The content comes too slowly: at least ${PACE} bytes in ${PACE_TIME / 1000} s are needed`),
		);
	}
}
