/** ReplayWindow - accepts each packet number of a sender once, in any order within the window; older numbers are refused. */

/** Numbers behind the highest one that may still arrive, as packets of one sender can overtake each other while it reconnects. */
const SIZE = 1024;
const WORD = 32;

export class ReplayWindow {
	/** One bit per number, at the number modulo the size. */
	readonly #taken = new Uint32Array(SIZE / WORD);
	#highest = 0;

	/** Whether the number is new; numbers begin at 1. It is not new a second time. */
	take(number: number): boolean {
		if (number <= this.#highest - SIZE) return false;
		this.#advance(number);
		const slot = number % SIZE;
		const [word, bit] = [slot >>> 5, 1 << (slot & (WORD - 1))];
		const before = this.#taken[word] ?? 0;
		if ((before & bit) !== 0) return false;
		this.#taken[word] = before | bit;
		return true;
	}
	/** Frees the slots of the numbers that were skipped. */
	#advance(number: number): void {
		if (number - this.#highest >= SIZE) this.#taken.fill(0);
		else
			for (let one = this.#highest + 1; one <= number; one++) {
				const slot = one % SIZE;
				this.#taken[slot >>> 5] = (this.#taken[slot >>> 5] ?? 0) & ~(1 << (slot & (WORD - 1)));
			}
		this.#highest = Math.max(this.#highest, number);
	}
}
