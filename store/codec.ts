/**
 * Codec - the one place where facts become stored text and stored text becomes facts. Sealing personal fields per subject is a
 * change of this file alone: it knows which fields those are.
 */
import { type Commit, type Recorded, StreamUnreadable } from "./log.ts";

export const encode = (recorded: Recorded): string => JSON.stringify(recorded);

/** The body of a commit, parsed once however many follow it. */
export function decode(commit: Commit): Recorded {
	commit.recorded ??= parsed(commit);
	return commit.recorded;
}

function parsed({ stream, position, body }: Commit): Recorded {
	try {
		return JSON.parse(body) as Recorded; // bytes come in here
	} catch {
		throw new StreamUnreadable(`${stream}, at position ${position},`, new Error("its text is no JSON")); // JSON.parse would quote it
	}
}
