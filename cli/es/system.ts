/** System - the running system as the commands see it: its actions and the names in it, never a store. */
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Context, ServiceBroker } from "moleculer";
import { callingAs } from "../../mixins/access/access.ts";
import { isOutage } from "../../mixins/common/errors.ts";
import { leave } from "../../mixins/cluster/leaving.ts";
import { ownerOf } from "../../mixins/cluster/ownership.ts";
import { OPERATOR } from "./operator.ts";

/** Time limit of an answer, in milliseconds; a stream answers at once and has no limit. */
const PATIENCE = 60_000;

/** Time limit for discovering the services of a cluster, and the poll interval, in milliseconds. */
const DISCOVERY = 10_000;
const LOOK_EVERY = 100;

export interface System {
	call<T>(action: string, params?: object): Promise<T>;
	/** Whether missing names may still appear, because this node only joins others. */
	readonly joined?: boolean;
}
/** The names in the system, by kind. */
export interface Catalogue {
	/** Services that have actors. */
	readonly services: readonly string[];
	readonly readModels: readonly string[];
	readonly processes: readonly string[];
	/** Contexts whose log can be verified. */
	readonly logs: readonly string[];
	readonly facts: readonly string[];
	/** Read models and processes: all services that follow a log. */
	readonly followers: readonly string[];
	/** Followers whose rows can be checked, with the logs they follow. */
	readonly checkable: ReadonlyMap<string, readonly string[]>;
	/** Services that have a live feed. */
	readonly feeds: readonly string[];
	/** The service of each log. */
	readonly keeperOf: ReadonlyMap<string, string>;
	/** The action that lists the actors of a service, if a read model offers one. */
	readonly listOf: ReadonlyMap<string, string>;
}
interface Registered {
	readonly name: string;
	readonly metadata?: { readonly context?: string; readonly facts?: readonly string[]; readonly follows?: readonly string[] };
	readonly actions: Readonly<Record<string, { readonly note?: { readonly of?: string } }>>;
}

/** Makes calls as the operator at this terminal, so that changes record who made them. */
export function systemOf(broker: ServiceBroker): System {
	const local = (): boolean => broker.services.some(({ name }: { name: string }) => !name.startsWith("$"));
	return {
		joined: !local(),
		async call<T>(action: string, params: object = {}) {
			const service = action.slice(0, action.lastIndexOf("."));
			const ask = async (on: { readonly nodeID?: string }): Promise<T> => {
				const calling = broker.call<T, object>(action, params, {
					timeout: PATIENCE,
					tracking: false,
					...callingAs(broker, OPERATOR),
					...on,
				});
				const answer = await calling;
				const { ctx } = calling as { readonly ctx?: Context }; // moleculer's promises carry their context
				if (answer instanceof Readable && ctx) answer.once("close", () => answer.readableEnded || leave(ctx));
				return answer;
			};
			const owner = ownerFor(broker, service);
			try {
				return await ask(owner);
			} catch (error) {
				const now = ownerFor(broker, service);
				if (!isOutage(error) || now.nodeID === owner.nodeID) throw error;
				return ask(now); // the owner died meanwhile
			}
		},
	};
}
/** Calls to a read model or process go to its owner, which knows its state best and needs no hint of a change made there. */
function ownerFor(broker: ServiceBroker, service: string): { readonly nodeID?: string } {
	const all = broker.registry.getServiceList({ onlyAvailable: true }) as readonly Pick<Registered, "name" | "metadata">[]; // moleculer leaves it untyped
	const follows = all.some(({ name, metadata }) => name === service && metadata?.follows !== undefined);
	return follows ? { nodeID: ownerOf(broker, service) } : {};
}

/**
 * Resolves once a service offers what the command needs. Rejects if none does: at once if no node can still join, else after a time limit.
 */
export async function offered(system: System, needs: Needed): Promise<void> {
	for (let waited = 0; (await catalogueOf(system))[needs].length === 0; waited += LOOK_EVERY) {
		if (!system.joined) throw new Error(NO_NODE[needs]);
		if (waited >= DISCOVERY) throw new Error(`${NO_NODE[needs]} (after ${DISCOVERY / 1000} s)`);
		await pause(LOOK_EVERY);
	}
}
/** The kind of service that a command needs. */
export type Needed = "services" | "readModels" | "processes" | "logs" | "followers" | "feeds";
const NO_NODE: Readonly<Record<Needed, string>> = {
	services: "no service here has actors",
	readModels: "no read model is here",
	processes: "no process is here",
	logs: "no service here keeps a log",
	followers: "no service here follows a log",
	feeds: "no service here gives a live feed",
};

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
		checkable: new Map(
			offering("check")
				.map(({ name, metadata }) => [name, metadata?.follows ?? []] as const)
				.toSorted(),
		),
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
