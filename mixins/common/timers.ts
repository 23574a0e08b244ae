/** Timers - when something happens that nobody asked for: the one edge at which a test or a simulation takes time over. */
export interface Timers {
	/** After what is ready now. */
	soon(run: () => void): void;
	/** Once, in so many milliseconds, unless the returned function is called before; keeps no process alive. */
	later(milliseconds: number, run: () => void): () => void;
	/** Resolves in so many milliseconds. */
	wait(milliseconds: number): Promise<void>;
	/** The same, only so that what comes meanwhile is done together: nothing changes where it resolves at once. */
	rest(milliseconds: number): Promise<void>;
}
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const nodeTimers: Timers = {
	soon: (run) => void setImmediate(run),
	later: (milliseconds, run) => {
		const timer = setTimeout(run, milliseconds).unref();
		return () => clearTimeout(timer);
	},
	wait: pause,
	rest: pause,
};

/** Runs something again and again until the returned function is called. */
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

/** Several things that happen again and again, all in the same moment, so that what they ask for is asked for once. */
export class Together {
	readonly #timers: Timers;
	readonly #milliseconds: number;
	readonly #runs = new Set<() => void>();
	#end = (): void => {};

	constructor(timers: Timers, milliseconds: number) {
		this.#timers = timers;
		this.#milliseconds = milliseconds;
	}

	/** Until the returned function is called. */
	every(run: () => void): () => void {
		const one = (): void => run(); // the same may come twice
		if (this.#runs.size === 0) this.#end = every(this.#timers, this.#milliseconds, () => this.#runs.forEach((each) => each()));
		this.#runs.add(one);
		return () => {
			if (this.#runs.delete(one) && this.#runs.size === 0) this.#end();
		};
	}
}

/** The same for each node of a process. */
export function togetherOf(milliseconds: number, timers: Timers = nodeTimers): (of: object) => Together {
	const all = new WeakMap<object, Together>();
	return (of) => {
		const found = all.get(of) ?? new Together(timers, milliseconds);
		all.set(of, found);
		return found;
	};
}
