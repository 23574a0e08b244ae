/**
 * Attempts - slows the guessing of passwords: after some failed logins with one name, further ones have to wait, longer each time. It counts
 * names of no user, too, so that a pause does not reveal which names exist. Memory is bounded, and a restart forgets everything.
 */
import { BoundedCache } from "../common/bounded-cache.ts";

/** Failures without a pause; and the first and the longest pause, in milliseconds. */
export const FREE = 10;
const FIRST_PAUSE = 30_000;
const LONGEST_PAUSE = 15 * 60_000;
/** Milliseconds without a failure after which all of them are forgotten. */
const FORGET_AFTER = 60 * 60_000;
/** Names that are kept; at most twice as many. */
const NAMES = 10_000;

interface Failed {
	readonly count: number;
	readonly at: number;
}

export class Attempts {
	readonly #failed = new BoundedCache<Failed>(NAMES);
	/** Attempts that are being checked. They count as failed until then, so that many at once are not more than the limit. */
	readonly #checking = new Map<string, number>();

	/** Milliseconds to wait before the next attempt; 0 for none. */
	wait(name: string, now: number): number {
		const { count, at } = this.#of(name, now);
		const checking = this.#checking.get(name) ?? 0;
		if (count + checking < FREE) return 0;
		if (checking > 0) return FIRST_PAUSE;
		return Math.max(0, at + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (count - FREE)) - now);
	}

	/** Runs the check of one attempt, which resolves to whether it succeeded. */
	async check(name: string, clock: () => number, succeeds: () => Promise<boolean>): Promise<boolean> {
		this.#checking.set(name, (this.#checking.get(name) ?? 0) + 1);
		try {
			const success = await succeeds();
			if (success) this.#failed.delete(name);
			else this.#failed.set(name, { count: this.#of(name, clock()).count + 1, at: clock() });
			return success;
		} finally {
			const left = (this.#checking.get(name) ?? 1) - 1;
			if (left > 0) this.#checking.set(name, left);
			else this.#checking.delete(name);
		}
	}

	#of(name: string, now: number): Failed {
		const found = this.#failed.get(name);
		return found && now - found.at < FORGET_AFTER ? found : { count: 0, at: 0 };
	}
}
