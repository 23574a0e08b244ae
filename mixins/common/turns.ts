/**
 * Turns - runs one piece of long work, some milliseconds each, per round of the event loop, so that other work waits for one piece
 * at most.
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

/** The turns of all live feeds of this process, for pages that are read and pages that are written. */
export const liveTurns = new Turns();
