/** Feed - the live facts of all contexts as server-sent events; the id of each event is the position to resume from. */
import type { ServerResponse } from "node:http";
import { assertContexts, type LiveAsked, type LiveFact, type LivePage, type Unreadable } from "../logs/live.ts";
import { liveTurns } from "../common/turns.ts";
import { invalidField, problemOf } from "./server/problem.ts";
import { type Incoming, queryOf } from "./request.ts";

/** Milliseconds between comments that keep proxies from closing a quiet feed. */
const HEARTBEAT = 15_000;

/**
 * The positions and fact types that a request for the feed names. An unknown type is refused, since the client would wait for it forever.
 * A position of an unknown context is refused here, since no log would check it.
 */
export function askedOf(req: Incoming, facts: ReadonlySet<string>, contexts: ReadonlySet<string>): LiveAsked {
	const { types, ...more } = queryOf(req);
	const [unknown] = Object.keys(more);
	if (unknown !== undefined) throw invalidField(unknown, "There is no such parameter", "types");
	const names = types?.split(",");
	const stranger = names?.find((name) => !facts.has(name));
	if (stranger !== undefined) throw invalidField("types", "must be names of facts", [...facts].join(", "), stranger);
	const after = req.headers["last-event-id"];
	if (after === undefined) return { types: names };
	assertContexts(String(after), contexts);
	return { after: String(after), types: names };
}

export class Feed {
	readonly #res: ServerResponse;
	readonly #over: AbortController;
	/** The position reached in each partition, in the format of an event id. */
	readonly #reached = new Map<string, string>();
	readonly #heartbeat: NodeJS.Timeout;
	#full: PromiseWithResolvers<void> | null = null;

	/** `start`: the positions that the feed resumes from. Aborting `over` ends the feed and its sources. */
	constructor(res: ServerResponse, over: AbortController, start: string) {
		this.#res = res;
		this.#over = over;
		this.#moved(start);
		this.#heartbeat = setInterval(() => res.write(": still here\n\n"), HEARTBEAT);
		res.on("drain", () => this.#drained());
	}

	/**
	 * Sends the headers and a comment with the start positions at once, then the pages of the contexts, beginning with `first`.
	 * Resolves when the client or the gateway has ended the feed. Never rejects.
	 */
	async give(first: readonly IteratorResult<LivePage, unknown>[], contexts: readonly AsyncIterable<LivePage>[]): Promise<void> {
		const pages = first.flatMap(({ done, value }) => (done === true ? [] : [value]));
		for (const { before } of pages) this.#begin(before); // an id has a position in every context
		this.#res.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no" });
		this.#res.write(`: live\n${this.#id()}\n`);
		const { signal } = this.#over;
		const over = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
		signal.addEventListener("abort", () => this.#end(), { once: true });
		if (signal.aborted) return this.#end();
		for (const [i, context] of contexts.entries()) void this.#take(context, pages[i]);
		await over;
	}

	/** Adds a context that a node began to offer while the feed was open. */
	add(context: AsyncIterable<LivePage>): void {
		void this.#take(context);
	}

	#end(): void {
		clearInterval(this.#heartbeat);
		this.#res.end();
		this.#drained(); // a pending write resumes and sees the abort
	}

	/** Sends the pages of one context until the feed ends. */
	async #take(context: AsyncIterable<LivePage>, first?: LivePage): Promise<void> {
		try {
			if (first) await this.#page(first);
			for await (const page of context) {
				if (this.#over.signal.aborted) return;
				if (this.#begin(page.before)) this.#res.write(`${this.#id()}\n`); // an id without data is no event, but the client keeps it
				await this.#page(page);
			}
		} catch (error) {
			const { code, detail } = problemOf(error);
			this.#fail({ code, detail });
		}
	}

	/** Writes no faster than the client reads. */
	async #page({ facts, after, unreadable }: LivePage): Promise<void> {
		await liveTurns.next();
		for (const fact of facts) {
			if (this.#over.signal.aborted) return;
			if (!this.#fact(fact)) await (this.#full ??= Promise.withResolvers()).promise;
		}
		this.#moved(after);
		if (unreadable) this.#unreadable(unreadable);
	}
	#fact({ partition, position, part, type, ...rest }: LiveFact): boolean {
		const at = `${partition}:${position}`;
		this.#reached.set(partition, part === null ? at : `${at}.${part}`);
		return this.#event(type, { position: at, type, ...rest });
	}
	/** Ends the feed with an error event. Its id skips the unreadable commit, so a client that reconnects continues after it. */
	#unreadable({ partition, position, code, detail }: Unreadable): void {
		const at = `${partition}:${position}`;
		this.#reached.set(partition, at);
		this.#fail({ code, position: at, detail });
	}
	/** Sends the last event. */
	#fail(problem: { readonly code: string; readonly position?: string; readonly detail: string }): void {
		if (this.#over.signal.aborted) return;
		this.#event("error", problem);
		this.#over.abort();
	}
	#event(event: string, data: object): boolean {
		return this.#res.write(`${this.#id()}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
	}
	/** The id line of an event; empty if the feed has no position yet. */
	#id(): string {
		return this.#reached.size === 0 ? "" : `id: ${[...this.#reached.values()].join(",")}\n`;
	}
	#drained(): void {
		this.#full?.resolve();
		this.#full = null;
	}

	#moved(after: string): void {
		for (const place of after.split(",")) if (place) this.#reached.set(place.slice(0, place.lastIndexOf(":")), place);
	}
	/**
	 * Adds the positions of partitions that the id does not have yet, so that a client that reconnects resumes in every partition.
	 * A known position stays: it may be in the middle of a commit. Returns whether a partition was added.
	 */
	#begin(before: string): boolean {
		const { size } = this.#reached;
		for (const place of before.split(",")) {
			const partition = place.slice(0, place.lastIndexOf(":"));
			if (partition && !this.#reached.has(partition)) this.#reached.set(partition, place);
		}
		return this.#reached.size > size;
	}
}
