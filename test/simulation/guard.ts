/** Guard - makes access to the machine's clock, randomness and timers an error during a schedule, because it would differ between runs. */
type Undo = () => void;

const forbidden = (what: string) => (): never => {
	throw new Error(`${what} was called during a simulation`);
};
function replace<T extends object, K extends keyof T & string>(of: T, key: K, by: T[K]): Undo {
	const was = of[key];
	of[key] = by;
	return () => (of[key] = was);
}

export function guarded<T>(run: () => T): T {
	const undo: Undo[] = [
		replace(Date, "now", forbidden("Date.now")),
		replace(Math, "random", forbidden("Math.random")),
		replace(globalThis, "setTimeout", forbidden("setTimeout") as unknown as typeof setTimeout), // it never returns
		replace(globalThis, "setInterval", forbidden("setInterval") as unknown as typeof setInterval), // it never returns
		replace(globalThis, "setImmediate", forbidden("setImmediate") as unknown as typeof setImmediate), // it never returns
		replace(globalThis.crypto, "randomUUID", forbidden("randomUUID")),
	];
	try {
		return run();
	} finally {
		for (const one of undo.toReversed()) one();
	}
}
