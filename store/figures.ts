/** Figures - counters, timings and the latest failures of a writer, for monitoring; the writer's decisions never depend on them. */
import { Histogram, SECONDS } from "./histogram.ts";
import { asError, type Commit } from "./log.ts";

const BATCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const LONGEST = 200;
const MOST = 100;

/** A failed operation of the store that has not succeeded since. */
export interface Failure {
	/** One line. */
	readonly reason: string;
	/** Milliseconds of the writer's clock. */
	readonly at: number;
}

export class WriterFigures {
	/** Milliseconds of a monotonic clock. */
	readonly now: () => number;
	/** Commits stored by each append that succeeded, wholly or in part. */
	readonly batches = new Histogram(BATCHES);
	/** Duration of each append, including failed ones. */
	readonly seconds = new Histogram(SECONDS);
	facts = 0;
	/** `overtaken` counts the times that another writer had used the next position; `missed` counts its commits. */
	overtaken = 0;
	missed = 0;
	/** Commands and asks that were decided again because their batch was not stored as a whole. */
	retried = 0;
	/** Rejected calls to the store. */
	readonly failures = { append: 0, read: 0 };
	/** Reset to null by the next success. */
	readonly failing: { append: Failure | null; read: Failure | null } = { append: null, read: null };
	/** Streams whose last read failed, with the error; at most MOST. */
	readonly unreadable = new Map<string, Error>();

	constructor(now: () => number) {
		this.now = now;
	}

	/** `begun`: time at which the append was started. */
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
	/** Records one stream that cannot be read, while others can. */
	lost(stream: string, error: Error): void {
		if (this.unreadable.size < MOST) this.unreadable.set(stream, error);
	}
	get troubled(): boolean {
		return this.failing.append !== null || this.failing.read !== null;
	}
}

/** The message of an error, shortened to one line. */
export const oneLine = (error: unknown): string => asError(error).message.replace(/\s+/g, " ").trim().slice(0, LONGEST);
