/**
 * Recent - the latest commits of a partition, kept in memory once for all followers of this process. A follower that is too far behind
 * reads the log instead.
 */
import type { Commit } from "./log.ts";

/** Maximum number of commits in memory. */
const KEPT = 16_384;

export class Recent {
	#commits: Commit[] = [];

	/** Adds commits. All followers have processed up to `taken`. A gap before them (commits of another writer) clears the buffer. */
	add(commits: readonly Commit[], taken: number): void {
		const first = this.#commits[0];
		const last = this.#commits.at(-1);
		if (last && last.position + 1 !== commits[0]?.position) this.#commits = [];
		else if (first && (taken - first.position > KEPT / 8 || this.#commits.length >= KEPT))
			this.#commits.splice(0, Math.max(taken - first.position + 1, KEPT / 8));
		for (const commit of commits) this.#commits.push(commit);
	}

	/** Last position in memory; 0 if there is none. */
	get last(): number {
		return this.#commits.at(-1)?.position ?? 0;
	}

	/** Commits after a position; null if the first of them is not in memory. */
	read(after: number, limit: number): Commit[] | null {
		const first = this.#commits[0];
		if (!first || after + 1 < first.position || after >= first.position + this.#commits.length - 1) return null;
		const from = after + 1 - first.position;
		return this.#commits.slice(from, from + limit);
	}
}
