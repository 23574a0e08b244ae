/** Within - bounds the wait for an answer, so that a part of the system that hangs does not hold up the others. */
import { nodeTimers } from "./timers.ts";

/** Settles as `asked` does, or after so many milliseconds as `late` says: with its result, or with the error that it throws. */
export async function within<T, L = never>(milliseconds: number, asked: Promise<T>, late?: () => L): Promise<T | L> {
	if (milliseconds === Infinity) return asked;
	const { promise: over, resolve } = Promise.withResolvers<void>();
	const cancel = nodeTimers.later(Math.max(0, milliseconds), resolve);
	const instead = over.then(() => {
		if (late) return late();
		throw new Error(`no answer within ${milliseconds} ms`);
	});
	try {
		return await Promise.race([asked, instead]);
	} finally {
		cancel();
	}
}
