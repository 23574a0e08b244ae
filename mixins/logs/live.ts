/**
 * Live - the facts of one context as they become visible, a page at a time: whoever watches asks for what comes after a position, and
 * again. Nothing is kept for a watcher between two questions, so that one who is gone is forgotten, one who is slow reads slowly, and
 * any node that offers the context goes on for another.
 */
import type { Context, Service, ServiceSchema } from "moleculer";
import { oneLine } from "../../store/figures.ts";
import { decode } from "../../store/codec.ts";
import { type Commit, StreamUnreadable } from "../../store/log.ts";
import { parsePositions, positionText } from "../../store/position.ts";
import { isAnswerStream } from "./answer-streams.ts";
import { failureError, invalid } from "../common/errors.ts";
import { PerService } from "../common/per-service.ts";
import { LiveFollower, type Place } from "./live-follower.ts";
import { storageOf } from "./storage.ts";
import { liveTurns } from "../common/turns.ts";

/** One fact on its way to a watcher. */
export interface LiveFact {
	/** `<log>:<partition>` and the position in it; with `part` when more facts of the commit follow. */
	readonly partition: string;
	readonly position: number;
	readonly part: number | null;
	readonly service: string;
	readonly id: string;
	readonly version: number;
	readonly at: string;
	readonly by: string;
	readonly type: string;
	readonly data: unknown;
}
/** A commit nobody understands: the next one of its partition. */
export interface Unreadable {
	readonly partition: string;
	readonly position: number;
	readonly code: string;
	readonly detail: string;
}
export interface LivePage {
	readonly facts: readonly LiveFact[];
	/** Where each partition was gone on from. */
	readonly before: string;
	/** Where each partition is gone on from: what the next page comes after. */
	readonly after: string;
	/** What stands in the way; asked for the page after it, it is told again, until somebody passes over it. */
	readonly unreadable: Unreadable | null;
}
export interface LiveAsked {
	/** Positions as a page or a fact gives them; a partition that is not named begins at its tail. */
	readonly after?: string | undefined;
	readonly types?: readonly string[] | undefined;
	/** How long the first fact is waited for, in milliseconds. */
	readonly wait?: number | undefined;
}
/** The longest wait for a fact, in milliseconds. */
export const LIVE_WAIT = 10_000;
/** Commits, and characters of their bodies, in one page at the most: what is answered must pass through every transport. */
const MOST = 256;
const MOST_TEXT = 256 * 1024;
/** Characters of the positions a page comes after: no request over HTTP has longer ones, its headers may have 16 KiB. */
const MOST_POSITIONS = 16 * 1024;

const running = new PerService<LiveFollower>();

export function Live(context: string): Partial<ServiceSchema> {
	return {
		actions: {
			/** A page of facts as they become visible: those after positions given before, or from now on, once there are any or the wait is over. */
			live: {
				timeout: 0,
				bulkhead: { enabled: false }, // who waits does no work
				params: {
					$$strict: true,
					after: { type: "string", max: MOST_POSITIONS, optional: true },
					types: { type: "array", items: "string", optional: true },
					wait: { type: "number", integer: true, min: 0, max: LIVE_WAIT, optional: true },
				},
				async handler(this: Service, ctx: Context<LiveAsked>): Promise<LivePage> {
					const news = running.of(this);
					return news.during(() => page(news, ctx.params)).catch((error: unknown) => Promise.reject(failureError(error)));
				},
			},
		},
		events: {
			/** Nobody's stop waits for somebody who waits. */
			"$node.stopping"(this: Service) {
				running.find(this)?.release();
			},
		},
		async started(this: Service) {
			running.set(this, new LiveFollower(await storageOf(this.broker).context(context)));
		},
		async stopped(this: Service) {
			await running.find(this)?.end();
		},
	};
}

/** A place in one partition; `given`: of the next commit, the facts that were given already. */
interface Reached extends Place {
	from: number;
	given: number;
}

async function page(news: LiveFollower, { after, types, wait = 0 }: LiveAsked): Promise<LivePage> {
	const places = await placesOf(news, after);
	const before = textOf(places);
	const until = performance.now() + wait;
	for (;;) {
		await liveTurns.next(); // a long log or many watchers hold up nobody else
		const pieces = await Promise.all(places.map((place) => pieceOf(news, place, types, places.length)));
		const facts = pieces.flatMap((piece) => piece.facts);
		const unreadable = pieces.find((piece) => piece.unreadable !== null)?.unreadable ?? null;
		const left = until - performance.now();
		if (facts.length > 0 || unreadable || left <= 0 || news.over) return { facts, before, after: textOf(places), unreadable };
		await news.more(places, left);
	}
}

