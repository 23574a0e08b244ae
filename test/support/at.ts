/** At - does something at an instant of the wall clock; timers and monotonic clocks run as usual. */
import { jest } from "@jest/globals";

const RUNNING = [
	"hrtime",
	"nextTick",
	"performance",
	"queueMicrotask",
	"setImmediate",
	"clearImmediate",
	"setInterval",
	"clearInterval",
	"setTimeout",
	"clearTimeout",
] as const;

export async function at<T>(instant: string, act: () => Promise<T>): Promise<T> {
	jest.useFakeTimers({ now: new Date(instant), doNotFake: [...RUNNING] });
	try {
		return await act();
	} finally {
		jest.useRealTimers();
	}
}
