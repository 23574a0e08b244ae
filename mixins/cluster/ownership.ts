/**
 * Ownership - of the nodes that offer a read model or a process, the one that does its work; the others answer reads and stand by.
 * Every node works it out from Moleculer's own registry. Two for a moment is normal while nodes come and go, and makes nothing wrong.
 */
import type { Service, ServiceBroker } from "moleculer";
import { bestOf } from "./placement.ts";

/** As much of Moleculer's registry as is used here. */
interface Item {
	readonly name: string;
	readonly node: { readonly id: string; readonly available: boolean };
}

/** The node that does the work of a service now; this one while nobody else is known. */
export function ownerOf(broker: ServiceBroker, service: string): string {
	const { services } = broker.registry.services as unknown as { readonly services: readonly Item[] }; // moleculer leaves it untyped
	const nodes = services.filter(({ name, node }) => name === service && node.available).map(({ node }) => node);
	return bestOf(nodes, service)?.id ?? broker.nodeID;
}
/** Whether this node does the work of one of its services. */
export const isOwner = ({ broker, name }: Service): boolean => ownerOf(broker, name) === broker.nodeID;
