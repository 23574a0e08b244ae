/** Job - one command or ask on its way through a writer, what it says when a batch is formed, and where its actor lives in memory. */
import { asError, type Commit, type Recorded } from "./log.ts";

/** A decision not yet durable. */
export interface Draft {
	readonly version: number;
	readonly recorded: Recorded;
}
/**
 * What a job says when a batch is formed: a draft to append; `held`, an answer that writes nothing and waits for proof; `unread`,
 * its actor has to be read first; `over`, nobody waits for it any more.
 */
export type Verdict = Draft | "held" | "unread" | "over";

/** One command or ask on its way through the writer; at most one command per stream at a time. */
export interface Job {
	readonly stream: string;
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
	failed(error: Error): void;
}
/** Where the actors of a stream live in memory. */
export interface Memory {
	has(stream: string): boolean;
	/** All commits of the stream, as the log has them. */
	load(stream: string, commits: readonly Commit[]): void;
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
