/** Job - one command or ask in a writer, its verdict when a batch is formed, and the memory that holds its actor. */
import { asError, type Commit, type Recorded } from "./log.ts";

/** A decision that is not durable yet. */
export interface Draft {
	/** Target stream, if it is not the job's own. */
	readonly stream?: string;
	readonly version: number;
	readonly recorded: Recorded;
}
/**
 * The verdict of a job when a batch is formed. A draft is appended; `held` is an answer that writes nothing and waits for proof; `unread`
 * requires a read first; `recall` requires a lookup of an older command in the log; `over` means that no caller waits for it anymore.
 */
export type Verdict = Draft | "held" | "unread" | "recall" | "over";

/** One command or ask in the writer; at most one command per stream at a time. */
export interface Job {
	readonly stream: string;
	/** A second stream that must be in memory before the decision. */
	readonly beside?: string | undefined;
	/** Whether it may be decided without reading the stream; the unique (stream, version) refuses the append if the stream exists. */
	unread: boolean;
	/** Pure; called again for every new attempt. */
	decide(): Verdict;
	/** Called when the draft is durable. */
	landed(commit: Commit): void;
	/** Called when the held answer is proven. */
	proven(): void;
	/** Called when it was overtaken: submits it again, with fresh consults. */
	again(): void;
	/** Looks up the older command and submits the job again. */
	recall(): void;
	failed(error: Error): void;
}
/** Holds the actors of streams in memory. */
export interface Memory {
	/** Whether the current state of the stream is in memory. */
	has(stream: string): boolean;
	/** Version up to which the stream is in memory; reading resumes there. */
	known(stream: string): number;
	/** Takes commits of the stream from the known version on; `whole`: there are no more. */
	load(stream: string, commits: readonly Commit[], whole: boolean): void;
	evict(stream: string): void;
	clear(): void;
}

/** A decision that throws is a bug in one command, so only this job fails. */
export function verdictOf(job: Job): Verdict {
	try {
		return job.decide();
	} catch (error) {
		job.failed(asError(error));
		return "over";
	}
}
