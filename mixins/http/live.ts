/** Live - handles `GET /live`: sends the facts of every context that a node offers, also of those that appear while the feed is open. */
import type { ServerResponse } from "node:http";
import type { CallingOptions } from "moleculer";
import type { Identity } from "../../model/access.ts";
import { callingAs } from "../access/access.ts";
import { CODES } from "../common/codes.ts";
import { refusalOf } from "../common/errors.ts";
import { LIVE_WAIT, type LiveAsked, type LivePage } from "../logs/live.ts";
import { watching } from "../logs/watching.ts";
import type { Authentication } from "./authentication.ts";
import { askedOf, Feed } from "./feed.ts";
import type { Incoming } from "./request.ts";
import { isStopping, type Stoppable } from "./stopping.ts";

/** An open feed, as the gateway controls it. */
export interface Listening {
	/** The client; null for one without limits. */
	readonly caller: string | null;
	end(): void;
	/** Adds the contexts that nodes began to offer. */
	look(): void;
}
/** The part of a gateway that live feeds need. */
export interface Feeding extends Stoppable {
	readonly feeds: Set<Listening>;
	/** The live actions that a node has ever offered. */
	readonly sources: ReadonlySet<string>;
	/** All fact types of the system. */
	readonly facts: ReadonlySet<string>;
	/** All contexts of the system that have a log. */
	readonly contexts: ReadonlySet<string>;
	readonly authentication: Authentication;
}
/** Finds the reader of the feed; rejects once the credentials are not valid any more. */
type Caller = () => Promise<Identity>;
const SOURCE = "-log.live";
/** Whether an action returns the live facts of a context. */
export const isSource = (action: string): boolean => action.endsWith(SOURCE);

/** Long polls: shutdown does not wait for them, and the broker does not retry them because the feed does. */
const LASTING: CallingOptions = { timeout: 2 * LIVE_WAIT, tracking: false, retries: 0 };

export async function listen(gateway: Feeding, req: Incoming, res: ServerResponse, caller: string | null): Promise<void> {
	const contexts = new Set([...gateway.contexts, ...[...gateway.sources].map((name) => name.slice(0, -SOURCE.length))]);
	const asked = askedOf(req, gateway.facts, contexts);
	const over = new AbortController();
	const come = newcomers(gateway, () => gateway.authentication.of(req), asked, over.signal);
	let feed: Feed | null = null;
	const one: Listening = {
		caller,
		end: () => over.abort(),
		look: () => {
			if (feed) for (const pages of come()) feed.add(pages);
		},
	};
	gateway.feeds.add(one);
	req.once("close", one.end);
	res.once("close", one.end);
	if (isStopping(gateway)) one.end(); // the event came before this feed was registered
	try {
		const sources = come();
		const first = await Promise.all(sources.map((pages) => pages.next()));
		if (res.destroyed) return; // the client disconnected in the meantime
		feed = new Feed(res, over, asked.after ?? "");
		const given = feed.give(first, sources);
		one.look();
		await given;
	} finally {
		over.abort(); // if one context refused, this ends the polls of the others
		gateway.feeds.delete(one);
	}
}

/** Returns a function that begins the pages of the contexts that are new since its last call, each at the position that the client sent. */
function newcomers({ broker, sources }: Feeding, caller: Caller, asked: LiveAsked, enough: AbortSignal): () => AsyncGenerator<LivePage>[] {
	const known = new Set<string>();
	const { requestTimeout = LIVE_WAIT } = broker.options;
	const first: CallingOptions = { timeout: requestTimeout, tracking: false }; // retried like any other call
	return () => {
		const fresh = [...sources].filter((name) => !known.has(name));
		for (const name of fresh) known.add(name);
		return fresh.map((name) =>
			permitted(
				watching(
					async (more) => {
						const options = more.wait === 0 ? first : LASTING;
						return broker.call<LivePage, LiveAsked>(name, more, { ...options, ...callingAs(broker, await caller()) });
					},
					asked,
					enough,
				),
			),
		);
	};
}

/** Without pages if the reader may not read the facts of the context. */
async function* permitted(pages: AsyncGenerator<LivePage>): AsyncGenerator<LivePage> {
	try {
		yield* pages;
	} catch (error) {
		if (refusalOf(error)?.code !== CODES.FORBIDDEN.name) throw error;
	}
}
