/**
 * Follow - passes the commits of one partition to one consumer, each exactly once and in order. It reads by position and asserts that no
 * commit is missing and that each chains onto the previous one, starting at its checkpoint (LAW 6). Hints only wake it; it also polls.
 */
import { continued, ForeignHistory } from "./chain.ts";
import { oneLine } from "./figures.ts";
import { type Commit, StoreUnavailable, type Tail } from "./log.ts";

/** Thrown by a consumer that cannot process a commit because of a bug: the follower stops there and reports it. */
export class Indigestible extends Error {}

export interface FollowerOptions {
	/** Commits after a position, in order. */
	readonly read: (after: number, limit: number) => Promise<readonly Commit[]>;
	/** The checkpoint: the place up to which all commits were processed. */
	readonly from: Tail;
	/** Processes commits after a place; resolves to the new place, which another process may have reached. Retried unless Indigestible. */
	readonly take: (commits: readonly Commit[], from: Tail) => Promise<Tail>;
	/** The owner's checkpoint while another process owns the work; null while this process owns it. */
	readonly standby?: () => Promise<Tail> | null;
	/** Calls `wake` periodically until the returned function is called. */
	readonly every: (wake: () => void) => () => void;
	readonly pause: (milliseconds: number) => Promise<void>;
	/** Delay between batches, so that commits that arrive together are processed together; no delay if absent. */
	readonly delay?: (milliseconds: number) => Promise<void>;
	readonly stopped?: (error: Error) => void;
	/** Name of the consumer, for monitoring. */
	readonly of?: string;
}

/** Asserts that a partition holds the commit of a checkpoint. Throws ForeignHistory for another commit, StoreUnavailable for none. */
export async function anchored(name: string, read: FollowerOptions["read"], { position, hash }: Tail): Promise<void> {
	if (position === 0) return;
	const [commit] = await read(position - 1, 1);
	if (commit?.position !== position) throw new StoreUnavailable(`${name} does not hold ${position}, which was already processed`);
	if (commit.hash !== hash) throw new ForeignHistory(`${name}:${position} is not the commit that was processed`);
}

/** Maximum number of commits per batch: large enough to share pages and statements, small enough for a short delay. */
const PAGE = 4000;
const LONGEST_PAUSE = 1000;
/**
 * Milliseconds of delay after a batch, and after a large one: commits that arrive meanwhile share a batch and cost less. A reader that
 * waits for a position ends the delay, and so does shutdown.
 */
const REST = 10;
const LONG_REST = 100;
const LARGE = 500;
/** Milliseconds between two polls of the owner's checkpoint while a reader waits on a standby. */
const WATCH = 20;

export class Follower {
	/** `<log>:<partition>` */
	readonly name: string;
	readonly of: string;
	readonly #options: FollowerOptions;
	#unschedule: () => void;
	#finished: Promise<void>;
	/** The place up to which all commits were processed. */
	#at: Tail;
	/** The highest position this process knows to be in the log. */
	known: number;
	error: Error | null = null;
	/** Commits processed since the start, and failed attempts to read or process. */
	taken = 0;
	failures = 0;
	/** The current failure and its consecutive attempts; null when none. It is retried. */
	trouble: { readonly times: number; readonly reason: string } | null = null;
	#wake: (() => void) | null = null;
	#looked = false;
	#stopping = false;
	/** Whether the log is known to hold the commit of the checkpoint. */
	#anchored = false;
	#resumed: Tail | null = null;
	/** Whether another process owned the work at the last poll. */
	#standby = false;
	#wanted = 0;
	#rested: (() => void) | null = null;

