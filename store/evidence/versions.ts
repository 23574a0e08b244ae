/**
 * Versions - whether each commit says how many facts its stream held before it. Of a log of any length only the streams of late
 * are remembered; the others are looked up, and only where a commit is not the first of its stream. A second first one is not
 * looked for: the store refuses it, and whoever takes that out of its way has to chain anew what follows.
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

/** Streams remembered in each of two generations: some ten megabytes. */
const REMEMBERED = 50_000;
/** Streams looked up at once. */
const AT_ONCE = 100;

export class Versions {
	readonly #log: LogPartition;
	readonly #turn: () => Promise<void>;
	readonly #countOf: (commit: Commit) => number;
	/** What the next commit of a stream has to say. */
	#young = new Map<string, number>();
	#old = new Map<string, number>();

	/** `countOf`: facts of a commit that was read before. */
	constructor(log: LogPartition, countOf: (commit: Commit) => number, turn: () => Promise<void>) {
		this.#log = log;
		this.#countOf = countOf;
		this.#turn = turn;
	}

	/** The first of these, in order, that says another version than it should; null when none does. */
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
	detail: `it says ${stream} held ${version} facts before it, which held ${expected}`,
});
