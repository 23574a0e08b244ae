/** HeadChecks - checks the signed heads of one partition against the commits at their positions: known key, signature, and hash. */
import type { ChainWalk } from "./chain-walk.ts";
import { doubtOf, type PublicKeys } from "./heads.ts";
import type { Commit, Head, Tail } from "../log.ts";

export interface HeadFinding {
	readonly position: number;
	readonly code: "TRUNCATED" | "REWRITTEN" | "UNKNOWN_KEY" | "BAD_SIGNATURE";
	readonly detail: string;
}
/** One finding for several heads with the same problem. */
interface Many {
	readonly first: Head;
	readonly detail: string;
	count: number;
}

/** Maximum number of bad signatures that are reported one by one. */
const MOST_TOLD = 100;

export class HeadChecks {
	/** Number of heads checked so far. */
	checked = 0;
	/** Highest position of a valid head that matches the log. */
	signed = 0;
	readonly #keys: PublicKeys;
	readonly #at = new Map<number, Map<string, Head>>();
	readonly #bad: HeadFinding[] = [];
	readonly #unknown = new Map<string, Many>();
	#rewritten: Many | null = null;

	/** Identical heads are checked once. */
	constructor(heads: readonly Head[], keys: PublicKeys) {
		this.#keys = keys;
		for (const head of heads) {
			const here = this.#at.get(head.position) ?? new Map<string, Head>();
			this.#at.set(head.position, here.set(JSON.stringify(head), head));
		}
	}

	/** Checks the heads at the position of a commit; `fits`: the commit follows the chain. */
	at(commit: Commit, fits: boolean, breaks: ChainWalk): void {
		const heads = this.#at.get(commit.position);
		if (!heads) return;
		this.#at.delete(commit.position);
		for (const head of heads.values()) {
			if (!this.#counts(head)) continue;
			if (head.hash === commit.hash || head.hash === breaks.made) {
				this.signed = commit.position;
				if (!fits) breaks.known(commit, head.hash);
			} else if (fits) this.#rewrote(head, commit); // otherwise the break is already reported
		}
	}

	/** All findings, including heads beyond the end of the log. */
	rest({ position: tail }: Tail): HeadFinding[] {
		const left = [...this.#at.values()].flatMap((heads) => [...heads.values()]);
		const beyond = left.filter((head) => this.#counts(head) && head.position > tail).toSorted((a, b) => b.position - a.position);
		const [last] = beyond;
		const detail = last && `the log ends at ${tail}, but ${spoken(last)} there was a commit ${last.position}`;
		const cut: HeadFinding[] = detail === undefined ? [] : [{ position: tail + 1, code: "TRUNCATED", detail }];
		const unknown = [...this.#unknown.values()].map((many) => told(many, "UNKNOWN_KEY"));
		return [...cut, ...(this.#rewritten ? [told(this.#rewritten, "REWRITTEN")] : []), ...unknown, ...this.#bad];
	}

	#counts(head: Head): boolean {
		this.checked++;
		const doubt = doubtOf(head, this.#keys);
		if (doubt === "UNKNOWN_KEY") {
			const detail = `a head is signed by the key ${head.key.slice(0, 40)}, which is not known here`;
			const many = this.#unknown.get(head.key);
			if (many) many.count++;
			else this.#unknown.set(head.key, { first: head, detail, count: 1 });
		} else if (doubt === "BAD_SIGNATURE" && this.#bad.length < MOST_TOLD)
			this.#bad.push({ position: head.position, code: doubt, detail: "the signature of a head does not match" });
		return doubt === null;
	}

	#rewrote(head: Head, { hash }: Commit): void {
		if (this.#rewritten) return void this.#rewritten.count++;
		const since = this.signed === 0 ? "no head before it fits" : `the head at ${this.signed} still fits, later commits were changed`;
		const detail = `the hash here is ${hash}, but ${spoken(head)} it was ${head.hash}; ${since}`;
		this.#rewritten = { first: head, detail, count: 1 };
	}
}

const spoken = ({ at, key }: Head): string => `by the head signed at ${at} with the key ${key}`;

const told = ({ first: { position }, detail, count }: Many, code: HeadFinding["code"]): HeadFinding => ({
	position,
	code,
	detail: count === 1 ? detail : `${detail} (and ${count - 1} more)`,
});
