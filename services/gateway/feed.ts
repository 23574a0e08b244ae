/** Feed - the live facts of all contexts as server-sent events; each event's id is where to go on after it. */
import type { ServerResponse } from "node:http";
import type { LiveAsked, LiveFact, LivePage, Unreadable } from "../../mixins/live.ts";
import { invalidField, problemOf } from "./problem.ts";
import { type Incoming, queryOf } from "./request.ts";

/** A comment this often keeps proxies from closing a quiet feed, in milliseconds. */
const HEARTBEAT = 15_000;

/** What a request for the feed asks for. */
export function askedOf(req: Incoming): LiveAsked {
	const { types, ...more } = queryOf(req);
	const [unknown] = Object.keys(more);
	if (unknown !== undefined) throw invalidField(unknown, "There is no such parameter", "types");
	if (types === "") throw invalidField("types", "must be names of facts", "radar.installed,infraction.opened");
	const after = req.headers["last-event-id"];
	return { after: after === undefined ? undefined : String(after), types: types?.split(",") };
}

export class Feed {
	readonly #res: ServerResponse;
	readonly #over: AbortController;
	/** By partition, as an id has it. */
	readonly #reached = new Map<string, string>();
	readonly #heartbeat: NodeJS.Timeout;
	#full: PromiseWithResolvers<void> | null = null;

	/** Headers and a comment at once. `start`: where each partition was gone on from; `over` ends what the facts come from. */
	constructor(res: ServerResponse, over: AbortController, start: string) {
		this.#res = res;
		this.#over = over;
		this.#moved(start);
		res.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
		res.write(": live\n\n");
		res.on("drain", () => this.#drained());
		this.#heartbeat = setInterval(() => res.write(": still here\n\n"), HEARTBEAT);
	}

	/** Writes what the contexts give, the first page of each being there already; resolves when one side has ended it. Never rejects. */
	async give(first: readonly IteratorResult<LivePage, unknown>[], contexts: readonly AsyncIterable<LivePage>[]): Promise<void> {
		const pages = first.flatMap(({ done, value }) => (done === true ? [] : [value]));
		for (const { before } of pages) this.#begin(before); // an id tells where to go on in every context
		await Promise.all(
			contexts.map(async (context, i) => {
				try {
					const [page] = pages.slice(i, i + 1);
					if (page) await this.#page(page);
					for await (const next of context) await this.#page(next);
				} catch (error) {
					const { code, detail } = problemOf(error);
					this.#fail({ code, detail });
				}
			}),
		);
		this.end();
	}

	end(): void {
		clearInterval(this.#heartbeat);
		this.#over.abort();
		this.#res.end();
		this.#drained(); // who waits to write sees that it is over
	}

	/** No faster than the client reads. */
	async #page({ facts, after, unreadable }: LivePage): Promise<void> {
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
		this.end();
	}
	#event(event: string, data: object): boolean {
		return this.#res.write(`id: ${[...this.#reached.values()].join(",")}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
	}
	#drained(): void {
		this.#full?.resolve();
		this.#full = null;
	}

	#moved(after: string): void {
		for (const place of after.split(",")) if (place) this.#reached.set(place.slice(0, place.lastIndexOf(":")), place);
	}
	/** A client that comes back goes on in every partition, also in those it saw nothing of; where it was in the middle of a commit, it stays. */
	#begin(before: string): void {
		for (const place of before.split(",")) {
			const partition = place.slice(0, place.lastIndexOf(":"));
			if (partition && !this.#reached.has(partition)) this.#reached.set(partition, place);
		}
	}
}
