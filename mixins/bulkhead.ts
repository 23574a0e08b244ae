/**
 * Bulkhead - bounds the calls a node has under way, for each side of an action apart: a partition that is held, or a position that many
 * readers wait for, takes no place of the others. In place of Moleculer's, which counts all calls of an action together and lets the
 * rest wait behind them, requests that last included (docs/decisions/xx-places-of-their-own.md).
 */
import { type ActionSchema, type Context, Errors, type Middleware } from "moleculer";
import { sideOf } from "./placement.ts";

/** Calls of one side of one action at a time. */
const MOST = 2000;

type Next = (ctx: Context<unknown, { readonly position?: unknown }>) => Promise<unknown>;

/** Calls wait where their work is (mailboxes, writers, the store), so there is no queue here: what is too much is told so at once. */
export const BulkheadMiddleware = (most = MOST): Middleware =>
	({
		name: "Bulkhead",
		localAction(next: Next, action: ActionSchema): Next {
			if (action.bulkhead?.enabled === false) return next;
			const taken = new Map<string, number>();
			return async (ctx) => {
				const side = `${sideOf(action, ctx.params) ?? ""} ${ctx.meta.position === undefined ? "" : "waits"}`;
				const places = taken.get(side) ?? 0;
				if (places >= most)
					throw new Errors.QueueIsFullError({ action: action.name ?? "", nodeID: ctx.nodeID ?? "", size: places, limit: most });
				taken.set(side, places + 1);
				try {
					return await next(ctx);
				} finally {
					const left = (taken.get(side) ?? 1) - 1;
					if (left > 0) taken.set(side, left);
					else taken.delete(side);
				}
			};
		},
	}) as Middleware; // moleculer's type knows nothing of what an action was given
