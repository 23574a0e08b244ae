/** Chain - each commit's hash covers the one before it, so that nothing in a log can be changed, dropped or reordered unseen. */
import { hash as digest } from "node:crypto";
import { BEGINNING, type Commit, StoreUnavailable, type Tail } from "./log.ts";

export const GENESIS = BEGINNING.hash;

/** sha256 over previous hash, stream, version and body; base64url. No field before the body can hold a line break. */
export const chained = (previous: string, stream: string, version: number, body: string): string =>
	digest("sha256", `${previous}\n${stream}\n${version}\n${body}`, "base64url");

/** A page of a log does not continue the history that was read before: the log was changed, set back, or is another one. */
export class ForeignHistory extends Error {}

/** Whether a commit stands directly behind a place and chains onto its hash. Each commit object is hashed once, however many followers check it. */
export function follows({ position, hash }: Tail, commit: Commit): boolean {
	if (commit.position !== position + 1) return false;
	if (commit.previous === undefined && commit.hash === chained(hash, commit.stream, commit.version, commit.body)) commit.previous = hash;
	return commit.previous === hash;
}

/**
 * Asserts that a page continues a partition without a hole and along its hash chain, and returns the place it ends at.
 * Throws StoreUnavailable for a hole, which may pass, and ForeignHistory for a broken chain, which does not.
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