	constructor(name: string, options: FollowerOptions) {
		this.name = name;
		this.of = options.of ?? "";
		this.#options = options;
		this.#at = options.from;
		this.known = options.from.position;
		[this.#unschedule, this.#finished] = this.#begun();
	}
	#begin(): void {
		this.error = null;
		[this.#unschedule, this.#finished] = this.#begun();
	}
	#begun(): [() => void, Promise<void>] {
		this.#looked = false;
		return [this.#options.every(() => this.look()), this.#run()];
	}

	/** The position up to which all commits were processed. */
	get position(): number {
		return this.#at.position;
	}

	/** Called when this process has appended commits up to this position. */
	hint(position: number): void {
		if (this.#idle) return;
		if (position > this.known) this.known = position;
		this.#wake?.();
	}
	/** Called when another process reports commits up to this position; unproven, so it only triggers a poll. */
	nudge(position: number): void {
		if (position > this.position && !this.#idle) this.look();
	}
	/** A standby ignores new commits until a reader waits for them. */
	get #idle(): boolean {
		return this.#standby && this.#wanted <= this.position;
	}

	/** The highest position that a reader waits for now, 0 for none; batches up to it are not delayed. */
	want(position: number): void {
		this.#wanted = position;
		if (position <= this.position) return;
		this.#rested?.();
		this.look();
	}

	/** Resumes after this place, also after a stop: another process has processed the commits before it, or the rows were replaced. */
	resume(at: Tail): void {
		this.#resumed = at;
		this.#anchored = false;
		if (this.error) this.#begin();
		else this.look();
	}

	/** Polls. */
	look(): void {
		this.#looked = false;
		this.#wake?.();
	}

	/** Resolves when the current batch is finished. */
	async stop(): Promise<void> {
		this.#stopping = true;
		this.#unschedule();
		this.#wake?.();
		this.#rested?.();
		await this.#finished;
	}

	async #run(): Promise<void> {
		for (let failures = 0; !this.#stopping && !this.error;) {
			try {
				if (await this.#step()) failures = 0;
				else await this.#sleep();
			} catch (error) {
				this.#looked = false;
				this.#failed(error);
				if (error instanceof Indigestible || error instanceof ForeignHistory) this.#fail(error);
				else await this.#options.pause(Math.min(LONGEST_PAUSE, 10 * 2 ** failures++));
			}
			this.#wake = null;
		}
	}

	/** Waits for a wake-up, unless there is already work to do. */
	#sleep(): Promise<void> {
		const due = this.known > this.position || !this.#looked || this.#stopping || this.#resumed !== null;
		return due ? Promise.resolve() : new Promise((resolve) => (this.#wake = resolve));
	}

	/** Processes one batch; false if there was nothing to do. */
	async #step(): Promise<boolean> {
		this.#at = this.#resumed ?? this.#at;
		this.#resumed = null;
		if (this.#looked && this.known <= this.position) return false;
		const looks = !this.#looked;
		this.#looked = true;
		if (!this.#anchored) await anchored(this.name, this.#options.read, this.#at);
		this.#anchored = true;
		const elsewhere = this.#options.standby?.() ?? null;
		this.#standby = elsewhere !== null;
		if (elsewhere) return this.#watch(await elsewhere);
		const commits = await this.#options.read(this.position, PAGE);
		if (commits.length === 0) return this.#nothing();
		continued(this.name, this.#at, commits);
		this.#at = await this.#options.take(commits, this.#at);
		this.trouble = null;
		this.taken += commits.length;
		if (this.position > this.known) this.known = this.position;
		const all = this.position >= (commits.at(-1)?.position ?? 0);
		if ((looks && all) || commits.length === PAGE) this.#looked = false; // polls again: this batch may have come from memory, or there may be more
		if (commits.length < PAGE) await this.#rest(commits.length >= LARGE ? LONG_REST : REST);
		return true;
	}
	/** Follows the owner's checkpoint, and polls it often while a reader waits. */
	async #watch(at: Tail): Promise<boolean> {
		this.#at = at;
		this.known = at.position;
		this.trouble = null;
		if (this.#idle) return !this.#looked;
		this.#looked = false;
		await this.#options.pause(WATCH);
		return true;
	}
	async #rest(milliseconds: number): Promise<void> {
		const { delay: rest } = this.#options;
		if (!rest || this.#stopping || this.#resumed !== null || this.#wanted > this.position || this.known - this.position >= PAGE) return;
		const called = new Promise<void>((resolve) => (this.#rested = resolve));
		await Promise.race([called, rest(milliseconds)]);
		this.#rested = null;
	}

	/** Handles an empty page: throws, and so retries, if the log is known to hold more; otherwise sleeps or polls again soon. */
	async #nothing(): Promise<boolean> {
		if (this.known > this.position) throw new StoreUnavailable(`${this.name} does not show ${this.known} yet`);
		this.trouble = null;
		if (!this.#looked) await this.#rest(REST);
		return !this.#looked;
	}

	#failed(error: unknown): void {
		this.failures++;
		this.trouble = { times: (this.trouble?.times ?? 0) + 1, reason: oneLine(error) };
	}

	#fail(error: Error): void {
		this.error = error;
		this.#unschedule();
		this.#options.stopped?.(error);
	}
}
