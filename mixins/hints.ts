/**
 * Hints - tells the other nodes that there is more in a log, with the commits when they are small. Only a hint: whoever follows pulls
 * by position, so that one that is lost, doubled, late or out of order changes nothing but the moment in which a fact is seen.
 */
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { Commit } from "../store/log.ts";
import { storageOf } from "./storage.ts";

/** The event, broadcast to all nodes that follow something. */
const APPENDED = "log.appended";
/** Characters of bodies beyond which only the position is told. */
const SMALL = 64 * 1024;

export interface Hint {
	readonly context: string;
	/** `<log>:<partition>` */
	readonly partition: string;
	/** The last position. */
	readonly last: number;
	/** The commits up to it, where they are small. */
	readonly commits: readonly Commit[];
}

export function hintOf(context: string, partition: string, commits: readonly Commit[]): Hint {
	const small = commits.reduce((size, { body }) => size + body.length, 0) <= SMALL;
	const plain = ({ position, stream, version, body, hash }: Commit): Commit => ({ position, stream, version, body, hash });
	return { context, partition, last: commits.at(-1)?.position ?? 0, commits: small ? commits.map(plain) : [] };
}

/** Tells the others; never waited for, and lost when there is nobody to tell it to. */
export const tell = (broker: ServiceBroker, hint: Hint): void =>
	void broker
		.broadcast(APPENDED, hint)
		.catch((error: unknown) => broker.logger.debug(`A hint of ${hint.partition} is lost: ${String(error)}`));

/** Hears the others' hints; its own it knows. */
export const hearing: ServiceSchema = {
	name: "hints",
	events: {
		[APPENDED]: {
			async handler(ctx: Context<Hint>) {
				if (ctx.nodeID === ctx.broker.nodeID) return;
				const { context, partition, last, commits } = ctx.params;
				const log = storageOf(ctx.broker).opened(context);
				(await log)?.hinted(partition, last, commits);
			},
		},
	},
};
