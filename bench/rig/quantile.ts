/** Quantile - of figures kept one by one, and of so many that they are counted in buckets instead. */

/** The smallest figure that so large a part of them does not exceed. */
export function quantile(figures: readonly number[], part: number): number {
	const sorted = figures.toSorted((a, b) => a - b);
	return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
export const median = (figures: readonly number[]): number => {
	const sorted = figures.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	return ((sorted[middle] ?? Number.NaN) + (sorted[sorted.length - 1 - middle] ?? Number.NaN)) / 2;
};

/** To the hundredth. */
export const cents = (figure: number): number => Math.round(figure * 100) / 100;

/** Buckets for each doubling: a figure is known to 1.6 %. */
const perDoubling = 64;
/** Milliseconds below which nothing is told apart. */
const least = 0.001;

/** Any number of durations in milliseconds, in a few kilobytes: what HdrHistogram does. */
export class Recorder {
	readonly #counts: number[] = [];
	count = 0;
	most = 0;

	record(milliseconds: number): void {
		const bucket = milliseconds <= least ? 0 : Math.floor(Math.log2(milliseconds / least) * perDoubling) + 1;
		this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
		this.count++;
		if (milliseconds > this.most) this.most = milliseconds;
	}

	/** The upper end of the bucket the quantile falls in, and never more than the most there was. */
	at(part: number): number {
		const wanted = Math.max(1, Math.ceil(part * this.count));
		let seen = 0;
		for (let bucket = 0; bucket < this.#counts.length; bucket++) {
			seen += this.#counts[bucket] ?? 0;
			if (seen >= wanted) return Math.min(this.most, least * 2 ** (bucket / perDoubling));
		}
		return Number.NaN;
	}
}
