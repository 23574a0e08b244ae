/**
 * Hints - tells the other nodes that a log has grown. A hint carries only a position, and no node trusts it: it only makes a follower poll.
 * A hint that is lost, doubled, late, out of order or forged changes only when a follower sees a fact (LAW 6).
 */
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { storageOf } from "./storage.ts";

/** The broadcast event. */
const APPENDED = "log.appended";

export interface Hint {
	readonly context: string;
	/** `<log>:<partition>` */
	readonly partition: string;
	/** The last position. */
	readonly last: number;
}

/** Broadcasts a hint without waiting; without a connection it is lost. */
export const tell = (broker: ServiceBroker, hint: Hint): void =>
	void broker
		.broadcast(APPENDED, hint)
		.catch((error: unknown) => broker.logger.debug(`A hint of ${hint.partition} is lost: ${String(error)}`));

/** Passes the hints of other nodes to the followers. */
export const hearing: ServiceSchema = {
	name: "hints",
	events: {
		[APPENDED]: {
			async handler(ctx: Context<Partial<Record<keyof Hint, unknown>>>) {
				const { context, partition, last } = ctx.params;
				if (ctx.nodeID === ctx.broker.nodeID) return;
				if (typeof context !== "string" || typeof partition !== "string" || typeof last !== "number") return; // the sender is not trusted
				const log = storageOf(ctx.broker).opened(context);
				(await log)?.hinted(partition, last);
			},
		},
	},
};
