/**
 * Follow - hands the commits of one partition to one taker, each exactly once, in order. It pulls by position and asserts that none
 * is missing and that each chains onto the one before, from its checkpoint on (LAW 6). A hint only wakes it; it also polls by itself.
 */
import { continued, ForeignHistory } from "./chain.ts";
import { oneLine } from "./figures.ts";
import { type Commit, StoreUnavailable, type Tail } from "./log.ts";

/** What the taker could not digest is a bug, not a bad moment: the follower stops there and says so. */
export class Indigestible extends Error {}

export interface FollowerOptions {
	/** Commits after a position, in order. */
	readonly read: (after: number, limit: number) => Promise<readonly Commit[]>;
	/** The place up to which everything was taken: the checkpoint. */
	readonly from: Tail;
	/** Takes the commits after a place; resolves to the place up to which everything is taken, here or elsewhere. Retried unless it throws Indigestible. */
	readonly take: (commits: readonly Commit[], from: Tail) => Promise<Tail>;
	/** While another process does the work: where its checkpoint stands. Null while the work is done here. */
	readonly standby?: () => Promise<Tail> | null;
	/** Calls `wake` now and then until the returned function is called. */
	readonly every: (wake: () => void) => () => void;
	readonly pause: (milliseconds: number) => Promise<void>;
	/** The same between batches, so that those that come together are taken together; none where it is not given. */
	readonly rest?: (milliseconds: number) => Promise<void>;
	readonly stopped?: (error: Error) => void;
	/** Who follows, for those who watch. */
	readonly of?: string;
}

/** Asserts that a partition holds the commit a checkpoint names, so that rows of another history are not added to. Throws ForeignHistory if it holds another one. */
export async function anchored(name: string, read: FollowerOptions["read"], { position, hash }: Tail): Promise<void> {
	if (position === 0) return;
	const [commit] = await read(position - 1, 1);
	if (commit?.position !== position) throw new StoreUnavailable(`${name} does not hold ${position}, which was taken`);
	if (commit.hash !== hash) throw new ForeignHistory(`${name}:${position} is not the commit that was taken`);
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
/** Milliseconds between two looks at the checkpoint of the process that does the work, while a reader waits for it. */
const WATCH = 20;

export class Follower {
	/** `<log>:<partition>` */
	readonly name: string;
	readonly of: string;
	readonly #options: FollowerOptions;
	#unschedule: () => void;
	#finished: Promise<void>;
	/** Taken up to here. */
	#at: Tail;
	/** The highest position this process knows to be in the log. */
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
	/** Whether the log was seen to hold the commit the checkpoint names. */
	#anchored = false;
	#resumed: Tail | null = null;
	/** Whether another process does the work, as far as was seen last. */
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

	/** Taken up to here. */
	get position(): number {
		return this.#at.position;
	}

	/** This process appended commits up to this position. */
	hint(position: number): void {
		if (this.#idle) return;
		if (position > this.known) this.known = position;
		this.#wake?.();
	}
	/** Another process says that there are commits up to this position: a reason to poll, and no more. */
	nudge(position: number): void {
		if (position > this.position && !this.#idle) this.look();
	}
	/** On standby, what is appended concerns nobody here until a reader waits for it. */
	get #idle(): boolean {
		return this.#standby && this.#wanted <= this.position;
	}

	/** The highest position a reader waits for now, 0 for none: there is no rest before it. */
	want(position: number): void {
		this.#wanted = position;
		if (position <= this.position) return;
		this.#rested?.();
		this.look();
	}

	/** Resumes after this place, also where it had stopped: another process has taken what is before it, or other rows are folded now. */
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
				if (error instanceof Indigestible || error instanceof ForeignHistory) this.#fail(error);
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
		if ((looks && all) || commits.length === PAGE) this.#looked = false; // a look is over when there is nothing more: what was read may have come from memory
		if (commits.length < PAGE) await this.#rest(commits.length >= LARGE ? LONG_REST : REST);
		return true;
	}
	/** Follows the checkpoint of the process that does the work; closely while a reader waits for it. */
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
		const { rest } = this.#options;
		if (!rest || this.#stopping || this.#resumed !== null || this.#wanted > this.position || this.known - this.position >= PAGE) return;
		const called = new Promise<void>((resolve) => (this.#rested = resolve));
		await Promise.race([called, rest(milliseconds)]);
		this.#rested = null;
	}

	/** Nothing to read: retried after a pause where the log is known to hold more; else asleep, or polling again a little later. */
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
