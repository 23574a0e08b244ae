/** System - the running system as the commands see it: actions to call, and the names there are. Never a store. */
import { userInfo } from "node:os";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Context, ServiceBroker } from "moleculer";
import { isOutage } from "../../mixins/common/errors.ts";
import { leave } from "../../mixins/cluster/leaving.ts";
import { ownerOf } from "../../mixins/cluster/ownership.ts";

/** How long an answer is waited for, in milliseconds; streams answer at once and last as long as they like. */
const PATIENCE = 60_000;

/** How long a node of a cluster may take to say what it offers, and how often that is looked at, in milliseconds. */
const DISCOVERY = 10_000;
const LOOK_EVERY = 100;

export interface System {
	call<T>(action: string, params?: object): Promise<T>;
	/** Whether names there are none of may only not be known yet. */
	readonly joined?: boolean;
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
	/** Those of them whose rows can be checked, with the logs they follow. */
	readonly checkable: ReadonlyMap<string, readonly string[]>;
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
	const local = (): boolean => broker.services.some(({ name }: { name: string }) => !name.startsWith("$"));
	return {
		joined: !local(),
		async call<T>(action: string, params: object = {}) {
			const service = action.slice(0, action.lastIndexOf("."));
			const ask = async (on: { readonly nodeID?: string }): Promise<T> => {
				const calling = broker.call<T, object>(action, params, { timeout: PATIENCE, tracking: false, meta: { by }, ...on });
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
				return ask(now); // it has died meanwhile
			}
		},
	};
}
/** Who does the work of a read model or a process knows best how it is, and what is changed there nobody else has to hear of. */
function ownerFor(broker: ServiceBroker, service: string): { readonly nodeID?: string } {
	const all = broker.registry.getServiceList({ onlyAvailable: true }) as readonly Pick<Registered, "name" | "metadata">[]; // moleculer leaves it untyped
	const follows = all.some(({ name, metadata }) => name === service && metadata?.follows !== undefined);
	return follows ? { nodeID: ownerOf(broker, service) } : {};
}

/** Resolves once somebody offers what a command is about; rejects when nobody does, at once where nobody can come any more. */
export async function offered(system: System, needs: Needed): Promise<void> {
	for (let waited = 0; (await catalogueOf(system))[needs].length === 0; waited += LOOK_EVERY) {
		if (!system.joined) throw new Error(NOBODY[needs]);
		if (waited >= DISCOVERY) throw new Error(`${NOBODY[needs]} (after ${DISCOVERY / 1000} s)`);
		await pause(LOOK_EVERY);
	}
}
/** What a command is about. */
export type Needed = "services" | "readModels" | "processes" | "logs" | "followers" | "feeds";
const NOBODY: Readonly<Record<Needed, string>> = {
	services: "no service here has actors",
	readModels: "no read model is here",
	processes: "no process is here",
	logs: "no service here keeps a log",
	followers: "nobody here follows a log",
	feeds: "no service here gives a live feed",
};
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
