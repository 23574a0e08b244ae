/**
 * Hints - tells the other nodes that there is more in a log. A hint carries positions and nothing else, and what it says is not believed:
 * it only makes a follower poll. A hint that is lost, doubled, late, out of order or forged changes nothing but the moment in which a fact
 * is seen (LAW 6).
 */
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { storageOf } from "./storage.ts";

/** The event, broadcast to all nodes that follow something. */
const APPENDED = "log.appended";

export interface Hint {
	readonly context: string;
	/** `<log>:<partition>` */
	readonly partition: string;
	/** The last position. */
	readonly last: number;
}

/** Tells the others; not awaited, and lost where nobody can be told. */
export const tell = (broker: ServiceBroker, hint: Hint): void =>
	void broker
		.broadcast(APPENDED, hint)
		.catch((error: unknown) => broker.logger.debug(`A hint of ${hint.partition} is lost: ${String(error)}`));

/** Hears the hints of other nodes. */
export const hearing: ServiceSchema = {
	name: "hints",
	events: {
		[APPENDED]: {
			async handler(ctx: Context<Partial<Record<keyof Hint, unknown>>>) {
				const { context, partition, last } = ctx.params;
				if (ctx.nodeID === ctx.broker.nodeID) return;
				if (typeof context !== "string" || typeof partition !== "string" || typeof last !== "number") return; // anybody may send anything
				const log = storageOf(ctx.broker).opened(context);
				(await log)?.hinted(partition, last);
			},
		},
	},
};
