/** Histogram - how often a figure fell below each of a few fixed bounds: to observe costs a short loop and no memory. */

/** Of what takes a moment, in seconds. */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export class Histogram {
	/** Rising. */
	readonly bounds: readonly number[];
	/** How many were above the bound before and at most this one; the last: above all of them. */
	readonly #counts: number[];
	sum = 0;
	count = 0;

	constructor(bounds: readonly number[]) {
		this.bounds = bounds;
		this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
	}

	observe(value: number): void {
		const { bounds } = this;
		let place = 0;
		while (place < bounds.length && value > (bounds[place] ?? 0)) place++;
		this.#counts[place] = (this.#counts[place] ?? 0) + 1;
		this.sum += value;
		this.count++;
	}

	/** For each bound, how many were at most that; those beyond the last are in `count` alone. */
	cumulative(): number[] {
		let sum = 0;
		return this.bounds.map((_, i) => (sum += this.#counts[i] ?? 0));
	}
}
