/** Owners - the owner of each partition and follower, computed from the registry by the same rules as in the nodes. */
import type { ServiceBroker } from "moleculer";
import { ownerOf } from "../../mixins/cluster/ownership.ts";
import { bestOf } from "../../mixins/cluster/placement.ts";
import type { Line } from "../common/terminal.ts";

/** The part of Moleculer's lists used here. */
interface ListedAction {
	readonly action?: { readonly strategyOptions?: { readonly log: string; readonly partitions: number } };
	readonly endpoints?: readonly { readonly nodeID: string; readonly available: boolean }[];
}
interface ListedService {
	readonly name: string;
	readonly nodeID: string;
	readonly metadata?: { readonly follows?: readonly string[] };
}

export function ownersOf(broker: ServiceBroker): readonly Line[] {
	return [["Who decides"], ...partitionsOf(broker), ["Who follows"], ...followersOf(broker)];
}

/** One line for each log and node. */
function partitionsOf(broker: ServiceBroker): Line[] {
	const actions = broker.registry.getActionList({ withEndpoints: true, onlyAvailable: true }) as readonly ListedAction[]; // moleculer leaves it untyped
	const logs = new Map<string, { readonly partitions: number; readonly nodes: Set<string> }>();
	for (const { action, endpoints = [] } of actions) {
		if (!action?.strategyOptions) continue;
		const { log, partitions } = action.strategyOptions;
		const { nodes } = logs.get(log) ?? { nodes: new Set<string>() };
		for (const { nodeID, available } of endpoints) if (available) nodes.add(nodeID);
		logs.set(log, { partitions, nodes });
	}
	return [...logs].toSorted(byName).flatMap(([log, { partitions, nodes }]) => {
		const all = [...nodes].toSorted().map((id) => ({ id }));
		const numbers = Array.from({ length: partitions }, (_, partition) => partition);
		return all.map(({ id }, i): Line => {
			const own = numbers.filter((partition) => bestOf(all, `${log}:${partition}`)?.id === id);
			return [i === 0 ? log : "", id, own.join(" ") || "none now"];
		});
	});
}

function followersOf(broker: ServiceBroker): Line[] {
	const services = broker.registry.getServiceList({ onlyAvailable: true }) as readonly ListedService[]; // moleculer leaves it untyped
	const nodes = new Map<string, readonly string[]>();
	for (const { name, nodeID, metadata } of services) if (metadata?.follows) nodes.set(name, [...(nodes.get(name) ?? []), nodeID]);
	return [...nodes].toSorted(byName).map(([name, ids]): Line => {
		const owner = ownerOf(broker, name);
		const others = ids.filter((id) => id !== owner).toSorted();
		return [name, owner, others.length > 0 ? `${others.join(", ")} would take over` : ""];
	});
}
const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number => (one < other ? -1 : 1);
