/**
 * Drain - runs all pending microtasks before the next step with V8's own microtask checkpoint, which Node also runs between two
 * callbacks of its event loop. It must be called from such a callback, never from a promise's callback.
 */
import { setFlagsFromString } from "node:v8";

setFlagsFromString("--allow-natives-syntax");
export const drain = new Function("%PerformMicrotaskCheckpoint()") as () => void; // V8's name for it
