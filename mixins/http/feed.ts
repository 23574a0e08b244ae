/** Feed - the live facts of all contexts as server-sent events; each event's id is where to go on after it. */
import type { ServerResponse } from "node:http";
import { assertContexts, type LiveAsked, type LiveFact, type LivePage, type Unreadable } from "../logs/live.ts";
import { liveTurns } from "../common/turns.ts";
import { invalidField, problemOf } from "./server/problem.ts";
import { type Incoming, queryOf } from "./request.ts";

/** A comment this often keeps proxies from closing a quiet feed, in milliseconds. */
const HEARTBEAT = 15_000;

/**
 * The positions and fact types that a request for the feed names. An unknown type is refused, or the client would wait for it forever; so is
 * a position of an unknown context, which no log could refuse.
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
	/** By partition, as an id has it. */
	readonly #reached = new Map<string, string>();
	readonly #heartbeat: NodeJS.Timeout;
	#full: PromiseWithResolvers<void> | null = null;

	/** `start`: where each partition was gone on from; `over` ends it and what the facts come from, whoever says so. */
	constructor(res: ServerResponse, over: AbortController, start: string) {
		this.#res = res;
		this.#over = over;
		this.#moved(start);
		this.#heartbeat = setInterval(() => res.write(": still here\n\n"), HEARTBEAT);
		res.on("drain", () => this.#drained());
	}

	/**
	 * Headers and a comment at once, with where the feed begins, then what the contexts give, the first page of each being there already;
	 * resolves when one side has ended it. Never rejects.
	 */
	async give(first: readonly IteratorResult<LivePage, unknown>[], contexts: readonly AsyncIterable<LivePage>[]): Promise<void> {
		const pages = first.flatMap(({ done, value }) => (done === true ? [] : [value]));
		for (const { before } of pages) this.#begin(before); // an id tells where to go on in every context
		this.#res.writeHead(200, {
			"Content-Type": "text/event-stream; charset=utf-8",
			"Cache-Control": "no-store",
			"X-Accel-Buffering": "no",
		});
		this.#res.write(`: live\n${this.#id()}\n`);
		const { signal } = this.#over;
		const over = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
		signal.addEventListener("abort", () => this.#end(), { once: true });
		if (signal.aborted) return this.#end();
		for (const [i, context] of contexts.entries()) void this.#take(context, pages[i]);
		await over;
	}

	/** What a context gives that came while the feed was open. */
	add(context: AsyncIterable<LivePage>): void {
		void this.#take(context);
	}

	#end(): void {
		clearInterval(this.#heartbeat);
		this.#res.end();
		this.#drained(); // who waits to write sees that it is over
	}

	/** Until the feed is over. */
	async #take(context: AsyncIterable<LivePage>, first?: LivePage): Promise<void> {
		try {
			if (first) await this.#page(first);
			for await (const page of context) {
				if (this.#over.signal.aborted) return;
				if (this.#begin(page.before)) this.#res.write(`${this.#id()}\n`); // an id of its own is no event: the listener keeps it
				await this.#page(page);
			}
		} catch (error) {
			const { code, detail } = problemOf(error);
			this.#fail({ code, detail });
		}
	}

	/** No faster than the client reads. */
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
	/** It is told and not passed over in silence: whoever comes back with this id has seen that it is there. */
	#unreadable({ partition, position, code, detail }: Unreadable): void {
		const at = `${partition}:${position}`;
		this.#reached.set(partition, at);
		this.#fail({ code, position: at, detail });
	}
	/** The last event. */
	#fail(problem: { readonly code: string; readonly position?: string; readonly detail: string }): void {
		if (this.#over.signal.aborted) return;
		this.#event("error", problem);
		this.#over.abort();
	}
	#event(event: string, data: object): boolean {
		return this.#res.write(`${this.#id()}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
	}
	/** Where to go on; a feed that knows of no context has no word for it. */
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
	 * A client that comes back goes on in every partition, also in those it saw nothing of; where it was in the middle of a commit, it
	 * stays. Answers whether there is one the ids had no place for.
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
