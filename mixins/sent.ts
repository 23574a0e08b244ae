/**
 * Sent - a call says when it was sent, so that the node it reaches knows how long its caller still waits: what lay on the way too long is
 * not decided after its caller gave up. The clocks of a cluster's nodes have to agree within a second or so.
 */
import type { Context, Middleware } from "moleculer";

interface Meta {
	sent?: number;
}

export const SentMiddleware = (): Middleware =>
	({
		name: "Sent",
		remoteAction: (next: (ctx: Context<unknown, Meta>) => Promise<unknown>) => (ctx: Context<unknown, Meta>) => {
			ctx.meta.sent = Date.now();
			return next(ctx);
		},
	}) as unknown as Middleware; // moleculer's type knows no meta

/** Milliseconds the caller still waits; null for ever. */
export function patienceOf(ctx: { readonly options: { readonly timeout?: number | null }; readonly meta: Meta }): number | null {
	const timeout = ctx.options.timeout ?? 0;
	const { sent } = ctx.meta;
	delete ctx.meta.sent;
	if (timeout <= 0) return null;
	return sent === undefined ? timeout : timeout - Math.max(0, Date.now() - sent);
}
