/**
 * Verify - checks a partition from its first commit, along its hash chain and its signed heads, and reports every mismatch. Auditors need
 * this proof independently of the operators. It reads in pages and yields between them; its memory is one page and the heads, however long
 * the log is.
 */
import { ChainWalk } from "./chain-walk.ts";
import { HeadChecks } from "./head-checks.ts";
import { newestOf, type PublicKeys } from "./heads.ts";
import { asError, type Commit, type Head, type LogPartition, type Tail } from "../log.ts";
import { type Counted, Versions } from "./versions.ts";
import { type FindingCode } from "./findings.ts";

/** Progress of a verification. */
export interface Progress {
	/** `<log>:<partition>` */
	readonly log: string;
	readonly position: number;
	readonly tail: number;
}
export interface Finding {
	readonly log: string;
	/** First position that does not match. */
	readonly position: number;
	readonly code: FindingCode;
	readonly detail: string;
}
/** The result for one partition. */
export interface Verified {
	readonly log: string;
	/** Number of commits read. */
	readonly verified: number;
	/** Number of heads checked. */
	readonly heads: number;
	/** Highest position of a valid head that matches the log; later commits are unsigned. */
	readonly signed: number;
	/** Ordered by position; at most MOST_FINDINGS. */
	readonly findings: readonly Finding[];
}
export interface VerifyOptions {
	readonly keys: PublicKeys;
	/** Heads of this partition that are kept elsewhere. */
	readonly heads?: readonly Head[];
	/** The head of this partition that the system keeps outside the database. */
	readonly anchor?: Head | undefined;
	/** Yields to the event loop. */
	readonly turn: () => Promise<void>;
}

const PAGE = 1000;
const MOST_FINDINGS = 100;

/** Yields progress after each page, and the result at the end. Rejects if the log cannot be read at all. */
export async function* verify(log: LogPartition, options: VerifyOptions): AsyncGenerator<Progress | Verified> {
	const kept = await log.heads(); // before the tail, so that a head signed meanwhile is not beyond it
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
		const [first] = await this.#log.read(-Infinity, 1).catch(() => []); // reported when its page is read
		if (first && first.position < 1)
			this.#found({ position: first.position, code: "MISPLACED_COMMIT", detail: "a commit is before the first position" });
	}

	unsigned({ position, at }: Head): void {
		this.#found({
			position,
			code: "UNSIGNED",
			detail: `the store holds no valid head, although one was signed for this position at ${at}`,
		});
	}

	/** Processes one page; false at the end. */
	async page(): Promise<boolean> {
		if (this.#position >= this.#tail.position) return false;
		const commits = await this.#read();
		const whole: Counted[] = [];
		for (const commit of commits) {
			const fits = this.#breaks.take(commit);
			this.#heads.at(commit, fits, this.#breaks);
			if (this.#breaks.found.length > 0) continue; // further problems may be consequences of the break
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

	/** The next page, without commits that the store cannot read. */
	async #read(): Promise<Commit[]> {
		const read = await this.#log.read(this.#position, PAGE).catch((error: unknown) => this.#oneByOne(asError(error)));
		if (read === null) return [];
		const commits = read.filter(({ position }) => position <= this.#tail.position);
		if (commits.length === 0) this.#breaks.missing(this.#tail.position);
		this.#position = commits.at(-1)?.position ?? this.#tail.position;
		return commits;
	}

	/** The commits of a page before an unreadable one; null if the first is unreadable. */
	async #oneByOne(error: Error): Promise<Commit[] | null> {
		await this.#log.tail(); // rejects if the store itself cannot be reached
		const commits: Commit[] = [];
		while (commits.length < PAGE) {
			const next = await this.#log.read(commits.at(-1)?.position ?? this.#position, 1).catch(() => null);
			if (next === null && commits.length > 0) return commits;
			if (next === null) {
				this.#breaks.unreadable(++this.#position, `the store cannot read it: ${error.message}`);
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

/** Number of facts in the body of a commit; null if the body is not valid. */
function factsIn({ body }: Commit): number | null {
	try {
		const recorded: unknown = JSON.parse(body);
		if (typeof recorded !== "object" || recorded === null || !("facts" in recorded)) return null;
		return Array.isArray(recorded.facts) && recorded.facts.length > 0 ? recorded.facts.length : null;
	} catch {
		return null; // not JSON
	}
}
