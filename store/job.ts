/** Job - one command or ask on its way through a writer, what it says when a batch is formed, and where its actor lives in memory. */
import { asError, type Commit, type Recorded } from "./log.ts";

/** A decision not yet durable. */
export interface Draft {
	/** Where it goes, if not into the job's own stream. */
	readonly stream?: string;
	readonly version: number;
	readonly recorded: Recorded;
}
/**
 * What a job says when a batch is formed: a draft to append; `held`, an answer that writes nothing and waits for proof; `unread`,
 * something it needs has to be read first; `recall`, an older command has to be looked up in the log; `over`, nobody waits for it any more.
 */
export type Verdict = Draft | "held" | "unread" | "recall" | "over";

/** One command or ask on its way through the writer; at most one command per stream at a time. */
export interface Job {
	readonly stream: string;
	/** A second stream it needs to know before it is decided. */
	readonly beside?: string | undefined;
	/** May be decided on an actor nobody read: the unique (stream, version) tells when it exists after all. */
	unread: boolean;
	/** Pure; called again whenever the decision is made again. */
	decide(): Verdict;
	/** The draft is durable. */
	landed(commit: Commit): void;
	/** The held answer is proven. */
	proven(): void;
	/** Overtaken: to be submitted again, with fresh consults. */
	again(): void;
	/** Looks up the older command, and is submitted again. */
	recall(): void;
	failed(error: Error): void;
}
/** Where the actors of a stream live in memory. */
export interface Memory {
	/** Whether the stream is known as it stands. */
	has(stream: string): boolean;
	/** The version up to which it is known: reading it goes on there. */
	known(stream: string): number;
	/** Commits of the stream from the known version on, as the log has them; `whole`: there are no more. */
	load(stream: string, commits: readonly Commit[], whole: boolean): void;
	evict(stream: string): void;
	clear(): void;
}

/** A decision that throws is a bug of one command: it fails, and no other with it. */
export function verdictOf(job: Job): Verdict {
	try {
		return job.decide();
	} catch (error) {
		job.failed(asError(error));
		return "over";
	}
}
