/**
 * ChainWalk - walks the hash chain of a partition, continues after each break, and classifies it: commits are changed, missing, moved
 * elsewhere, or do not follow for an unknown reason.
 */
import { chained, GENESIS } from "../chain.ts";
import type { Commit } from "../log.ts";

/** A break in the chain: its first position, and its kind as far as it is known. */
export interface Break {
	readonly position: number;
	code: "MISSING_COMMIT" | "UNREADABLE_COMMIT" | "CHANGED_COMMIT" | "CHANGED_HASH" | "REORDERED_COMMIT" | "BROKEN_CHAIN";
	detail: string;
	/** Last position of the break. */
	to: number;
	/** The hash before the break, onto which the missing commit was chained; undefined if unknown. */
	readonly after: string | undefined;
}

/** Maximum number of recorded breaks, and of displaced commits that may belong to a later break. */
const LOOKED_FOR = 32;
const NOT_FOLLOWING = "it does not follow from the commit before it";

const hashAfter = (previous: string, { stream, version, body }: Commit): string => chained(previous, stream, version, body);

export class ChainWalk {
	readonly found: Break[] = [];
	/** Hash of the latest commit, computed from its content and the previous hash; its own hash if the previous one is unknown. */
	made = GENESIS;
	/** Hashes that the next commit may follow: the stored and the computed hash of its predecessor; none after a gap. */
	#previous: readonly string[] = [GENESIS];
	#position = 0;
	#open: Break | null = null;
	#displaced: Commit[] = [];

	/** Processes the next commit in order; returns whether it chains onto the previous ones. */
	take(commit: Commit): boolean {
		if (commit.position > this.#position + 1) this.missing(commit.position - 1);
		this.#position = commit.position;
		const [previous, rather] = this.#previous;
		this.made = previous === undefined ? commit.hash : hashAfter(previous, commit);
		if (this.made === commit.hash)
			this.#settled("CHANGED_COMMIT", "its stream, version or body does not match its hash, or the commit before it is gone");
		else if (rather !== undefined && hashAfter(rather, commit) === commit.hash)
			this.#settled("CHANGED_HASH", "its hash does not match its stream, version and body");
		else {
			this.#broken(commit, previous);
			return false;
		}
		if (previous === undefined) this.#placed(commit);
		this.made = commit.hash;
		this.#previous = [commit.hash];
		return true;
	}

	/** Records that the store cannot read the commit at this position. */
	unreadable(position: number, reason: string): void {
		this.#position = position;
		this.#add({ position, code: "UNREADABLE_COMMIT", detail: reason, to: position, after: this.#previous[0] });
		this.#previous = [];
	}

	/** Uses the signed hash of the latest commit to classify its break. */
	known({ hash, position }: Commit, signed: string): void {
		if (this.#open?.position !== position) return;
		if (signed === hash) this.#settled("CHANGED_COMMIT", "its stream, version or body does not match its signed hash");
		else if (signed === this.made) this.#settled("CHANGED_HASH", "its hash is not the one that was signed");
		else return;
		this.#previous = [signed];
	}

	/** Records missing commits from the next position up to `to`. */
	missing(to: number): void {
		const position = this.#position + 1;
		const detail = to === position ? "there is no such commit" : `there are no commits ${position} to ${to}`;
		this.#add({ position, code: "MISSING_COMMIT", detail, to, after: this.#previous[0] });
		this.#position = to;
		this.#previous = [];
	}

	/** Adds a commit that does not follow to the open break, or opens a new one. */
	#broken(commit: Commit, previous: string | undefined): void {
		const { position, hash } = commit;
		if (this.#open === null)
			this.#open = this.#add({ position, code: "BROKEN_CHAIN", detail: NOT_FOLLOWING, to: position, after: previous });
		else {
			this.#open.to = position;
			if (this.#open.code === "BROKEN_CHAIN") this.#open.detail = `${NOT_FOLLOWING}, nor do those up to ${position}`;
		}
		this.#placed(commit);
		if (this.#displaced.length < LOOKED_FOR) this.#displaced.push(commit);
		this.#previous = [hash, this.made];
	}

	/** Closes the open break, because the chain continues; a break of a single commit can now be classified. */
	#settled(code: "CHANGED_COMMIT" | "CHANGED_HASH", detail: string): void {
		if (this.#open?.code === "BROKEN_CHAIN" && this.#open.position === this.#open.to) Object.assign(this.#open, { code, detail });
		this.#open = null;
	}

	/** A commit that follows the hash before a break belongs at that break. */
	#placed(commit: Commit): void {
		const home = this.found.find(
			({ code, after }) => code !== "REORDERED_COMMIT" && after !== undefined && hashAfter(after, commit) === commit.hash,
		);
		if (home) this.#elsewhere(home, commit);
	}
	#elsewhere(home: Break, { position }: Commit): void {
		Object.assign(home, { code: "REORDERED_COMMIT", detail: `the commit that belongs here is at ${position}` });
	}

	#add(one: Break): Break {
		if (this.found.length < LOOKED_FOR) this.found.push(one);
		this.#open = null;
		const here = this.#displaced.find((commit) => one.after !== undefined && hashAfter(one.after, commit) === commit.hash);
		if (here) this.#elsewhere(one, here);
		return one;
	}
}
