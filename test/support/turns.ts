/** Turns - waits for turns of the event loop, for tests that depend on order instead of time. */
import { setImmediate as turn } from "node:timers/promises";
import { nodeTimers, type Timers } from "../../mixins/common/timers.ts";

/** Real time without delays between batches. */
export const restless: Timers = { ...nodeTimers, delay: () => Promise.resolve() };

/** Lets all callbacks run that wait only for a turn. */
export async function turns(count = 20): Promise<void> {
	for (let i = 0; i < count; i++) await turn();
}
