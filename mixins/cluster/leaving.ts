/**
 * Leaving - ends long actions whose caller has left. Moleculer does not report that the caller of an action left; here the caller sends
 * a message, and a caller that disappears silently counts as gone together with its node.
 */
import type { Readable } from "node:stream";
import type { Context, ServiceBroker } from "moleculer";
import { NODE } from "../access/may.ts";
import { CODES } from "../common/codes.ts";
import { unavailable } from "../common/errors.ts";

/** Emitted on `localBus` when the connection to NATS is lost; messages in transit are lost with it. */
export const DROPPED = "$transporter.dropped";

/** Functions that end the work for a call, by the id of the call. */
const working = new WeakMap<ServiceBroker, Map<string, () => void>>();

/** Calls `end` when the caller leaves, its node disconnects, or the connection is lost. The returned function unsubscribes. */
function whenLeft({ broker, id, nodeID }: Context, end: () => void): () => void {
	const calls = working.get(broker) ?? new Map<string, () => void>();
	working.set(broker, calls.set(id, end));
	const isOther = nodeID !== null && nodeID !== broker.nodeID;
	const gone = ({ node }: { readonly node: { readonly id: string } }): void => void (node.id === nodeID && end());
	if (isOther) {
		broker.localBus.on("$node.disconnected", gone);
		broker.localBus.on(DROPPED, end);
	}
	return () => {
		broker.localBus.off("$node.disconnected", gone);
		broker.localBus.off(DROPPED, end);
		calls.delete(id);
	};
}

/** Returns the stream, and destroys it when the calling node leaves it or disconnects. */
export function readBy(ctx: Context, stream: Readable): Readable {
	if (ctx.nodeID === null || ctx.nodeID === ctx.broker.nodeID) return stream; // a caller in this process destroys the stream itself
	stream.once(
		"close",
		whenLeft(ctx, () => stream.destroy()),
	);
	return stream;
}

/**
 * Runs long work for the caller of `ctx`. The signal aborts when the caller leaves, its node disconnects, or this node stops; the work
 * checks it between steps with `throwIfAborted`.
 */
export async function whileWanted<T>(ctx: Context, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
	const over = new AbortController();
	const stopping = () => over.abort(unavailable(CODES.STOPPING, "This node is stopping; what was done stays"));
	const gone = () => over.abort(unavailable(CODES.CALLER_GONE, "The caller has gone; what was done stays"));
	const forget = whenLeft(ctx, gone);
	ctx.broker.localBus.once("$node.stopping", stopping);
	try {
		return await work(over.signal);
	} finally {
		ctx.broker.localBus.off("$node.stopping", stopping);
		forget();
	}
}

/** An action of `$node`: the caller of the action with this id has left. */
export const leaveAction = {
	may: NODE,
	params: { $$strict: true, id: { type: "string", max: 200 } },
	handler({ broker, params }: Context<{ readonly id: string }>): void {
		working.get(broker)?.get(params.id)?.();
	},
};

/** Tells the node that runs a call that its caller has left; a node that cannot be reached has ended the work itself. */
export function abandon({ broker, id, nodeID }: Context): void {
	if (nodeID === null || nodeID === broker.nodeID) working.get(broker)?.get(id)?.();
	else if (broker.transit?.connected) broker.call<void, object>("$node.leave", { id }, { nodeID, tracking: false }).catch(() => undefined);
}

/** The same for a call whose answer is a stream. */
export function leave(ctx: Context): void {
	const { broker, id, nodeID } = ctx;
	if (nodeID === null || nodeID === broker.nodeID) return;
	if (broker.started) broker.transit?.removePendingRequest(id);
	abandon(ctx);
}
