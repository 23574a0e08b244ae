/**
 * Readers - reads that wait until rows are folded up to given positions. A folded batch costs time only for the readers it releases,
 * however many wait, and a reader that times out is removed.
 */
import type { Timers } from "../common/timers.ts";

/** A partition, and the position a reader waits for in it. */
type Ahead = readonly [partition: string, position: number];
interface Reader {
	/** Partitions it still waits for. */
	missing: number;
	readonly done: (reached: boolean) => void;
}
interface ReaderPlace {
	readonly position: number;
	readonly reader: Reader;
}

export class Readers {
	readonly #timers: Timers;
	/** By partition, sorted by position; readers of one position in order of arrival. */
	readonly #lines = new Map<string, ReaderPlace[]>();
	#size = 0;

	constructor(timers: Timers) {
		this.#timers = timers;
	}

	get size(): number {
		return this.#size;
	}

	/** Resolves to true when every position is reached, to false after so many milliseconds. */
	wait(ahead: readonly Ahead[], milliseconds: number): Promise<boolean> {
		this.#size++;
		return new Promise((resolve) => {
			const done = (reached: boolean): void => {
				cancel();
				this.#size--;
				resolve(reached);
			};
			const reader: Reader = { missing: ahead.length, done };
			const cancel = this.#timers.later(milliseconds, () => {
				for (const one of ahead) this.#leave(one, reader);
				done(false);
			});
			for (const one of ahead) this.#join(one, reader);
		});
	}

	/** Releases the readers of a partition whose rows are folded up to `position`. */
	reached(partition: string, position: number): void {
		const line = this.#lines.get(partition);
		if (!line || (line[0]?.position ?? Infinity) > position) return;
		for (const { reader } of line.splice(0, countUpTo(line, position))) if (--reader.missing === 0) reader.done(true);
	}

	/** The highest position a reader waits for in a partition; 0 for none. */
	wanted(partition: string): number {
		return this.#lines.get(partition)?.at(-1)?.position ?? 0;
	}

	#join([partition, position]: Ahead, reader: Reader): void {
		const line = this.#lines.get(partition) ?? [];
		this.#lines.set(partition, line);
		line.splice(countUpTo(line, position), 0, { position, reader });
	}
	/** Readers of one position usually time out in order of arrival, so the search ends at the first one. */
	#leave([partition, position]: Ahead, reader: Reader): void {
		const line = this.#lines.get(partition) ?? [];
		for (let i = countUpTo(line, position - 1); line[i]?.position === position; i++)
			if (line[i]?.reader === reader) return void line.splice(i, 1);
	}
}

/** Number of entries up to a position, inclusive. */
function countUpTo(line: readonly ReaderPlace[], position: number): number {
	let [low, high] = [0, line.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((line[middle]?.position ?? 0) <= position) low = middle + 1;
		else high = middle;
	}
	return low;
}
