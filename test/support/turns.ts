/** Turns of the event loop, for tests that wait for order and never for a clock. */
import { setImmediate as turn } from "node:timers/promises";
import { nodeTimers, type Timers } from "../../mixins/common/timers.ts";

/** Time as it is, but nobody rests: what is there is taken at once. */
export const restless: Timers = { ...nodeTimers, rest: () => Promise.resolve() };

/** Lets everything go on that only waits for its turn. */
export async function turns(count = 20): Promise<void> {
	for (let i = 0; i < count; i++) await turn();
}
