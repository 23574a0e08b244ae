/** Quantile - quantiles of single figures, and of so many figures that they are counted in buckets. */

/** The smallest figure that is not exceeded by this part of the figures. */
export function quantile(figures: readonly number[], part: number): number {
	const sorted = figures.toSorted((a, b) => a - b);
	return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
export const median = (figures: readonly number[]): number => {
	const sorted = figures.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	return ((sorted[middle] ?? Number.NaN) + (sorted[sorted.length - 1 - middle] ?? Number.NaN)) / 2;
};

/** Rounds to two decimals. */
export const cents = (figure: number): number => Math.round(figure * 100) / 100;

/** Buckets per doubling, for a precision of about 1 %. */
const perDoubling = 64;
/** Milliseconds of the first bucket. */
const least = 0.001;

/** Counts any number of durations in milliseconds in a few kilobytes, like HdrHistogram. */
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

	/** The upper bound of the bucket of the quantile, but at most the maximum. */
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
