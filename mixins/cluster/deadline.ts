/**
 * Deadline - stamps each remote call with the time it was sent, so that the receiving node knows how long it may decide a command: for most of
 * the timeout of the attempt. A caller that gets no answer sends the command to another node only after that time, so that no command
 * is decided in two places at once (docs/decisions/0018-calls-between-nodes.md). Ages are durations, so wall clocks do not matter.
 */
import type { ActionSchema, Context, Middleware, ServiceBroker } from "moleculer";
import { CODES } from "../common/codes.ts";
import { unavailable } from "../common/errors.ts";
import { clocksOf, type Stamp } from "./clocks.ts";

interface Headers {
	readonly sent?: Stamp;
}
type RemoteContext = Context<unknown, object, object, Headers>;
type Next = (ctx: RemoteContext) => Promise<unknown>;

/** The share of an attempt's timeout in which a command may be decided, and the share after which it is certain that it will not be. */
const DECIDED = 0.8;
const OVER = 0.9;

/** The monotonic time until which a command from another node may be decided. */
const deadlines = new WeakMap<object, number>();

/** Uses a header, because headers belong to one call; `meta` flows into nested calls and back to the caller. */
export const DeadlineMiddleware = (broker: ServiceBroker): Middleware => ({
	name: "Sent",
	remoteAction:
		(next: Next): Next =>
		(ctx) => {
			const sent = clocksOf(broker)?.stamp(broker.instanceID);
			ctx.headers = { ...ctx.headers, ...(sent ? { sent } : {}) };
			return next(ctx);
		},
	localAction(next: Next, { decides }: ActionSchema): Next {
		if (!decides) return next;
		return async (ctx) => {
			const timeout = ctx.options.timeout ?? 0;
			const { sent } = ctx.headers;
			if (timeout > 0 && typeof sent === "object" && ctx.nodeID !== null) {
				const age = await clocksOf(broker)?.ageOf(ctx.nodeID, sent);
				if (age === null) throw unavailable(CODES.CALLER_GONE, "The age of the command is unknown: its caller does not answer");
				deadlines.set(ctx, performance.now() + timeout * DECIDED - (age ?? 0));
			}
			return next(ctx);
		};
	},
});

/** Milliseconds left to decide a command; null without a limit. */
export function patienceOf(ctx: Pick<Context, "options">): number | null {
	const timeout = ctx.options.timeout ?? 0;
	if (timeout <= 0) return null;
	const deadline = deadlines.get(ctx);
	return deadline === undefined ? timeout : deadline - performance.now();
}

/** Milliseconds after which an attempt cannot be decided any more, whatever happened to its node. */
export const overAfter = (timeout: number): number => timeout * OVER;
