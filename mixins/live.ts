/** Live - the facts of one context as they become visible, from the tail or from a position, for those who want to watch. */
import { Readable } from "node:stream";
import { type Context, Errors, type Service, type ServiceSchema } from "moleculer";
import { decode } from "../store/codec.ts";
import { Follower } from "../store/follow.ts";
import type { Commit, LogPartition } from "../store/log.ts";
import { parsePositions, positionText } from "../store/position.ts";
import { PerService } from "./following.ts";
import { storageOf, type ContextLog } from "./storage.ts";

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
/** The first thing a stream gives: where each partition is gone on from. */
export interface LiveStart {
	readonly positions: Readonly<Record<string, number>>;
}
/** Who follows for a watcher. */
export const LIVE = "live";
/** Facts a slow watcher may fall behind before its stream stops pulling. */
const BUFFER = 256;

/** What ends the streams of one running service. */
const watchers = new PerService<Set<() => Promise<void>>>();

export function Live(context: string): Partial<ServiceSchema> {
	return {
		actions: {
			/** Resolves to a stream of LiveFact. `after`: positions as given by the stream, else the tail. */
			live: {
				timeout: 0,
				params: {
					$$strict: true,
					after: { type: "string", max: 4000, optional: true },
					types: { type: "array", items: "string", optional: true },
				},
				async handler(this: Service, ctx: Context<{ after?: string; types?: readonly string[] }>) {
					const { after, types } = ctx.params;
					const positions = after === undefined ? {} : parsePositions(after);
					if (!positions)
						throw new Errors.ValidationError("The position is not one of ours", "VALIDATION_ERROR", [
							{ field: "Last-Event-ID", message: "must be an id this feed gave", expected: "radar:0:1234", actual: after?.slice(0, 100) },
						]);
					const log = await storageOf(this.broker).context(context);
					const starts = await Promise.all(
						log.partitions.map(async (partition) => ({ partition, from: positions[partition.name] ?? (await partition.tail()).position })),
					);
					return watch(log, starts, partsOf(after), types, watchers.of(this));
				},
			},
		},
		async started(this: Service) {
			watchers.set(this, new Set());
		},
		/** Whoever watches is told; a watcher on another node that has gone without a word is followed for until here. */
		async stopped(this: Service) {
			await Promise.all([...(watchers.find(this) ?? [])].map((end) => end()));
		},
	};
}

/** Of a commit a watcher was in the middle of: the facts it has seen, by its position. */
const partsOf = (after = ""): ReadonlyMap<string, number> =>
	new Map(
		[...after.matchAll(/([a-z-]+:\d+):(\d+)\.(\d+)/g)].map(([, partition, position, part]) => [`${partition}:${position}`, Number(part)]),
	);

/** A stream over followers of their own; they end with it. */
function watch(
	log: ContextLog,
	starts: readonly { partition: LogPartition; from: number }[],
	parts: ReadonlyMap<string, number>,
	types: readonly string[] | undefined,
	ends: Set<() => Promise<void>>,
): Readable {
	let roomy: (() => void) | null = null;
	let over = false;
	const stream = new Readable({ objectMode: true, highWaterMark: BUFFER, read: () => roomy?.() });
	stream.push({ positions: Object.fromEntries(starts.map(({ partition, from }) => [partition.name, from])) } satisfies LiveStart);
	const followers: Follower[] = starts.map(({ partition, from }) => {
		const begun = parts.has(positionText(partition.name, from)); // the first facts of this commit were given already
		const take = async (commits: readonly Commit[]) => {
			let room = true;
			for (const commit of commits) for (const fact of factsOf(partition.name, commit, parts, types)) room = stream.push(fact) && room;
			if (!room && !over) await new Promise<void>((resolve) => (roomy = resolve));
			return commits.at(-1)?.position ?? 0;
		};
		return log.follow(partition, LIVE, { from: begun ? from - 1 : from, take });
	});
	const unfollow = async (): Promise<void> => {
		over = true;
		ends.delete(end);
		const gone = followers.map((follower) => log.unfollow(follower));
		roomy?.();
		await Promise.all(gone);
	};
	const end = () => unfollow().then(() => void (stream.destroyed || stream.push(null)));
	ends.add(end);
	stream.once("close", () => void unfollow());
	return stream;
}

function factsOf(partition: string, commit: Commit, parts: ReadonlyMap<string, number>, types: readonly string[] | undefined): LiveFact[] {
	const { facts, at, by } = decode(commit);
	const cut = commit.stream.indexOf("-");
	const given = parts.get(positionText(partition, commit.position)) ?? 0;
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
