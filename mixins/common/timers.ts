/** Timers - the interface through which the product waits and schedules, so that a test or a simulation can control time. */
export interface Timers {
	/** Runs after everything that is ready now. */
	soon(run: () => void): void;
	/** Runs once after so many milliseconds, unless the returned function is called before; does not keep the process alive. */
	later(milliseconds: number, run: () => void): () => void;
	/** Resolves after so many milliseconds. */
	wait(milliseconds: number): Promise<void>;
	/** The same, but only to collect work into larger batches: behavior stays correct if it resolves at once. */
	delay(milliseconds: number): Promise<void>;
}
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const nodeTimers: Timers = {
	soon: (run) => void setImmediate(run),
	later: (milliseconds, run) => {
		const timer = setTimeout(run, milliseconds).unref();
		return () => clearTimeout(timer);
	},
	wait: pause,
	delay: pause,
};

/** Runs `run` at this interval until the returned function is called. */
export function every(timers: Timers, milliseconds: number, run: () => void): () => void {
	let cancel = () => {};
	const again = () => {
		cancel = timers.later(milliseconds, () => {
			again();
			run();
		});
	};
	again();
	return () => cancel();
}

/** Runs several functions at one interval, all in the same moment, so that their requests can be combined. */
export class Together {
	readonly #timers: Timers;
	readonly #milliseconds: number;
	readonly #runs = new Set<() => void>();
	#end = (): void => {};

	constructor(timers: Timers, milliseconds: number) {
		this.#timers = timers;
		this.#milliseconds = milliseconds;
	}

	/** Runs `run` with the others until the returned function is called. */
	every(run: () => void): () => void {
		const one = (): void => run(); // the same function may be added twice
		if (this.#runs.size === 0) this.#end = every(this.#timers, this.#milliseconds, () => this.#runs.forEach((each) => each()));
		this.#runs.add(one);
		return () => {
			if (this.#runs.delete(one) && this.#runs.size === 0) this.#end();
		};
	}
}

/** One `Together` per key object, which is a node of this process. */
export function togetherOf(milliseconds: number, timers: Timers = nodeTimers): (of: object) => Together {
	const all = new WeakMap<object, Together>();
	return (of) => {
		const found = all.get(of) ?? new Together(timers, milliseconds);
		all.set(of, found);
		return found;
	};
}
