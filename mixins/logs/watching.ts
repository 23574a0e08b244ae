/**
 * Watching - an endless sequence of pages of one context's live facts; requests each page after the consumer has handled the one before.
 * If a node disappears in between, the next request goes to another node, or is retried until there is one.
 */
import { isOutage } from "../common/errors.ts";
import { LIVE_WAIT, type LiveAsked, type LivePage } from "./live.ts";

/** Calls the live action of a context. */
export type AskLive = (asked: LiveAsked) => Promise<LivePage>;
/** Milliseconds of failed retries after which the error is thrown. */
const PATIENCE = 30_000;
const LONGEST_PAUSE = 1000;

/**
 * Yields the first page at once, and each later one when there are facts or a long poll ends without any. Ends on the signal, and after
 * a page with an unreadable commit. Throws a refusal of the action, and the error of an outage that lasts longer than `patience`.
 */
export async function* watching(
	ask: AskLive,
	{ after, types }: LiveAsked,
	enough: AbortSignal,
	patience = PATIENCE,
): AsyncGenerator<LivePage> {
	const given = types ? { types } : {};
	const begin = after === undefined ? given : { ...given, after };
	let page = await patiently(ask, { ...begin, wait: 0 }, enough, patience);
	while (page) {
		yield page;
		if (page.unreadable) return;
		page = await patiently(ask, { ...given, after: page.after, wait: LIVE_WAIT }, enough, patience);
	}
}

/** Retries outages; null after the abort. */
async function patiently(ask: AskLive, asked: LiveAsked, enough: AbortSignal, patience: number): Promise<LivePage | null> {
	let refused: number | null = null;
	for (let pause = 50; !enough.aborted; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
		try {
			return await until(enough, ask(asked));
		} catch (error) {
			refused ??= performance.now();
			if (!isOutage(error) || performance.now() - refused > patience) throw error;
			await until(enough, new Promise((resolve) => setTimeout(resolve, pause).unref()));
		}
	}
	return null;
}

/** The result of the promise, or null after the abort. */
async function until<T>(enough: AbortSignal, asked: Promise<T>): Promise<T | null> {
	if (enough.aborted) return null;
	let tell = (): void => {};
	const told = new Promise<null>((resolve) => enough.addEventListener("abort", (tell = () => resolve(null)), { once: true }));
	try {
		return await Promise.race([asked, told]);
	} finally {
		enough.removeEventListener("abort", tell);
	}
}
