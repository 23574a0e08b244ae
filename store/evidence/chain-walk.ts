/**
 * ChainWalk - walks the hash chain of a partition, goes on after what does not fit, and says of each break what can be told: changed,
 * missing, elsewhere, or simply not following.
 */
import { chained, GENESIS } from "../chain.ts";
import type { Commit } from "../log.ts";

/** The first position of what does not fit, and what can be told of it. */
export interface Break {
	readonly position: number;
	code: "MISSING_COMMIT" | "UNREADABLE_COMMIT" | "CHANGED_COMMIT" | "CHANGED_HASH" | "REORDERED_COMMIT" | "BROKEN_CHAIN";
	detail: string;
	/** The last position it goes on to. */
	to: number;
	/** The hash before it: what belongs here was chained to that. Undefined when that is not known either. */
	readonly after: string | undefined;
}

/** ChainWalk whose commit is still looked for, and commits that may belong to a later break. */
const LOOKED_FOR = 32;
const NOT_FOLLOWING = "it does not follow from the commit before it";

const hashAfter = (previous: string, { stream, version, body }: Commit): string => chained(previous, stream, version, body);

export class ChainWalk {
	readonly found: Break[] = [];
	/** Of the latest commit, as its content gives it on what stands before; its own where that is not known. */
	made = GENESIS;
	/** What the next commit may follow: its predecessor's hash, or what that should be; none after a hole. */
	#previous: readonly string[] = [GENESIS];
	#position = 0;
	#open: Break | null = null;
	#displaced: Commit[] = [];

	/** The next commit in order; whether it fits what stands before it. */
	take(commit: Commit): boolean {
		if (commit.position > this.#position + 1) this.missing(commit.position - 1);
		this.#position = commit.position;
		const [previous, rather] = this.#previous;
		this.made = previous === undefined ? commit.hash : hashAfter(previous, commit);
		if (this.made === commit.hash)
			this.#settled("CHANGED_COMMIT", "its stream, version or body is not what its hash was made of, or what stood before it is gone");
		else if (rather !== undefined && hashAfter(rather, commit) === commit.hash)
			this.#settled("CHANGED_HASH", "its hash is not that of its stream, version and body");
		else {
			this.#broken(commit, previous);
			return false;
		}
		if (previous === undefined) this.#placed(commit);
		this.made = commit.hash;
		this.#previous = [commit.hash];
		return true;
	}

	/** The store cannot give what stands here. */
	unreadable(position: number, reason: string): void {
		this.#position = position;
		this.#add({ position, code: "UNREADABLE_COMMIT", detail: reason, to: position, after: this.#previous[0] });
		this.#previous = [];
	}

	/** What the latest commit's hash has to be, from somebody who signed it. */
	known({ hash, position }: Commit, signed: string): void {
		if (this.#open?.position !== position) return;
		if (signed === hash) this.#settled("CHANGED_COMMIT", "its stream, version or body is not what its signed hash was made of");
		else if (signed === this.made) this.#settled("CHANGED_HASH", "its hash is not the one that was signed");
		else return;
		this.#previous = [signed];
	}

	/** Nothing stands here, up to that position. */
	missing(to: number): void {
		const position = this.#position + 1;
		const detail = to === position ? "there is no such commit" : `there are no commits ${position} to ${to}`;
		this.#add({ position, code: "MISSING_COMMIT", detail, to, after: this.#previous[0] });
		this.#position = to;
		this.#previous = [];
	}

	/** One more that fits nothing: of the break before it, or of its own. */
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

	/** The chain goes on: if the break was of one commit, it is known what was changed. */
	#settled(code: "CHANGED_COMMIT" | "CHANGED_HASH", detail: string): void {
		if (this.#open?.code === "BROKEN_CHAIN" && this.#open.position === this.#open.to) Object.assign(this.#open, { code, detail });
		this.#open = null;
	}

	/** A commit that follows from what stands before a break belongs there. */
	#placed(commit: Commit): void {
		const home = this.found.find(
			({ code, after }) => code !== "REORDERED_COMMIT" && after !== undefined && hashAfter(after, commit) === commit.hash,
		);
		if (home) this.#elsewhere(home, commit);
	}
	#elsewhere(home: Break, { position }: Commit): void {
		Object.assign(home, { code: "REORDERED_COMMIT", detail: `the commit that belongs here stands at ${position}` });
	}

	#add(one: Break): Break {
		if (this.found.length < LOOKED_FOR) this.found.push(one);
		this.#open = null;
		const here = this.#displaced.find((commit) => one.after !== undefined && hashAfter(one.after, commit) === commit.hash);
		if (here) this.#elsewhere(one, here);
		return one;
	}
}
