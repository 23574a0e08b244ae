/**
 * Verify - walks a partition from its first commit on, along its hash chain and its signed heads, and names what does not fit:
 * what an auditor asks, and what those who run the system cannot answer by themselves. Reads in pages and lets others have their
 * turn between them; takes the memory of a page and of the heads, however long the log is.
 */
import { ChainWalk } from "./chain-walk.ts";
import { HeadChecks } from "./head-checks.ts";
import { newestOf, type PublicKeys } from "./heads.ts";
import { asError, type Commit, type Head, type LogPartition, type Tail } from "../log.ts";
import { type Counted, Versions } from "./versions.ts";

/** How far it is. */
export interface Progress {
	/** `<log>:<partition>` */
	readonly log: string;
	readonly position: number;
	readonly tail: number;
}
export interface Finding {
	readonly log: string;
	/** The first that does not fit. */
	readonly position: number;
	readonly code: FindingCode;
	readonly detail: string;
}
export type FindingCode =
	/** It stands before the first position. */
	| "MISPLACED_COMMIT"
	| "MISSING_COMMIT"
	/** The store cannot give it, or its body is none. */
	| "UNREADABLE_COMMIT"
	/** The commit that belongs here stands elsewhere. */
	| "REORDERED_COMMIT"
	/** Its stream, version or body. */
	| "CHANGED_COMMIT"
	| "CHANGED_HASH"
	/** Nothing better can be told. */
	| "BROKEN_CHAIN"
	/** The chain is whole, but the stream held another number of facts. */
	| "WRONG_VERSION"
	/** The log ends before a signed head. */
	| "TRUNCATED"
	/** The chain is whole, but it is not the one that was signed. */
	| "REWRITTEN"
	/** A head was kept outside the database, and there is no valid one in it any more. */
	| "UNSIGNED"
	/** A head that proves nothing, by the position it speaks of. */
	| "UNKNOWN_KEY"
	| "BAD_SIGNATURE";
/** What one partition came to. */
export interface Verified {
	readonly log: string;
	/** Commits read. */
	readonly verified: number;
	/** Heads checked. */
	readonly heads: number;
	/** The highest position of a head that fits; nobody has signed what comes after it. */
	readonly signed: number;
	/** By position; of very many only the first. */
	readonly findings: readonly Finding[];
}
export interface VerifyOptions {
	readonly keys: PublicKeys;
	/** Heads kept elsewhere, of this partition. */
	readonly heads?: readonly Head[];
	/** The head of this partition that the system itself keeps outside the database. */
	readonly anchor?: Head | undefined;
	/** Lets others have their turn. */
	readonly turn: () => Promise<void>;
}

const PAGE = 1000;
const MOST_FINDINGS = 100;

/** Where it stands now, page by page, and last what it came to. Rejects when the log cannot be read at all. */
export async function* verify(log: LogPartition, options: VerifyOptions): AsyncGenerator<Progress | Verified> {
	const kept = await log.heads(); // before the tail: one that is signed meanwhile never lies beyond it
	const { anchor } = options;
	const walk = new Walk(log, await log.tail(), [...kept, ...(options.heads ?? []), ...(anchor ? [anchor] : [])], options);
	await walk.begin();
	if (anchor && !newestOf(kept, options.keys)) walk.unsigned(anchor);
	do {
		yield walk.progress;
		await options.turn();
	} while (await walk.page());
	yield walk.end();
}

class Walk {
	readonly #log: LogPartition;
	readonly #tail: Tail;
	readonly #heads: HeadChecks;
	readonly #breaks = new ChainWalk();
	readonly #versions: Versions;
	readonly #findings: Omit<Finding, "log">[] = [];
	#position = 0;
	#verified = 0;

	constructor(log: LogPartition, tail: Tail, heads: readonly Head[], { keys, turn }: VerifyOptions) {
		this.#log = log;
		this.#tail = tail;
		this.#heads = new HeadChecks(heads, keys);
		this.#versions = new Versions(log, (commit) => factsIn(commit) ?? 0, turn);
	}

	get progress(): Progress {
		return { log: this.#log.name, position: this.#position, tail: this.#tail.position };
	}

	async begin(): Promise<void> {
		const [first] = await this.#log.read(-Infinity, 1).catch(() => []); // told when its place is reached
		if (first && first.position < 1)
			this.#found({ position: first.position, code: "MISPLACED_COMMIT", detail: "a commit stands before the first position" });
	}

	unsigned({ position, at }: Head): void {
		this.#found({
			position,
			code: "UNSIGNED",
			detail: `the store holds no valid head, though there was one of this position, signed at ${at}`,
		});
	}

	/** False at the end. */
	async page(): Promise<boolean> {
		if (this.#position >= this.#tail.position) return false;
		const commits = await this.#read();
		const whole: Counted[] = [];
		for (const commit of commits) {
			const fits = this.#breaks.take(commit);
			this.#heads.at(commit, fits, this.#breaks);
			if (this.#breaks.found.length > 0) continue; // what else is wrong may come of that
			const facts = factsIn(commit);
			if (facts === null)
				this.#found({ position: commit.position, code: "UNREADABLE_COMMIT", detail: "its body is not the text of a commit" });
			else whole.push({ commit, facts });
		}
		this.#verified += commits.length;
		const wrong = await this.#versions.check(whole);
		if (wrong) this.#found({ ...wrong, code: "WRONG_VERSION" });
		return true;
	}

	/** The next page; without what the store cannot give of it. */
	async #read(): Promise<Commit[]> {
		const read = await this.#log.read(this.#position, PAGE).catch((error: unknown) => this.#oneByOne(asError(error)));
		if (read === null) return [];
		const commits = read.filter(({ position }) => position <= this.#tail.position);
		if (commits.length === 0) this.#breaks.missing(this.#tail.position);
		this.#position = commits.at(-1)?.position ?? this.#tail.position;
		return commits;
	}

	/** Those of a page before one that cannot be read; null when that is the first. */
	async #oneByOne(error: Error): Promise<Commit[] | null> {
		await this.#log.tail(); // rejects when it is the store that cannot be reached
		const commits: Commit[] = [];
		while (commits.length < PAGE) {
			const next = await this.#log.read(commits.at(-1)?.position ?? this.#position, 1).catch(() => null);
			if (next === null && commits.length > 0) return commits;
			if (next === null) {
				this.#breaks.unreadable(++this.#position, `the store cannot give it: ${error.message}`);
				return null;
			}
			if (next.length === 0) return commits;
			commits.push(...next);
		}
		return commits;
	}

	end(): Verified {
		const findings = [...this.#findings, ...this.#breaks.found, ...this.#heads.rest(this.#tail)]
			.toSorted((a, b) => a.position - b.position)
			.slice(0, MOST_FINDINGS)
			.map(({ position, code, detail }) => ({ log: this.#log.name, position, code, detail }));
		return { log: this.#log.name, verified: this.#verified, heads: this.#heads.checked, signed: this.#heads.signed, findings };
	}

	#found(finding: Omit<Finding, "log">): void {
		if (this.#findings.length < MOST_FINDINGS) this.#findings.push(finding);
	}
}

/** How many facts the body of a commit tells; null when it is none. */
function factsIn({ body }: Commit): number | null {
	try {
		const recorded: unknown = JSON.parse(body);
		if (typeof recorded !== "object" || recorded === null || !("facts" in recorded)) return null;
		return Array.isArray(recorded.facts) && recorded.facts.length > 0 ? recorded.facts.length : null;
	} catch {
		return null; // no JSON at all
	}
}
