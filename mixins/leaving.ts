/**
 * Leaving - an action that takes long works for a caller who may be gone before its end, and no message between nodes says so by itself:
 * here the caller says it, and a caller that disappears without a word is missed with its node.
 */
import type { Readable } from "node:stream";
import { type Context, Errors, type ServiceBroker } from "moleculer";

/** What ends the work for a caller, by the id of its call. */
const working = new WeakMap<ServiceBroker, Map<string, () => void>>();

/** Calls `end` when the caller leaves or its node is gone, until the returned function is called. */
function whenLeft({ broker, id, nodeID }: Context, end: () => void): () => void {
	const calls = working.get(broker) ?? new Map<string, () => void>();
	working.set(broker, calls.set(id, end));
	const isOther = nodeID !== null && nodeID !== broker.nodeID;
	const gone = ({ node }: { readonly node: { readonly id: string } }): void => void (node.id === nodeID && end());
	if (isOther) broker.localBus.on("$node.disconnected", gone);
	return () => {
		if (isOther) broker.localBus.off("$node.disconnected", gone);
		calls.delete(id);
	};
}

/** The stream, which ends when the node that asked for it says so or is gone. */
export function readBy(ctx: Context, stream: Readable): Readable {
	if (ctx.nodeID === null || ctx.nodeID === ctx.broker.nodeID) return stream; // whoever is in this process holds it itself
	stream.once(
		"close",
		whenLeft(ctx, () => stream.destroy()),
	);
	return stream;
}

/**
 * Does work for the caller of `ctx`; the signal aborts when nobody waits for the result any more, or when this node stops. The work has
 * to look at it between its steps, and gives up with `throwIfAborted`.
 */
export async function whileWanted<T>(ctx: Context, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
	const over = new AbortController();
	const stopping = () => over.abort(new Errors.MoleculerRetryableError("This node is stopping; what was done stays", 503, "STOPPING"));
	const gone = () => over.abort(new Errors.MoleculerRetryableError("Nobody waits for the rest; what was done stays", 503, "CALLER_GONE"));
	const forget = whenLeft(ctx, gone);
	ctx.broker.localBus.once("$node.stopping", stopping);
	try {
		return await work(over.signal);
	} finally {
		ctx.broker.localBus.off("$node.stopping", stopping);
		forget();
	}
}

/** Of `$node`, which every node has: the caller of an action waits no more. */
export const leaveAction = {
	params: { $$strict: true, id: { type: "string", max: 200 } },
	handler({ broker, params }: Context<{ readonly id: string }>): void {
		working.get(broker)?.get(params.id)?.();
	},
};

/** Says that nobody waits for a call any more; a node that cannot be told is gone itself. */
export function abandon({ broker, id, nodeID }: Context): void {
	if (nodeID === null || nodeID === broker.nodeID) working.get(broker)?.get(id)?.();
	else if (broker.started) broker.call<void, object>("$node.leave", { id }, { nodeID, tracking: false }).catch(() => undefined);
}

/** The same of a call that was answered with a stream. */
export function leave(ctx: Context): void {
	const { broker, id, nodeID } = ctx;
	if (nodeID === null || nodeID === broker.nodeID) return;
	if (broker.started) broker.transit?.removePendingRequest(id);
	abandon(ctx);
}
