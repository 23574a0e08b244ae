/** Scenario - the models a schedule is run with, what clients ask of them, and what must be true of them in the end. */
import type { AnyProcess, AnyProjection, Fact, Model } from "../../model/index.ts";
import type { Chance } from "./chance.ts";
import type { Past } from "./past.ts";

export interface Ordered {
	readonly service: string;
	readonly name: string;
	readonly params: { readonly id: string };
}
export interface Scenario {
	readonly models: readonly Model[];
	readonly projections: readonly AnyProjection[];
	readonly processes: readonly AnyProcess[];
	/** What is in the logs at the start, a commit each. */
	readonly given: readonly { readonly service: string; readonly id: string; readonly facts: readonly Fact[] }[];
	/** The next command of a client; `ids`: how many different ones. The first is mostly one that brings something into being. */
	readonly order: (chance: Chance, ids: number, first: boolean) => Ordered;
	/** What is wrong with what was done in the end, beyond what is true of everything. */
	readonly wrong: (past: Past, runs: (process: string) => boolean) => readonly string[];
}
