/** Figures - what a writer has done since the start, in plain numbers, and what went wrong last: for those who watch, never for its decisions. */
import { Histogram, SECONDS } from "./histogram.ts";
import { asError, type Commit } from "./log.ts";

const BATCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const LONGEST = 200;
const MOST = 100;

/** What the store did not do, while it has not done it since. */
export interface Failure {
	/** One line. */
	readonly reason: string;
	/** Milliseconds of the clock given. */
	readonly at: number;
}

export class WriterFigures {
	/** Milliseconds of a clock that is never set back. */
	readonly now: () => number;
	/** Commits in each append that went in, whole or in part. */
	readonly batches = new Histogram(BATCHES);
	/** How long each append took, whatever came of it. */
	readonly seconds = new Histogram(SECONDS);
	facts = 0;
	/** Times commits of another writer were found where the next was to stand, and how many those were. */
	overtaken = 0;
	missed = 0;
	/** Commands and asks decided once more, because a batch did not go in as it was. */
	retried = 0;
	/** Calls to the store that were rejected. */
	readonly failures = { append: 0, read: 0 };
	/** Null from the next success on. */
	readonly failing: { append: Failure | null; read: Failure | null } = { append: null, read: null };
	/** Streams that could not be read when they were asked for, until they can be; the first of them. */
	readonly unreadable = new Map<string, Error>();

	constructor(now: () => number) {
		this.now = now;
	}

	/** `begun`: when the append was asked for. */
	appended(begun: number, whole: boolean, error: unknown): void {
		this.seconds.observe((this.now() - begun) / 1000);
		if (whole) this.failing.append = null;
		if (error === undefined) return;
		this.failures.append++;
		this.gaveUp(error);
	}
	landed(commits: readonly Commit[]): void {
		this.batches.observe(commits.length);
		for (const { recorded } of commits) this.facts += recorded?.facts.length ?? 0;
	}
	caughtUp(missed: number): void {
		if (missed > 0) this.overtaken++;
		this.missed += missed;
	}
	gaveUp(error: unknown): void {
		this.failing.append = { reason: oneLine(error ?? "refused without a reason"), at: this.now() };
	}
	unread(error: unknown): void {
		this.failures.read++;
		this.failing.read = { reason: oneLine(error), at: this.now() };
	}
	read(): void {
		this.failing.read = null;
	}
	/** One stream cannot be read; the others can. */
	lost(stream: string, error: Error): void {
		if (this.unreadable.size < MOST) this.unreadable.set(stream, error);
	}
	get troubled(): boolean {
		return this.failing.append !== null || this.failing.read !== null;
	}
}

/** What went wrong, to be read in a list. */
export const oneLine = (error: unknown): string => asError(error).message.replace(/\s+/g, " ").trim().slice(0, LONGEST);
