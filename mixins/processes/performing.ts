/** Performing - turns an effect into a Moleculer service: a process whose work is done through a port. */
import type { ServiceSchema } from "moleculer";
import { type AnyEffect, processOf } from "../../model/index.ts";
import { newId } from "../common/ids.ts";
import { nodeTimers } from "../common/timers.ts";
import { portCalls } from "../ports/calls.ts";
import { Performer } from "./performer.ts";
import { Processing } from "./processing.ts";

/** Each job has a call of its own: a slow job delays no other one, and a cancelled job is not begun. */
const BATCHES = { many: 1, calls: 16, afterCatchUp: true } as const;
/** Milliseconds that a call of a port may take by default. */
const PATIENCE = 60_000;

/** `patience`: milliseconds that one call of the port may take, including the time in its queue. */
export const Performing = (effect: AnyEffect, { patience = PATIENCE }: { readonly patience?: number } = {}): Partial<ServiceSchema> =>
	Processing(processOf(effect), {
		batches: BATCHES,
		sendWith: (broker, send) =>
			new Performer(effect, send, portCalls(broker, effect, patience), nodeTimers, newId(), () => performance.now()).perform,
	});
