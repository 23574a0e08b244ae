/** Scenario - the models of a schedule, the commands of its clients, and the checks of the final outcome. */
import type { AnyEffect, AnyProcess, AnyProjection, Fact, Model, PortPromise } from "../../model/index.ts";
import type { Chance } from "./chance.ts";
import type { Past } from "./past.ts";
import type { World } from "./world.ts";

export interface Ordered {
	readonly service: string;
	readonly name: string;
	readonly params: { readonly id: string };
}
export interface Scenario {
	readonly models: readonly Model[];
	readonly projections: readonly AnyProjection[];
	readonly processes: readonly AnyProcess[];
	/** The effects among the processes, by name. */
	readonly effects: Readonly<Record<string, (promise: PortPromise) => AnyEffect>>;
	/** Initial contents of the logs, one commit each. */
	readonly given: readonly { readonly service: string; readonly id: string; readonly facts: readonly Fact[] }[];
	/** The next command of a client; `ids`: number of different ids. The first command usually creates an actor. */
	readonly order: (chance: Chance, ids: number, first: boolean) => Ordered;
	/** Violations in the final outcome that are specific to this scenario. */
	readonly wrong: (past: Past, world: World) => readonly string[];
}
