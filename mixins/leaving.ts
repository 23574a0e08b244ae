/**
 * Leaving - a stream an action answers with goes to another node message by message, and nothing tells its source that nobody reads it any
 * more: here the reader says so, and one that is gone without a word is missed with its node.
 */
import type { Readable } from "node:stream";
import type { Context, ServiceBroker } from "moleculer";

/** What goes to other nodes, by the call it answers. */
const going = new WeakMap<ServiceBroker, Map<string, Readable>>();

/** The stream, which ends when the node that asked for it says so or is gone. */
export function readBy({ broker, id, nodeID }: Context, stream: Readable): Readable {
	if (nodeID === null || nodeID === broker.nodeID) return stream; // whoever is in this process holds it itself
	const streams = going.get(broker) ?? new Map<string, Readable>();
	going.set(broker, streams.set(id, stream));
	const gone = ({ node }: { readonly node: { readonly id: string } }): void => void (node.id === nodeID && stream.destroy());
	broker.localBus.on("$node.disconnected", gone);
	stream.once("close", () => {
		broker.localBus.off("$node.disconnected", gone);
		streams.delete(id);
	});
	return stream;
}

/** Of `$node`, which every node has: whoever asked for a stream reads no more. */
export const leaveAction = {
	params: { $$strict: true, id: { type: "string", max: 200 } },
	handler({ broker, params }: Context<{ readonly id: string }>): void {
		going.get(broker)?.get(params.id)?.destroy();
	},
};

/** Says so of a call that was answered with a stream; a node that cannot be told is gone itself. */
export function leave({ broker, id, nodeID }: Context): void {
	if (nodeID === null || nodeID === broker.nodeID || !broker.started) return;
	broker.transit?.removePendingRequest(id);
	broker.call<void, object>("$node.leave", { id }, { nodeID, tracking: false }).catch(() => undefined);
}
