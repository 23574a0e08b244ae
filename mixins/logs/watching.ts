/**
 * Watching - the live facts of one context for whoever wants all of them: page after page, each asked for when the one before was dealt
 * with. A node that goes away in between is nothing: the next question goes to another, or waits until there is one.
 */
import { isOutage } from "../common/errors.ts";
import { LIVE_WAIT, type LiveAsked, type LivePage } from "./live.ts";

/** Asks the action of a context. */
export type AskLive = (asked: LiveAsked) => Promise<LivePage>;
/** How long nobody may be able to answer, in milliseconds: then whoever watches has to know. */
const PATIENCE = 30_000;
const LONGEST_PAUSE = 1000;

/**
 * The first page comes as soon as somebody answers, each one after it when there are facts or nobody had any for a while. It ends when
 * the signal says so, and after a page that tells of something unreadable; throws what the action refuses, and when nobody has answered
 * for too long.
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

/** Null when it is enough. */
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

/** What was asked for, or null once it is enough. */
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
