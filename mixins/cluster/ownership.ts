/**
 * Ownership - selects the node that does the work of a read model or a process; the other nodes answer reads and are standbys.
 * Every node computes it from Moleculer's registry. Two owners for a moment are normal while nodes join and leave, and cause no errors.
 */
import type { Service, ServiceBroker } from "moleculer";
import { bestOf } from "./placement.ts";

/** The part of Moleculer's registry that this file uses. */
interface Item {
	readonly name: string;
	readonly node: { readonly id: string; readonly available: boolean };
}

/** The id of the node that does the work of a service now; this node if no node is known. */
export function ownerOf(broker: ServiceBroker, service: string): string {
	const { services } = broker.registry.services as unknown as { readonly services: readonly Item[] }; // moleculer leaves it untyped
	const nodes = services.filter(({ name, node }) => name === service && node.available).map(({ node }) => node);
	return bestOf(nodes, service)?.id ?? broker.nodeID;
}
/** Whether this node does the work of one of its services. */
export const isOwner = ({ broker, name }: Service): boolean => ownerOf(broker, name) === broker.nodeID;
