/** Chain - each commit's hash covers the previous one, so that a changed, removed or reordered commit is detected. */
import { hash as digest } from "node:crypto";
import { BEGINNING, type Commit, StoreUnavailable, type Tail } from "./log.ts";

export const GENESIS = BEGINNING.hash;

/** SHA-256 of previous hash, stream, version and body, base64url. Only the body can contain a line break, so the input is unambiguous. */
export const chained = (previous: string, stream: string, version: number, body: string): string =>
	digest("sha256", `${previous}\n${stream}\n${version}\n${body}`, "base64url");

/** A page of a log does not continue the history read before: the log was changed, reset, or replaced by another one. */
export class ForeignHistory extends Error {}

/** Whether a commit is at the next position and chains onto the hash. Each commit object is hashed once, for all followers. */
export function follows({ position, hash }: Tail, commit: Commit): boolean {
	if (commit.position !== position + 1) return false;
	if (commit.previous === undefined && commit.hash === chained(hash, commit.stream, commit.version, commit.body)) commit.previous = hash;
	return commit.previous === hash;
}

/**
 * Asserts that a page continues a partition without a gap and along its hash chain; returns the place where the page ends.
 * Throws StoreUnavailable for a gap, which can be temporary, and ForeignHistory for a broken chain, which is permanent.
 */
export function continued(name: string, from: Tail, commits: readonly Commit[]): Tail {
	let at = from;
	for (const commit of commits) {
		if (commit.position !== at.position + 1) throw new StoreUnavailable(`${name} has a hole: ${commit.position} follows ${at.position}`);
		if (!follows(at, commit))
			throw new ForeignHistory(`${name}:${commit.position} does not chain onto ${name}:${at.position} as it was read before`);
		at = commit;
	}
	return { position: at.position, hash: at.hash };
}
