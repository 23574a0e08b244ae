/**
 * Sent - a call says when it was sent, so that the node it reaches knows how long it may still decide: half of the time the caller gives
 * it. Where a node was lost, its caller asks another only when that half is over, so that no command is decided in two places at once
 * (docs/decisions/0018-calls-between-nodes.md). The clocks of a cluster's nodes have to agree within a second or so.
 */
import type { Context, Middleware } from "moleculer";

interface Headers {
	sent?: number;
}

/** Of the time an attempt has: until when a command may be decided, and when every node's clock says that it may not. */
const DECIDED = 0.5;
const OVER = 0.6;

/** In a header, which belongs to one call alone; what is in `meta` flows down into every nested call, and back up. */
export const SentMiddleware = (): Middleware =>
	({
		name: "Sent",
		remoteAction: (next: (ctx: Context<unknown, object, object, Headers>) => Promise<unknown>) => (ctx: Parameters<typeof next>[0]) => {
			ctx.headers = { ...ctx.headers, sent: Date.now() };
			return next(ctx);
		},
	}) as unknown as Middleware; // moleculer's type knows no headers

interface Received {
	readonly options: { readonly timeout?: number | null };
	readonly headers: Headers;
}
/** Milliseconds in which the command may be decided; null for ever. */
export function patienceOf({ options, headers: { sent } }: Received): number | null {
	const timeout = options.timeout ?? 0;
	if (timeout <= 0) return null;
	return sent === undefined ? timeout : timeout * DECIDED - Math.max(0, Date.now() - sent);
}

/** Milliseconds after which nobody decides an attempt any more, whatever became of its node. */
export const overAfter = (timeout: number): number => timeout * OVER;
