/**
 * Codec - the one place where facts become stored text and stored text becomes facts. Sealing personal fields per subject is a
 * change of this file alone: it knows which fields those are.
 */
import type { Commit, Recorded } from "./log.ts";

export const encode = (recorded: Recorded): string => JSON.stringify(recorded);

/** The body of a commit, parsed once however many follow it. */
export function decode(commit: Commit): Recorded {
	commit.recorded ??= JSON.parse(commit.body) as Recorded; // bytes come in here
	return commit.recorded;
}
