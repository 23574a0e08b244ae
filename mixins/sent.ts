/**
 * Sent - a call says when it was sent, so that the node it reaches knows how long it may still decide: for most of the time the attempt
 * has. Whoever does not hear of an attempt asks another node only when that is over, so that no command is decided in two places at once
 * (docs/decisions/0018-calls-between-nodes.md). It is told by durations: wall clocks may show what they like.
 */
import { type ActionSchema, type Context, Errors, type Middleware, type ServiceBroker } from "moleculer";
import { clocksOf, type Stamp } from "./clocks.ts";

interface Headers {
	/** When it was sent. */
	readonly asked?: Stamp;
}
type Called = Context<unknown, object, object, Headers>;
type Next = (ctx: Called) => Promise<unknown>;

/** Of the time an attempt has: until when a command may be decided, and when it is known that it may not any more. */
const DECIDED = 0.8;
const OVER = 0.9;

/** Until when a command may be decided where it has come to, by the clock of this process. */
const until = new WeakMap<object, number>();

/** In a header, which belongs to one call alone; what is in `meta` flows down into every nested call, and back up. */
export const SentMiddleware = (broker: ServiceBroker): Middleware =>
	({
		name: "Sent",
		remoteAction:
			(next: Next): Next =>
			(ctx) => {
				const asked = clocksOf(broker)?.stamp(broker.instanceID);
				ctx.headers = { ...ctx.headers, ...(asked ? { asked } : {}) };
				return next(ctx);
			},
		localAction(next: Next, { decides }: ActionSchema): Next {
			if (!decides) return next;
			return async (ctx) => {
				const timeout = ctx.options.timeout ?? 0;
				const { asked } = ctx.headers;
				if (timeout > 0 && asked && ctx.nodeID !== null) {
					const age = await clocksOf(broker)?.ageOf(ctx.nodeID, asked);
					if (age === null)
						throw new Errors.MoleculerRetryableError("It cannot be told whether anybody waits for this command", 503, "CALLER_GONE");
					until.set(ctx, performance.now() + timeout * DECIDED - (age ?? 0));
				}
				return next(ctx);
			};
		},
	}) as unknown as Middleware; // moleculer's type knows no headers

/** Milliseconds in which the command may be decided; null for ever. */
export function patienceOf(ctx: Pick<Context, "options">): number | null {
	const timeout = ctx.options.timeout ?? 0;
	if (timeout <= 0) return null;
	const last = until.get(ctx);
	return last === undefined ? timeout : last - performance.now();
}

/** Milliseconds after which nobody decides an attempt any more, whatever became of its node. */
export const overAfter = (timeout: number): number => timeout * OVER;
