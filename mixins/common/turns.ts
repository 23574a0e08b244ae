/**
 * Turns - work that is split into pieces of some milliseconds, of which one runs in each round of the event loop, however many ask: what
 * else arrives waits for one piece at the most, not for all of them.
 */
import { nodeTimers, type Timers } from "./timers.ts";

export class Turns {
	readonly #timers: Pick<Timers, "soon">;
	readonly #waiting: (() => void)[] = [];

	constructor(timers: Pick<Timers, "soon"> = nodeTimers) {
		this.#timers = timers;
	}

	/** Resolves when it is the caller's turn, in order of arrival. */
	next(): Promise<void> {
		return new Promise((resolve) => {
			if (this.#waiting.push(resolve) === 1) this.#timers.soon(() => this.#run());
		});
	}
	#run(): void {
		this.#waiting.shift()?.();
		if (this.#waiting.length > 0) this.#timers.soon(() => this.#run());
	}
}

/** Of the live feeds of this process: pages that are read and pages that are written. */
export const liveTurns = new Turns();
