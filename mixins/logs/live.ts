/**
 * Live - the action that returns the facts of one context as they become visible, in pages: the client polls for the page after a
 * position. A node keeps no state for a client between two polls, so a client may disappear, be slow, or continue on another node.
 */
import type { Context, Service, ServiceSchema } from "moleculer";
import { type May, STAFF } from "../../model/access.ts";
import { oneLine } from "../../store/figures.ts";
import { decode } from "../../store/codec.ts";
import { type Commit, StreamUnreadable } from "../../store/log.ts";
import { parsePositions, positionText } from "../../store/position.ts";
import { isAnswerStream } from "./answer-streams.ts";
import { failureError, invalid } from "../common/errors.ts";
import { withoutSecrets } from "../../model/index.ts";
import { PerService } from "../common/per-service.ts";
import { LiveFollower, type LivePlace } from "./live-follower.ts";
import { storageOf } from "./storage.ts";
import { liveTurns } from "../common/turns.ts";

/** One fact of a page. */
export interface LiveFact {
	/** `<log>:<partition>`, and the position of the commit; `part` is the number of this fact in its commit, null for the last one. */
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
/** A commit that cannot be decoded: the next one of its partition. */
export interface Unreadable {
	readonly partition: string;
	readonly position: number;
	readonly code: string;
	readonly detail: string;
}
export interface LivePage {
	readonly facts: readonly LiveFact[];
	/** The position of each partition before the page. */
	readonly before: string;
	/** The position of each partition after the page, to request the next page. */
	readonly after: string;
	/** The commit that blocks the feed; the next page reports it again, until the client requests a position after it. */
	readonly unreadable: Unreadable | null;
}
export interface LiveAsked {
	/** Positions in the format of a page or an event id; a partition without a position begins at its tail. */
	readonly after?: string | undefined;
	readonly types?: readonly string[] | undefined;
	/** Milliseconds to wait for the first fact. */
	readonly wait?: number | undefined;
}
/** The longest wait for a fact, in milliseconds. */
export const LIVE_WAIT = 10_000;
/** Limits of one page, in commits and in characters of their bodies: the page has to fit into a message of every transport. */
const MOST = 256;
const MOST_TEXT = 256 * 1024;
/** Limit of `after` in characters: an HTTP request has at most 16 KiB of headers. */
const MOST_POSITIONS = 16 * 1024;

const running = new PerService<LiveFollower>();

export function Live(context: string, may: May = STAFF): Partial<ServiceSchema> {
	return {
		actions: {
			/** Long poll: returns the facts after the positions, or new facts without positions, as soon as there are any or the wait is over. */
			live: {
				may,
				timeout: 0,
				bulkhead: { enabled: false }, // a waiting poll does no work
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
			/** Ends pending polls, so that shutdown does not wait for them. */
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

/** A place in one partition; `given`: the number of facts of the next commit that the client already has. */
interface Reached extends LivePlace {
	from: number;
	given: number;
}

async function page(news: LiveFollower, { after, types, wait = 0 }: LiveAsked): Promise<LivePage> {
	const places = await placesOf(news, after);
	const before = textOf(places);
	const until = performance.now() + wait;
	for (;;) {
		await liveTurns.next(); // a long log or many clients do not block other work
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
	if (!positions) throw noPlace("must be an id of this feed", after);
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
	invalid([{ field: "Last-Event-ID", message, expected: "an id of this feed, such as radar:0:1234", actual: text.slice(0, 100) }]);
/** The number of facts that the client has already received of a commit, by the position of the commit. */
const partsOf = (after = ""): ReadonlyMap<string, number> =>
	new Map(
		[...after.matchAll(/([a-z-]+:\d+):(\d+)\.(\d+)/g)].map(([, partition, position, part]) => [`${partition}:${position}`, Number(part)]),
	);
const textOf = (places: readonly Reached[]): string =>
	places
		.map(({ log, from, given }) => (given > 0 ? `${positionText(log.name, from + 1)}.${given}` : positionText(log.name, from)))
		.join(",");

/** The facts of the next commits of one partition. Moves the place after them, and stops before a commit that cannot be decoded. */
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
	const hides = commit.body.includes('"secret":');
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
				data: hides ? withoutSecrets(data) : data,
			},
		];
	});
}
