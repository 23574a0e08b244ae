/** Histogram - counts observations by fixed upper bounds: an observation costs a short loop and allocates nothing. */

/** Bounds for durations of database calls, in seconds. */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export class Histogram {
	/** In ascending order. */
	readonly bounds: readonly number[];
	/** Observations above the previous bound and up to this one; the last entry counts those above all bounds. */
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

	/** Number of observations up to each bound; those above the last bound are only in `count`. */
	cumulative(): number[] {
		let sum = 0;
		return this.bounds.map((_, i) => (sum += this.#counts[i] ?? 0));
	}
}
