/**
 * Readers - those who wait until rows are folded up to the positions they name. However many wait, a batch that was folded costs as much
 * as the readers it lets go, and a reader that gives up leaves nothing behind.
 */
import type { Timers } from "../common/timers.ts";

/** A partition, and the position a reader waits for in it. */
type Ahead = readonly [partition: string, position: number];
interface Reader {
	/** Partitions it still waits for. */
	missing: number;
	readonly done: (reached: boolean) => void;
}
interface Place {
	readonly position: number;
	readonly reader: Reader;
}

export class Readers {
	readonly #timers: Timers;
	/** By partition, sorted by position, those of one position in the order they came. */
	readonly #lines = new Map<string, Place[]>();
	#size = 0;

	constructor(timers: Timers) {
		this.#timers = timers;
	}

	get size(): number {
		return this.#size;
	}

	/** Resolves to true once every position is reached, to false after so many milliseconds. */
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

	/** Rows of a partition are folded up to here. */
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
	/** Readers of one position give up in the order they came, so that the first is the one. */
	#leave([partition, position]: Ahead, reader: Reader): void {
		const line = this.#lines.get(partition) ?? [];
		for (let i = countUpTo(line, position - 1); line[i]?.position === position; i++)
			if (line[i]?.reader === reader) return void line.splice(i, 1);
	}
}

/** How many stand at a position or before it. */
function countUpTo(line: readonly Place[], position: number): number {
	let [low, high] = [0, line.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((line[middle]?.position ?? 0) <= position) low = middle + 1;
		else high = middle;
	}
	return low;
}
