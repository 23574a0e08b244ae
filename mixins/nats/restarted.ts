/**
 * Restarted - detects which process and which connection are behind a node's name. When a node restarts before its loss is detected, pending
 * calls to the old process are rejected as with any lost node; Moleculer lets them time out (docs/decisions/0018-calls-between-nodes.md).
 * When a node has reconnected, its answers of that time are lost, and pending calls to it are rejected. When another process uses this
 * node's own name, the younger of the two ends; Moleculer ends the older one.
 */
import type { Middleware, ServiceBroker } from "moleculer";
import { NatsTransporter } from "./transporter.ts";

/** The fields of a packet that are used here. */
interface Packet {
	readonly type: string;
	readonly payload?: { readonly sender: string; instanceID?: string; connections?: number } | null;
}
type Publish = (packet: Packet) => Promise<unknown>;
type Handle = (command: string, packet: Packet) => Promise<unknown>;

/** Packets in which a node describes itself. */
const IDENTIFYING = /^(INFO|HEARTBEAT)$/;

/** Runs before Moleculer processes the packet, so that listeners get `$node.disconnected` and then `$node.connected`. */
export const RestartedMiddleware = (broker: ServiceBroker): Middleware => {
	/** The number of connections each node last reported. */
	const connections = new Map<string, number>();
	const transporter = () => (broker.transit?.tx instanceof NatsTransporter ? broker.transit.tx : null);
	return {
		name: "Restarted",
		created: () =>
			void broker.localBus.on("$node.disconnected", ({ node }: { readonly node: { readonly id: string } }) => connections.delete(node.id)),
		transitPublish:
			(next: Publish): Publish =>
			(packet) => {
				if (packet.payload && IDENTIFYING.test(packet.type))
					Object.assign(packet.payload, { instanceID: broker.instanceID, connections: transporter()?.connections });
				return next(packet);
			},
		transitMessageHandler: (next: Handle): Handle =>
			function handle(command, packet) {
				const { sender, instanceID, connections: count } = packet.payload ?? {};
				if (!IDENTIFYING.test(command) || sender === undefined) return next(command, packet);
				if (instanceID === undefined) return Promise.resolve(false); // of no node: every node says which process it is
				if (sender === broker.nodeID) {
					const conflicting = instanceID === broker.instanceID ? null : transporter();
					return conflicting ? conflicting.resolveNameConflict().then(() => false) : next(command, packet);
				}
				disconnectOlder(broker, sender, instanceID);
				if ((connections.get(sender) ?? count) !== count) broker.transit?.removePendingRequestByNodeID(sender);
				if (count !== undefined) connections.set(sender, count);
				return next(command, packet);
			},
	} as unknown as Middleware; // moleculer's type has the hooks return results instead of handlers
};

function disconnectOlder({ registry: { nodes } }: ServiceBroker, sender: string, instanceID: string): void {
	const node = nodes.has(sender) ? nodes.get(sender) : null;
	if (node?.available && !node.local && node.instanceID !== instanceID) nodes.disconnected(sender, true);
}
