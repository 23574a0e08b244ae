/**
 * Bulkhead - limits the concurrent calls of a node, separately for each side of an action: a blocked partition, or a position that many
 * reads wait for, does not block the other calls. Replaces Moleculer's, which counts all calls of an action together and queues the rest
 * behind them, including requests that stay open (docs/decisions/0031-bulkhead-per-partition.md).
 */
import { type ActionSchema, type Context, Errors, type Middleware } from "moleculer";
import { sideOf } from "./placement.ts";

/** Limit of concurrent calls per side of an action. */
const LIMIT = 2000;

type Next = (ctx: Context<unknown, { readonly position?: unknown }>) => Promise<unknown>;

/** There is no queue: calls wait where their work is (mailboxes, writers, the store), and excess calls are rejected immediately. */
export const BulkheadMiddleware = (limit = LIMIT): Middleware => ({
	name: "Bulkhead",
	localAction(next: Next, action: ActionSchema): Next {
		if (action.bulkhead?.enabled === false) return next;
		const inFlight = new Map<string, number>();
		return async (ctx) => {
			const side = `${sideOf(action, ctx.params) ?? ""} ${ctx.meta.position === undefined ? "" : "waits"}`;
			const size = inFlight.get(side) ?? 0;
			if (size >= limit) throw new Errors.QueueIsFullError({ action: action.name ?? "", nodeID: ctx.nodeID ?? "", size, limit });
			inFlight.set(side, size + 1);
			try {
				return await next(ctx);
			} finally {
				const left = (inFlight.get(side) ?? 1) - 1;
				if (left > 0) inFlight.set(side, left);
				else inFlight.delete(side);
			}
		};
	},
});
