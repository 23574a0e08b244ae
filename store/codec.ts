/**
 * Codec - converts facts to stored text and back. All conversion happens here, so that encrypting personal fields per subject would change
 * only this file.
 */
import { type Commit, type Recorded, StreamUnreadable } from "./log.ts";

export const encode = (recorded: Recorded): string => JSON.stringify(recorded);

/** The decoded body of a commit; parsed once for all followers. Throws StreamUnreadable. */
export function decode(commit: Commit): Recorded {
	commit.recorded ??= parsed(commit);
	return commit.recorded;
}

function parsed({ stream, position, body }: Commit): Recorded {
	try {
		return JSON.parse(body) as Recorded; // bytes come in here
	} catch {
		throw new StreamUnreadable(`${stream}, at position ${position},`, new Error("its text is not JSON")); // the error of JSON.parse quotes the text
	}
}
