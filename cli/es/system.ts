/** System - the running system as the commands see it: actions to call, and the names there are. Never a store. */
import { userInfo } from "node:os";
import type { ServiceBroker } from "moleculer";

/** How long an answer is waited for, in milliseconds; streams answer at once and last as long as they like. */
const PATIENCE = 60_000;

export interface System {
	call<T>(action: string, params?: object): Promise<T>;
}
/** The names there are, by what they name. */
export interface Catalogue {
	/** Services whose actors can be looked at. */
	readonly services: readonly string[];
	readonly readModels: readonly string[];
	readonly processes: readonly string[];
	/** Logs that can be verified, by context. */
	readonly logs: readonly string[];
	readonly facts: readonly string[];
	/** Read models and processes: all that has a place in a log. */
	readonly followers: readonly string[];
	/** Services that give a live feed. */
	readonly feeds: readonly string[];
	/** The service that keeps a log. */
	readonly keeperOf: ReadonlyMap<string, string>;
	/** The action that lists the actors of a service, where a read model has it. */
	readonly listOf: ReadonlyMap<string, string>;
}
interface Registered {
	readonly name: string;
	readonly metadata?: { readonly context?: string; readonly facts?: readonly string[]; readonly follows?: readonly string[] };
	readonly actions: Readonly<Record<string, { readonly note?: { readonly of?: string } }>>;
}

/** Calls in the name of whoever sits at this terminal: what they change says by whom. */
export function systemOf(broker: ServiceBroker): System {
	const by = operator();
	return { call: <T>(action: string, params: object = {}) => broker.call<T, object>(action, params, { timeout: PATIENCE, meta: { by } }) };
}
function operator(): string {
	try {
		return `operator:${userInfo().username}`;
	} catch {
		return "operator"; // a user without a name, as in some containers
	}
}

export async function catalogueOf({ call }: System): Promise<Catalogue> {
	const all = await call<readonly Registered[]>("$node.services", { withActions: true, onlyAvailable: true });
	const offering = (action: string) => all.filter(({ name, actions }) => `${name}.${action}` in actions);
	const keeperOf = new Map(offering("verify").map(({ name, metadata }) => [metadata?.context ?? name.replace(/-log$/, ""), name]));
	return {
		services: namesOf(offering("state")),
		readModels: namesOf(offering("rebuild")),
		processes: namesOf(offering("parked")),
		logs: once([...keeperOf.keys()]),
		facts: once(all.flatMap(({ metadata }) => metadata?.facts ?? [])),
		followers: namesOf(offering("health").filter(({ metadata }) => metadata?.follows)),
		feeds: namesOf(offering("live")),
		keeperOf,
		listOf: new Map(
			all.flatMap(({ name, actions }) => {
				const of = actions[`${name}.list`]?.note?.of;
				return of === undefined ? [] : [[of, `${name}.list`] as const];
			}),
		),
	};
}
/** Several nodes may offer the same service. */
const once = (names: readonly string[]): string[] => [...new Set(names)].toSorted();
const namesOf = (services: readonly Registered[]): string[] => once(services.map(({ name }) => name));
