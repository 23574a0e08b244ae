/**
 * Restarted - which process speaks under a node's name, and over which connection. A node that died and is back before it was missed: what
 * waits for the one that is dead is given up as soon as the new one speaks, as with any node that is lost; Moleculer takes it for the
 * same node with news, and lets all of that wait until it times out (docs/decisions/0018-calls-between-nodes.md). A node whose connection
 * broke: what it answered meanwhile is lost. Another one under this node's own name: they settle which of them goes, where Moleculer
 * would end the one that was there before.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import { NatsTransporter } from "./nats.ts";

/** As much of a message between nodes as is used here. */
interface Packet {
	readonly type: string;
	readonly payload?: { readonly sender: string; instanceID?: string; connections?: number } | null;
}
type Publish = (packet: Packet) => Promise<unknown>;
type Hear = (command: string, packet: Packet) => Promise<unknown>;

/** What a node says of itself, unasked. */
const OF_ITSELF = /^(INFO|HEARTBEAT)$/;

/** Before Moleculer hears of it: whoever listens for `$node.disconnected` learns of the loss, and then that the node is back. */
export const RestartedMiddleware = (broker: ServiceBroker): Middleware => {
	/** By node, how often it had connected when it was last heard. */
	const connections = new Map<string, number>();
	const transporter = () => (broker.transit?.tx instanceof NatsTransporter ? broker.transit.tx : null);
	return {
		name: "Restarted",
		created: () =>
			void broker.localBus.on("$node.disconnected", ({ node }: { readonly node: { readonly id: string } }) => connections.delete(node.id)),
		transitPublish:
			(next: Publish): Publish =>
			(packet) => {
				if (packet.payload && OF_ITSELF.test(packet.type))
					Object.assign(packet.payload, { instanceID: broker.instanceID, connections: transporter()?.connections });
				return next(packet);
			},
		transitMessageHandler: (next: Hear): Hear =>
			function hear(command, packet) {
				const { sender, instanceID, connections: times } = packet.payload ?? {};
				if (!OF_ITSELF.test(command) || sender === undefined || instanceID === undefined) return next(command, packet);
				if (sender === broker.nodeID) {
					const other = instanceID === broker.instanceID ? null : transporter();
					return other ? other.contest().then(() => false) : next(command, packet);
				}
				giveUpOlder(broker, sender, instanceID);
				if ((connections.get(sender) ?? times) !== times) broker.transit?.removePendingRequestByNodeID(sender);
				if (times !== undefined) connections.set(sender, times);
				return next(command, packet);
			},
	} as unknown as Middleware; // moleculer's type has it answer with the outcome instead of a handler
};

function giveUpOlder({ registry: { nodes } }: ServiceBroker, sender: string, instanceID: string): void {
	const node = nodes.has(sender) ? nodes.get(sender) : null;
	if (node?.available && !node.local && node.instanceID !== instanceID) nodes.disconnected(sender, true);
}
