/**
 * Follow - hands the commits of one partition to one taker, each exactly once, in order. It pulls by position and asserts that
 * none is missing; a hint only says that there is more. It also looks by itself.
 */
import { oneLine } from "./figures.ts";
import { type Commit, StoreUnavailable } from "./log.ts";

/** What the taker could not digest is a bug, not a bad moment: the follower stops there and says so. */
export class Indigestible extends Error {}

export interface FollowerOptions {
	/** Commits after a position, in order. */
	readonly read: (after: number, limit: number) => Promise<readonly Commit[]>;
	/** The position up to which everything was taken. */
	readonly from: number;
	/** Takes the commits; resolves to the position up to which everything is taken, by whomever. Tried again unless it is Indigestible. */
	readonly take: (commits: readonly Commit[]) => Promise<number>;
	/** Calls `wake` now and then until the returned function is called. */
	readonly every: (wake: () => void) => () => void;
	readonly pause: (milliseconds: number) => Promise<void>;
	/** The same between batches, so that those that come together are taken together; none where it is not given. */
	readonly rest?: (milliseconds: number) => Promise<void>;
	readonly stopped?: (error: Error) => void;
	/** Who follows, for those who watch. */
	readonly of?: string;
}

/** Commits handed over at a time: large enough to share pages and statements, small enough to be seen soon. */
const PAGE = 4000;
const LONGEST_PAUSE = 1000;
/**
 * Milliseconds of rest after a batch, and after a large one: what comes meanwhile is taken together, and costs less each. Nobody waits
 * for it who asks for a position, and nothing does that comes after it.
 */
const REST = 10;
const LONG_REST = 100;
const LARGE = 500;

export class Follower {
	/** `<log>:<partition>` */
	readonly name: string;
	readonly of: string;
	readonly #options: FollowerOptions;
	readonly #unschedule: () => void;
	readonly #finished: Promise<void>;
	/** Taken up to here. */
	position: number;
	/** The highest position heard of. */
	known: number;
	error: Error | null = null;
	/** Commits taken here since the start, and how often that, or reading them, failed. */
	taken = 0;
	failures = 0;
	/** What goes wrong, and how often in a row by now; it is tried again. */
	trouble: { readonly times: number; readonly reason: string } | null = null;
	#wake: (() => void) | null = null;
	#looked = false;
	#stopping = false;
	#resumed: number | null = null;
	#wanted = 0;
	#rested: (() => void) | null = null;

	constructor(name: string, options: FollowerOptions) {
		this.name = name;
		this.of = options.of ?? "";
		this.#options = options;
		this.position = this.known = options.from;
		this.#unschedule = options.every(() => this.look());
		this.#finished = this.#run();
	}

	/** There are commits up to this position; may be lost, doubled, late. */
	hint(position: number): void {
		if (position > this.known) this.known = position;
		this.#wake?.();
	}

	/** Somebody waits for this position: no rest before it. */
	hurry(position: number): void {
		if (position > this.#wanted) this.#wanted = position;
		if (position > this.position) this.#rested?.();
	}

	/** Goes on after this position: somebody else has taken what is before it, or it was not kept. */
	resume(position: number): void {
		this.#resumed = position;
		this.look();
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
				if (error instanceof Indigestible) this.#fail(error);
				else await this.#options.pause(Math.min(LONGEST_PAUSE, 10 * 2 ** failures++));
			}
			this.#wake = null;
		}
	}

	/** Until somebody wakes it; not at all if that was a moment ago. */
	#sleep(): Promise<void> {
		const due = this.known > this.position || !this.#looked || this.#stopping || this.#resumed !== null;
		return due ? Promise.resolve() : new Promise((resolve) => (this.#wake = resolve));
	}

	/** False when there is nothing to take. */
	async #step(): Promise<boolean> {
		this.position = this.#resumed ?? this.position;
		this.#resumed = null;
		if (this.#looked && this.known <= this.position) return false;
		const looks = !this.#looked;
		this.#looked = true;
		const commits = await this.#options.read(this.position, PAGE);
		if (commits.length === 0 && this.known <= this.position) this.trouble = null;
		if (commits.length === 0) return this.known > this.position ? this.#invisible() : !this.#looked;
		commits.forEach(({ position }, i) => {
			if (position !== this.position + 1 + i)
				throw new StoreUnavailable(`${this.name} has a hole: ${position} follows ${this.position + i}`);
		});
		this.position = await this.#options.take(commits);
		this.trouble = null;
		this.taken += commits.length;
		if (this.position > this.known) this.known = this.position;
		const all = this.position >= (commits.at(-1)?.position ?? 0);
		if ((looks && all) || commits.length === PAGE) this.#looked = false; // a look is over when there is nothing more: what was read may have come from memory
		if (commits.length < PAGE) await this.#rest(commits.length >= LARGE ? LONG_REST : REST);
		return true;
	}
	async #rest(milliseconds: number): Promise<void> {
		const { rest } = this.#options;
		if (!rest || this.#stopping || this.#resumed !== null || this.#wanted > this.position || this.known - this.position >= PAGE) return;
		const called = new Promise<void>((resolve) => (this.#rested = resolve));
		await Promise.race([called, rest(milliseconds)]);
		this.#rested = null;
	}

	/** Told of, but not to be seen yet: asked again after a pause. */
	#invisible(): never {
		throw new StoreUnavailable(`${this.name} does not show ${this.known} yet`);
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
