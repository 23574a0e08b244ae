/** Turns of the event loop, for tests that wait for order and never for a clock. */
import { setImmediate as turn } from "node:timers/promises";

/** Lets everything go on that only waits for its turn. */
export async function turns(count = 20): Promise<void> {
	for (let i = 0; i < count; i++) await turn();
}
