/**
 * Restarted - a node that died and is back under its name before it was missed: what waits for the instance that is dead is given up as
 * soon as the new one speaks, as with any node that is lost. Moleculer takes it for the same node with news, and lets all of that wait
 * until it times out (docs/decisions/0018-calls-between-nodes.md).
 */
import type { Middleware, ServiceBroker } from "moleculer";

/** As much of a message between nodes as is used here. */
interface Packet {
	readonly payload?: { readonly sender: string; readonly instanceID?: string } | null;
}
type Hear = (command: string, packet: Packet) => Promise<unknown>;

/** Before Moleculer hears of it: whoever listens for `$node.disconnected` learns of the loss, and then that the node is back. */
export const RestartedMiddleware = (broker: ServiceBroker): Middleware =>
	({
		name: "Restarted",
		transitMessageHandler: (next: Hear): Hear =>
			function hear(command, packet) {
				if (command === "INFO" && packet.payload) giveUpOlder(broker, packet.payload);
				return next(command, packet);
			},
	}) as unknown as Middleware; // moleculer's type has it answer with the outcome instead of a handler

/** Another with this node's own name is for Moleculer to complain of. */
function giveUpOlder({ registry: { nodes } }: ServiceBroker, { sender, instanceID }: NonNullable<Packet["payload"]>): void {
	const node = nodes.has(sender) ? nodes.get(sender) : null;
	if (node?.available && !node.local && node.instanceID !== instanceID) nodes.disconnected(sender, true);
}
