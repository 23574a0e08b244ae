/**
 * Recent - the commits of a partition that somebody who follows it has still to take, in memory, one copy for all; whoever is
 * too far behind reads the log.
 */
import type { Commit } from "./log.ts";

/** Commits kept at the most. */
const KEPT = 16_384;

export class Recent {
	#commits: Commit[] = [];

	/** The next commits, where everybody has taken those up to `taken`; others appended in between start it anew. */
	add(commits: readonly Commit[], taken: number): void {
		const first = this.#commits[0];
		const last = this.#commits.at(-1);
		if (last && last.position + 1 !== commits[0]?.position) this.#commits = [];
		else if (first && (taken - first.position > KEPT / 8 || this.#commits.length >= KEPT))
			this.#commits.splice(0, Math.max(taken - first.position + 1, KEPT / 8));
		for (const commit of commits) this.#commits.push(commit);
	}

	/** The last position kept; 0 for none. */
	get last(): number {
		return this.#commits.at(-1)?.position ?? 0;
	}

	/** Commits after a position; null when the first of them is not kept. */
	read(after: number, limit: number): Commit[] | null {
		const first = this.#commits[0];
		if (!first || after + 1 < first.position || after >= first.position + this.#commits.length - 1) return null;
		const from = after + 1 - first.position;
		return this.#commits.slice(from, from + limit);
	}
}
