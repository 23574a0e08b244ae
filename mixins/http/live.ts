/** Live - `GET /live`: the facts of every context that offers them, and of those that come while it is open. */
import type { ServerResponse } from "node:http";
import type { CallingOptions } from "moleculer";
import { LIVE_WAIT, type LiveAsked, type LivePage } from "../logs/live.ts";
import { watching } from "../logs/watching.ts";
import { askedOf, Feed } from "./feed.ts";
import type { Incoming } from "./request.ts";
import { ProblemError } from "./server/problem.ts";
import { isStopping, type Stoppable } from "./stopping.ts";

/** An open feed, as its gateway knows it. */
export interface Listening {
	end(): void;
	/** Takes in the contexts that have come. */
	look(): void;
}
/** What is needed of a gateway. */
export interface Feeding extends Stoppable {
	readonly feeds: Set<Listening>;
	/** The actions that give live facts, every one ever heard of. */
	readonly sources: ReadonlySet<string>;
	/** All fact types of the system. */
	readonly facts: ReadonlySet<string>;
	/** All contexts of the system that have a log. */
	readonly contexts: ReadonlySet<string>;
}
const SOURCE = "-log.live";
/** Whether an action gives a context's live facts. */
export const isSource = (action: string): boolean => action.endsWith(SOURCE);

/** How a page is waited for: whoever stops waits for none, and whoever watches asks again himself. */
const LASTING: CallingOptions = { timeout: 2 * LIVE_WAIT, tracking: false, retries: 0 };

export async function listen(gateway: Feeding, req: Incoming, res: ServerResponse): Promise<void> {
	const contexts = new Set([...gateway.contexts, ...[...gateway.sources].map((name) => name.slice(0, -SOURCE.length))]);
	const asked = askedOf(req, gateway.facts, contexts);
	if (gateway.sources.size === 0)
		throw new ProblemError(503, "SERVICE_UNAVAILABLE", "No node offers a log at the moment", { retryAfter: 1 });
	const over = new AbortController();
	const come = newcomers(gateway, asked, over.signal);
	let feed: Feed | null = null;
	const one: Listening = {
		end: () => over.abort(),
		look: () => {
			if (feed) for (const pages of come()) feed.add(pages);
		},
	};
	gateway.feeds.add(one);
	req.once("close", one.end);
	res.once("close", one.end);
	if (isStopping(gateway)) one.end(); // told before it was one of them
	try {
		const sources = come();
		const first = await Promise.all(sources.map((pages) => pages.next()));
		if (res.destroyed) return; // gone meanwhile
		feed = new Feed(res, over, asked.after ?? "");
		const given = feed.give(first, sources);
		one.look();
		await given;
	} finally {
		over.abort(); // where one was refused, the others are asked no more
		gateway.feeds.delete(one);
	}
}

/** Each time it is called, the pages of the contexts that have come since; all of them go on from where the listener was. */
function newcomers({ broker, sources }: Feeding, asked: LiveAsked, enough: AbortSignal): () => AsyncGenerator<LivePage>[] {
	const known = new Set<string>();
	const { requestTimeout = LIVE_WAIT } = broker.options;
	const first: CallingOptions = { timeout: requestTimeout, tracking: false }; // sent again like any other call
	return () => {
		const fresh = [...sources].filter((name) => !known.has(name));
		for (const name of fresh) known.add(name);
		return fresh.map((name) =>
			watching((more) => broker.call<LivePage, LiveAsked>(name, more, more.wait === 0 ? first : LASTING), asked, enough),
		);
	};
}
