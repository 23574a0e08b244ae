/**
 * Follow - hands the commits of one partition to one taker, each exactly once, in order. It pulls by position; a hint is only a
 * hint: used when it is contiguous with where we are, otherwise the gap is read from the log. It also looks by itself.
 */
import { type Commit, type LogPartition, StoreUnavailable } from "./log.ts";

/** What the taker could not digest is a bug, not a bad moment: the follower stops there and says so. */
export class Indigestible extends Error {}

export interface FollowerOptions {
	/** The position up to which everything was taken. */
	readonly from: number;
	/** Takes the commits; resolves to the position up to which everything is taken, by whomever. Tried again unless it is Indigestible. */
	readonly take: (commits: readonly Commit[]) => Promise<number>;
	/** Calls `wake` now and then until the returned function is called. */
	readonly every: (wake: () => void) => () => void;
	readonly pause: (milliseconds: number) => Promise<void>;
	readonly stopped?: (error: Error) => void;
	/** Commits handed over at a time. */
	readonly page?: number;
}

/** Hints kept for a slow taker, in pages; beyond it the log is read instead, so that memory stays flat. */
const PATIENCE_PAGES = 8;

export class Follower {
	readonly log: LogPartition;
	readonly #options: FollowerOptions;
	readonly #page: number;
	/** Taken up to here. */
	position: number;
	/** The highest position heard of. */
	known: number;
	error: Error | null = null;
	#inbox: Commit[] = [];
	#wake: (() => void) | null = null;
	#looked = false;
	#stopping = false;
	#finished: Promise<void>;
	#unschedule: () => void;

	constructor(log: LogPartition, options: FollowerOptions) {
		this.log = log;
		this.#options = options;
		this.#page = options.page ?? 500;
		this.position = this.known = options.from;
		this.#unschedule = options.every(() => this.look());
		this.#finished = this.#run();
	}

	/** Commits that are visible in the log; may be lost, doubled, late. */
	hint(commits: readonly Commit[]): void {
		const first = commits[0];
		const last = commits.at(-1);
		if (!first || !last) return;
		if (last.position > this.known) this.known = last.position;
		const expected = (this.#inbox.at(-1)?.position ?? this.position) + 1;
		if (first.position === expected && this.#inbox.length < this.#page * PATIENCE_PAGES)
			for (const commit of commits) this.#inbox.push(commit);
		else this.#looked = false;
		this.#wake?.();
	}

	/** Reads the log even without a hint. */
	look(): void {
		this.#looked = false;
		this.#wake?.();
	}

	/** Resolves when what is under way is done. */
	async stop(): Promise<void> {
		this.#stopping = true;
		this.#unschedule();
		this.#wake?.();
		await this.#finished;
	}

	async #run(): Promise<void> {
		for (let failures = 0; !this.#stopping && !this.error;) {
			try {
				const commits = await this.#next();
				if (commits.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
				else await this.#take(commits);
				failures = 0;
			} catch (error) {
				if (error instanceof Indigestible) this.#fail(error);
				else await this.#options.pause(Math.min(1000, 10 * 2 ** Math.min(failures++, 10)));
			}
			this.#wake = null;
		}
	}

	async #next(): Promise<Commit[]> {
		while (this.#inbox[0] && this.#inbox[0].position <= this.position) this.#inbox.shift();
		if (this.#inbox[0]?.position === this.position + 1) return this.#inbox.splice(0, this.#page);
		this.#inbox = [];
		if (this.#looked && this.known <= this.position) return [];
		this.#looked = true;
		return this.log.read(this.position, this.#page);
	}

	async #take(commits: readonly Commit[]): Promise<void> {
		commits.forEach((commit, i) => {
			if (commit.position !== this.position + 1 + i)
				throw new StoreUnavailable(`${this.log.name} has a hole: ${commit.position} follows ${this.position + i}`);
		});
		this.position = await this.#options.take(commits);
		if (this.position > this.known) this.known = this.position;
		if (commits.length === this.#page) this.#looked = false;
	}

	#fail(error: Error): void {
		this.error = error;
		this.#unschedule();
		this.#options.stopped?.(error);
	}
}
