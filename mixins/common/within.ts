/** Within - bounds the wait for an answer, so that health and metrics are answered although a part of the system hangs. */
import { nodeTimers } from "./timers.ts";

/** Settles as `asked` does, or rejects after so many milliseconds. */
export async function within<T>(milliseconds: number, asked: Promise<T>): Promise<T> {
	let cancel = (): void => {};
	const late = new Promise<never>((_, reject) => {
		cancel = nodeTimers.later(milliseconds, () => reject(new Error(`no answer within ${milliseconds} ms`)));
	});
	try {
		return await Promise.race([asked, late]);
	} finally {
		cancel();
	}
}
