/**
 * Codec - the one place where facts become stored text and stored text becomes facts. Sealing personal fields per subject is a
 * change of this file alone: it knows which fields those are.
 */
import type { Commit } from "./log.ts";

export interface RecordedFact {
	readonly type: string;
	readonly data: unknown;
}
/** What one commit says. */
export interface Recorded {
	readonly facts: readonly RecordedFact[];
	readonly command: { readonly name: string; readonly id: string; readonly digest?: string };
	/** Who decided. */
	readonly by: string;
	/** When, ISO-8601 UTC. */
	readonly at: string;
	/** The position of the fact it follows from, for commands of processes. */
	readonly cause?: string;
	/** The request it belongs to. */
	readonly trace?: string;
}

export const encode = (recorded: Recorded): string => JSON.stringify(recorded);

/** The body of a commit, parsed once however many follow it. */
export function decode(commit: Commit): Recorded {
	commit.recorded ??= JSON.parse(commit.body) as Recorded; // bytes come in here
	return commit.recorded;
}