async function placesOf(news: LiveFollower, after: string | undefined): Promise<Reached[]> {
	const positions = after === undefined ? {} : parsePositions(after);
	if (!positions) throw noPlace("must be an id this feed gave", after);
	const { partitions } = news;
	const [context = ""] = partitions[0]?.name.split(":") ?? [];
	const names = new Set(partitions.map(({ name }) => name));
	const missing = Object.keys(positions).find((name) => name.startsWith(`${context}:`) && !names.has(name));
	if (missing !== undefined) throw noPlace("names a partition the log does not have", missing);
	const parts = partsOf(after);
	return Promise.all(
		partitions.map(async (log) => {
			const asked = positions[log.name];
			if (asked !== undefined && !(await news.holds({ log, from: asked })))
				throw noPlace("is a position the log does not hold", positionText(log.name, asked));
			const position = asked ?? (await log.tail()).position;
			const given = parts.get(positionText(log.name, position)) ?? 0;
			return { log, from: given > 0 ? position - 1 : position, given };
		}),
	);
}
/** Throws for an ID that names a log of none of these contexts: a context only checks the positions of its own log. */
export function assertContexts(after: string, contexts: ReadonlySet<string>): void {
	const unknown = Object.keys(parsePositions(after) ?? {}).find((name) => !contexts.has(name.slice(0, name.indexOf(":"))));
	if (unknown !== undefined) throw noPlace("names a log the system does not have", unknown);
}
const noPlace = (message: string, text = ""): Error =>
	invalid([{ field: "Last-Event-ID", message, expected: "radar:0:1234, as this feed gave it", actual: text.slice(0, 100) }]);
/** Of a commit a watcher was in the middle of: the facts it has seen, by its position. */
const partsOf = (after = ""): ReadonlyMap<string, number> =>
	new Map(
		[...after.matchAll(/([a-z-]+:\d+):(\d+)\.(\d+)/g)].map(([, partition, position, part]) => [`${partition}:${position}`, Number(part)]),
	);
const textOf = (places: readonly Reached[]): string =>
	places
		.map(({ log, from, given }) => (given > 0 ? `${positionText(log.name, from + 1)}.${given}` : positionText(log.name, from)))
		.join(",");

/** The facts of the next commits of one partition, each commit whole; the place moves behind them, and stops before what is not understood. */
async function pieceOf(news: LiveFollower, place: Reached, types: readonly string[] | undefined, of: number) {
	const facts: LiveFact[] = [];
	let text = 0;
	for (const commit of await news.read(place, Math.ceil(MOST / of))) {
		const found = factsIn(place, commit, types);
		if (!Array.isArray(found)) return { facts, unreadable: found };
		facts.push(...found);
		[place.from, place.given] = [commit.position, 0];
		if ((text += commit.body.length) > MOST_TEXT / of) break;
	}
	return { facts, unreadable: null };
}

function factsIn({ log, given }: Reached, commit: Commit, types: readonly string[] | undefined): LiveFact[] | Unreadable {
	try {
		return factsOf(log.name, commit, given, types);
	} catch (error) {
		const { position, stream } = commit;
		const { code, message } =
			error instanceof StreamUnreadable ? error : new StreamUnreadable(`${stream}, at position ${position},`, error);
		return { partition: log.name, position, code, detail: oneLine(message) };
	}
}

function factsOf(partition: string, commit: Commit, given: number, types: readonly string[] | undefined): LiveFact[] {
	if (isAnswerStream(commit.stream)) return [];
	const { facts, at, by } = decode(commit);
	const cut = commit.stream.indexOf("-");
	return facts.flatMap(({ type, data }, i) => {
		if (i < given || (types && !types.includes(type))) return [];
		const part = i + 1 < facts.length ? i + 1 : null;
		return [
			{
				partition,
				position: commit.position,
				part,
				service: commit.stream.slice(0, cut),
				id: commit.stream.slice(cut + 1),
				version: commit.version + i + 1,
				at,
				by,
				type,
				data,
			},
		];
	});
}
