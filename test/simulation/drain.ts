/**
 * Drain - lets everything run that only waits for its turn, before the next step: V8's own microtask checkpoint, the one Node makes
 * between two callbacks of its event loop. It has to be called from such a callback, never from within a promise's.
 */
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--allow-natives-syntax");
export const drain = new Function("%PerformMicrotaskCheckpoint()") as () => void; // V8's name for it
