/**
 * Chance - the only source of randomness. Every choice is `pick(n)`, and 0 always means "the oldest task next, no fault". So a schedule
 * is a list of numbers, a shorter list is a simpler schedule, and minimising means deleting and zeroing numbers.
 */
export class Chance {
	#state: number;
	readonly #script: readonly number[] | null;
	#next = 0;
	/** All picked numbers, in order. */
	readonly picked: number[] = [];

	/** With a script, picks its numbers, then 0. */
	constructor(seed: number, script: readonly number[] | null = null) {
		this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0;
		this.#script = script;
	}

	/** One of 0 ... n - 1. */
	pick(n: number): number {
		if (n <= 1) return 0;
		const value = this.#script ? (this.#script[this.#next++] ?? 0) % n : this.#random() % n;
		this.picked.push(value);
		return value;
	}
	/** True so many times in a thousand; a picked 0 means false. */
	often(perMille: number): boolean {
		return perMille > 0 && this.pick(1000) > 999 - perMille;
	}
	of<T>(choices: readonly [T, ...T[]]): T {
		return choices[this.pick(choices.length)] ?? choices[0];
	}

	/** Mulberry32. */
	#random(): number {
		let t = (this.#state = (this.#state + 0x6d2b79f5) >>> 0);
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return (t ^ (t >>> 14)) >>> 0;
	}
}
