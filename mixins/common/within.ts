/** Within - asks without waiting for ever: who looks at a system must be answered also where a part of it hangs. */
import { nodeTimers } from "./timers.ts";

/** What was asked for, or a rejection after so many milliseconds. */
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
