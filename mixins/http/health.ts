/** Health - reports which parts are not ready and why: logs, read models, processes, and services that a route needs but no node offers. */
import type { ServiceBroker } from "moleculer";
import { type Part } from "../monitoring/health.ts";

/** Milliseconds within which a part must answer. */
const PATIENCE = 2000;
/** The action of every node that reports its own parts. */
const NODE = "$node.parts";

interface Listed {
	readonly name: string;
	readonly available: boolean;
	readonly endpoints?: readonly { readonly nodeID: string; readonly available: boolean }[];
}
export interface Report {
	readonly status: "ready" | "not ready";
	readonly parts: readonly Part[];
}
/** The action that a route needs. */
export interface Needed {
	readonly name: string;
	readonly rest: string;
}

/** `known`: every part with its own health that a node has ever offered; new ones are added. */
export async function reportOf(broker: ServiceBroker, routes: readonly Needed[], known: Set<string>): Promise<Report> {
	const actions = broker.registry.getActionList({ withEndpoints: true }) as readonly Listed[]; // moleculer leaves it untyped
	const offered = actions.filter(({ name }) => name === NODE || (name.endsWith(".health") && !name.startsWith("$")));
	for (const { name } of offered) if (name !== NODE) known.add(serviceOf(name));
	const said = (await Promise.all(offered.flatMap((action) => everywhere(broker, action)))).flat();
	const parts = [...said, ...missing(actions, routes, known).filter(({ name }) => !said.some((part) => part.name === name && !part.ready))];
	const well = broker.started && parts.every(({ ready }) => ready);
	return { status: well ? "ready" : "not ready", parts: parts.toSorted((a, b) => Number(a.ready) - Number(b.ready)) };
}

const serviceOf = (action: string): string => action.slice(0, action.lastIndexOf("."));

/** Calls the health action on every node that offers it, since each reports only for itself. */
const everywhere = (broker: ServiceBroker, { name, endpoints = [] }: Listed): Promise<readonly Part[]>[] =>
	endpoints
		.filter(({ available }) => available)
		.map(async ({ nodeID: node }) => {
			const asked = broker.call<Part | readonly Part[], object>(name, {}, { nodeID: node, timeout: PATIENCE });
			const parts = await asked.catch((error: Error): Part => ({
				name: name === NODE ? `node ${node}` : serviceOf(name),
				ready: false,
				reason: error.message,
			}));
			return [parts].flat().map((part) => ({ ...part, node }));
		});

/** Services that a route needs or a node once offered, and that no node offers now. */
function missing(actions: readonly Listed[], routes: readonly Needed[], known: ReadonlySet<string>): Part[] {
	const offered = new Set(actions.filter(({ available }) => available).map(({ name }) => name));
	const gone = new Map<string, string[]>();
	for (const name of known) if (!offered.has(`${name}.health`)) gone.set(name, []);
	for (const { name, rest } of routes) if (!offered.has(name)) gone.set(serviceOf(name), [...(gone.get(serviceOf(name)) ?? []), rest]);
	return [...gone].map(([name, without]) => ({
		name,
		ready: false,
		reason: `no node offers ${name}${without.length > 0 ? `, so these answer 503: ${without.join(", ")}` : ""}`,
	}));
}
