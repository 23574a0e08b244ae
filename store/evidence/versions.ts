/**
 * Versions - checks that the version of each commit is the number of facts before it in its stream. Only recent streams are remembered,
 * so memory does not grow with the log; other streams are looked up, and only for commits with a version above 0. A second commit with
 * version 0 is not searched for: the store refuses it, and bypassing the store breaks the hash chain.
 */
import type { Commit, LogPartition } from "../log.ts";

/** A commit and the number of its facts. */
export interface Counted {
	readonly commit: Commit;
	readonly facts: number;
}
export interface WrongVersion {
	readonly position: number;
	readonly detail: string;
}

/** Streams in each of the two maps: about ten megabytes. */
const REMEMBERED = 50_000;
/** Maximum number of parallel lookups. */
const AT_ONCE = 100;

export class Versions {
	readonly #log: LogPartition;
	readonly #turn: () => Promise<void>;
	readonly #countOf: (commit: Commit) => number;
	/** Expected version of the next commit, by stream. */
	#young = new Map<string, number>();
	#old = new Map<string, number>();

	/** `countOf`: number of facts in a commit. */
	constructor(log: LogPartition, countOf: (commit: Commit) => number, turn: () => Promise<void>) {
		this.#log = log;
		this.#countOf = countOf;
		this.#turn = turn;
	}

	/** The first commit with a wrong version, or null. */
	async check(page: readonly Counted[]): Promise<WrongVersion | null> {
		let wrong: WrongVersion | null = null;
		const unknown: Commit[] = [];
		for (const { commit, facts } of page) {
			const { stream, version } = commit;
			const expected = this.#young.get(stream) ?? this.#old.get(stream);
			if (expected === undefined && version !== 0) unknown.push(commit);
			else if (version !== (expected ?? 0)) wrong ??= wrongly(commit, expected ?? 0);
			this.#remember(stream, version + facts);
		}
		for (let i = 0; i < unknown.length; i += AT_ONCE) {
			const found = await this.#lookUp(unknown.slice(i, i + AT_ONCE));
			if (found && (!wrong || found.position < wrong.position)) wrong = found;
			await this.#turn();
		}
		return wrong;
	}

	#remember(stream: string, next: number): void {
		this.#young.set(stream, next);
		if (this.#young.size < REMEMBERED) return;
		this.#old = this.#young;
		this.#young = new Map();
	}

	async #lookUp(commits: readonly Commit[]): Promise<WrongVersion | null> {
		const found = await Promise.all(commits.map(({ stream, version }) => this.#log.lastBefore(stream, version)));
		for (const [i, commit] of commits.entries()) {
			const before = found[i];
			const expected = before && before.position < commit.position ? before.version + this.#countOf(before) : 0;
			if (commit.version !== expected) return wrongly(commit, expected);
		}
		return null;
	}
}

const wrongly = ({ position, stream, version }: Commit, expected: number): WrongVersion => ({
	position,
	detail: `its version says that ${stream} held ${version} facts before it, but it held ${expected}`,
});
