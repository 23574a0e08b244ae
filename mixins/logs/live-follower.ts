/**
 * LiveFollower - follows one context's log on this node for all long polls of its live facts. There is one follower per partition while
 * polls arrive, and none shortly after the last poll, so that a listener does not have to unsubscribe.
 */
import { CODES } from "../common/codes.ts";
import type { Follower } from "../../store/follow.ts";
import { type Commit, endsBefore, type LogPartition, StoreUnavailable, type Tail } from "../../store/log.ts";
import { Recent } from "../../store/recent.ts";
import type { ContextLog } from "./context-log.ts";
import { unavailable } from "../common/errors.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

/** The name of these followers in the metrics. */
export const LIVE = "live";
/** Milliseconds for which the followers stay after the last poll. */
const LINGER = 12_000;
/** Commits kept in memory for polls that are slightly behind. */
const KEPT = 1000;

/** The position that a client has reached in one partition. */
export interface LivePlace {
	readonly log: LogPartition;
	readonly from: number;
}
interface Followed {
	readonly follower: Follower;
	readonly recent: Recent;
}

export class LiveFollower {
	readonly #log: ContextLog;
	readonly #timers: Timers;
	readonly #linger: number;
	readonly #waiting = new Set<() => void>();
	#followed = new Map<string, Followed>();
	#begun: Promise<void> | null = null;
	#asking = 0;
	#forget = (): void => {};
	#over = false;

	constructor(log: ContextLog, timers: Timers = nodeTimers, linger = LINGER) {
		this.#log = log;
		this.#timers = timers;
		this.#linger = linger;
	}
	get partitions(): readonly LogPartition[] {
		return this.#log.partitions;
	}
	get timers(): Timers {
		return this.#timers;
	}
	/** Whether it was released: pending polls return and new ones are refused. */
	get over(): boolean {
		return this.#over;
	}

	/** Runs the work while the log is followed. Throws STOPPING after the release. */
	async during<T>(work: () => Promise<T>): Promise<T> {
		if (this.#over) throw unavailable(CODES.STOPPING, "This node is stopping");
		this.#asking++;
		this.#forget();
		try {
			await (this.#begun ??= this.#begin());
			return await work();
		} finally {
			if (--this.#asking === 0) this.#forget = this.#timers.later(this.#linger, () => void this.#end());
		}
	}

	/** Whether the log holds the position of a place. */
	async holds({ log, from }: LivePlace): Promise<boolean> {
		return (this.#followed.get(log.name)?.follower.position ?? 0) >= from || !(await endsBefore(log, from));
	}
	/** Commits after a position, in order and without a hole; recent ones come from memory. */
	async read({ log, from }: LivePlace, limit: number): Promise<readonly Commit[]> {
		const followed = this.#followed.get(log.name);
		if (followed && followed.follower.position <= from) return [];
		const commits = followed?.recent.read(from, limit) ?? (await log.read(from, limit));
		const hole = commits.findIndex(({ position }, i) => position !== from + 1 + i);
		if (hole >= 0) throw new StoreUnavailable(`${log.name} has a hole after ${from + hole}`);
		return commits;
	}

	/** Resolves when there is a commit after one of the places, on release, or after so many milliseconds. */
	async more(places: readonly LivePlace[], milliseconds: number): Promise<void> {
		if (this.#over || places.some(({ log, from }) => (this.#followed.get(log.name)?.follower.position ?? 0) > from)) return;
		await new Promise<void>((resolve) => {
			const wake = (): void => {
				cancel();
				this.#waiting.delete(wake);
				resolve();
			};
			const cancel = this.#timers.later(milliseconds, wake);
			this.#waiting.add(wake);
		});
	}

	/** Releases pending polls and stops the followers. */
	async end(): Promise<void> {
		this.release();
		await this.#begun?.catch(() => undefined);
		await this.#end();
	}
	/** Releases pending polls and refuses new ones. */
	release(): void {
		this.#over = true;
		this.#wake();
	}

	async #begin(): Promise<void> {
		try {
			const tails = await Promise.all(this.partitions.map(async (log) => ({ log, from: await log.tail() })));
			for (const { log, from } of tails) this.#followed.set(log.name, this.#follow(log, from));
		} catch (error) {
			this.#begun = null;
			throw error;
		}
	}
	#follow(log: LogPartition, from: Tail): Followed {
		const recent = new Recent();
		const take = async (commits: readonly Commit[], after: Tail): Promise<Tail> => {
			const last = commits.at(-1) ?? after;
			recent.add(commits, Math.max(0, last.position - KEPT));
			this.#timers.soon(() => this.#wake()); // after the follower has updated its position
			return last;
		};
		return { recent, follower: this.#log.follow(log, LIVE, { from, take }) };
	}
	#wake(): void {
		for (const wake of [...this.#waiting]) wake();
	}
	async #end(): Promise<void> {
		this.#forget();
		const followed = [...this.#followed.values()];
		this.#followed = new Map();
		this.#begun = null;
		await Promise.all(followed.map(({ follower }) => this.#log.unfollow(follower)));
	}
}
