/**
 * Placement - selects the node for a command: all actors of a partition are on one of the nodes that offer the action, so that a single
 * writer appends large batches; a node that joins or leaves moves few partitions. It only affects speed: any node may decide any actor.
 */
import { type ActionSchema, type Context, type ServiceBroker, type ServiceSchema, Strategies } from "moleculer";
import { partitionOf } from "../../store/position.ts";

/** The placement options of an action; they are sent to every node, so they are plain data. */
export interface Placed {
	/** The log's context. */
	readonly log: string;
	readonly partitions: number;
	/** The prefix of the streams. */
	readonly service: string;
}
interface Endpoint {
	readonly id: string;
	readonly isAvailable: boolean;
}
/** The part of Moleculer's endpoint list that this file uses. */
interface EndpointList {
	readonly endpoints: readonly Endpoint[];
	readonly strategy: unknown;
}

/** Nodes that failed in earlier attempts of a call, by its context; they are used only if there is no other. */
export const avoidedNodes = new WeakMap<object, ReadonlySet<string>>();

export class Placement extends Strategies.Base {
	declare readonly opts: Partial<Placed>;
	#next = 0;

	select<E extends { readonly id: string }>(all: E[], ctx?: Pick<Context, "params">): E {
		const avoided = ctx && avoidedNodes.get(ctx);
		const others = avoided ? all.filter(({ id }) => !avoided.has(id)) : all;
		const list = others.length > 0 ? others : all;
		const id = idIn(ctx?.params);
		const chosen = id === undefined ? undefined : this.owner(list, id);
		return chosen ?? (list[this.#next++ % list.length] as E); // Moleculer passes a list that is not empty
	}
	/** The same on every node, as long as the same nodes offer the action. */
	owner<E extends { readonly id: string }>(list: readonly E[], id: string): E | undefined {
		const partition = partitionIn(this.opts, id);
		return partition === undefined ? undefined : bestOf(list, `${this.opts.log}:${partition}`);
	}
}

function partitionIn({ partitions, service }: Partial<Placed>, id: string): number | undefined {
	return partitions === undefined || service === undefined ? undefined : partitionOf(`${service}-${id}`, partitions);
}
/** The partition a call of a placed action concerns (that of its first item for a batch); undefined if there is only one partition. */
export function sideOf({ strategyOptions }: ActionSchema, params: unknown): number | undefined {
	const { partitions = 1, service }: Partial<Placed> = strategyOptions ?? {};
	const id = partitions > 1 ? idIn(params) : undefined;
	return id === undefined ? undefined : partitionIn({ partitions, service }, id);
}

/** Rendezvous hashing: each node has a score for the key, and the highest one wins. */
export function bestOf<E extends { readonly id: string }>(list: readonly E[], thing: string): E | undefined {
	let best: E | undefined;
	let highest = -1;
	for (const endpoint of list) {
		const score = scoreOf(endpoint.id, thing);
		if (score > highest || (score === highest && best && endpoint.id < best.id)) [best, highest] = [endpoint, score];
	}
	return best;
}

/** The actor id in the params of a command or an ask, or of the first item of a batch. */
function idIn(params: unknown): string | undefined {
	if (typeof params !== "object" || params === null) return undefined;
	if ("id" in params && typeof params.id === "string") return params.id;
	if ("items" in params && Array.isArray(params.items)) return idIn(params.items[0]);
	return "params" in params ? idIn(params.params) : undefined;
}

/** FNV-1a with its bits mixed once more (MurmurHash3's finalizer): names that differ in one character must not have similar scores. */
function scoreOf(node: string, thing: string): number {
	let hash = 0x811c9dc5;
	for (const text of [node, "\n", thing]) for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return (hash ^ (hash >>> 16)) >>> 0;
}

/** Groups the items of one call by their node, each with its index; null if there is nothing to group. */
function byOwner<T>(broker: ServiceBroker, action: string, items: readonly T[]): (readonly [item: T, place: number])[][] | null {
	if (items.length < 2) return null;
	const list = broker.registry.actions.get(action) as EndpointList | undefined; // moleculer leaves it untyped
	const endpoints = list?.endpoints.filter(({ isAvailable }) => isAvailable) ?? [];
	if (!(list?.strategy instanceof Placement) || endpoints.length < 2) return null;
	const { strategy } = list;
	const groups = new Map<string, (readonly [T, number])[]>();
	items.forEach((item, place) => {
		const id = idIn(item);
		const owner = (id === undefined ? undefined : strategy.owner(endpoints, id)?.id) ?? "";
		const group = groups.get(owner);
		if (group) group.push([item, place]);
		else groups.set(owner, [[item, place]]);
	});
	return [...groups.values()];
}

/** Calls the node of each group, and returns the answers in the order of the items. Rejects if one call does. */
export async function callMany<T, A>(
	broker: ServiceBroker,
	action: string,
	items: readonly T[],
	call: (items: readonly T[]) => Promise<readonly A[]>,
): Promise<readonly A[]> {
	const groups = byOwner(broker, action, items);
	if (!groups) return call(items);
	const answers: A[] = [];
	await Promise.all(
		groups.map(async (group) => {
			const given = await call(group.map(([item]) => item));
			group.forEach(([, place], i) => (answers[place] = given[i] as A)); // the action returns one answer for each item
		}),
	);
	return answers;
}

/** The same service with placement options on its actions. */
export function placed(schema: ServiceSchema, { log, partitions }: Pick<Placed, "log" | "partitions">): ServiceSchema {
	const strategyOptions: Placed = { log, partitions, service: schema.name };
	const actions = Object.entries(schema.actions ?? {}).map(
		([name, action]) => [name, typeof action === "object" ? { ...action, strategyOptions } : action] as const,
	);
	return { ...schema, actions: Object.fromEntries(actions) };
}
