/** Config - the configuration of one seed: sizes, store, and the probabilities of faults. */
import type { PortPromise } from "../../model/index.ts";
import { Chance } from "./chance.ts";

/** Probabilities per thousand steps, or per thousand calls. */
export interface Faults {
	/** Per step: time passes although a task is ready; a late task runs; a node crashes, stalls or evicts; a failover. */
	readonly tick: number;
	readonly late: number;
	readonly crash: number;
	readonly stall: number;
	readonly evict: number;
	readonly failover: number;
	/** Per call to the store: the request is lost, the answer is lost, or the call runs long after its caller gave up. */
	readonly lostRequest: number;
	readonly lostReply: number;
	readonly zombie: number;
	/** Other writes come between two documents of one batch. */
	readonly slow: number;
	/** Calls between nodes whose request or answer is lost. */
	readonly message: number;
	/** Follower reads that show an older view. */
	readonly stale: number;
	/** Per step: the port goes away. */
	readonly away: number;
	/** Calls of the port that suffer each of its faults (post.ts), and calls that it refuses for good. */
	readonly port: number;
	readonly refused: number;
}
export interface Config {
	readonly scenario: string;
	/** `database`: rows and commits are written one by one, without transactions. `file`: all or nothing. */
	readonly store: "database" | "file";
	/** Whether writes of a database become visible and safe some time later. */
	readonly lag: boolean;
	/** Whether a save in a database compares the old checkpoints, or only raises them. */
	readonly compared: boolean;
	readonly nodes: number;
	readonly partitions: number;
	readonly clients: number;
	/** Commands per client. */
	readonly commands: number;
	/** How many of ten commands are asks instead. */
	readonly asks: number;
	/** Number of different ids. */
	readonly ids: number;
	/** Most commits per append. */
	readonly batch: number;
	/** Actors that a service keeps in memory. */
	readonly capacity: number;
	/** Calls in a thousand that go to the partition's own node. */
	readonly sticky: number;
	/** Timeout of a call in milliseconds. */
	readonly patience: number;
	/** The nodes each projection and process runs on. */
	readonly on: Readonly<Record<string, readonly number[]>>;
	/** The promise of the port, and the milliseconds that a call of it may take. */
	readonly promise: PortPromise;
	readonly portPatience: number;
	/** Works of an effect at once. */
	readonly atOnce: number;
	/** Whether the rows of all processes are built again in the end. */
	readonly rebuild: boolean;
	readonly faultSteps: number;
	readonly limit: number;
	readonly faults: Faults;
}
type Partly<T> = { readonly [K in keyof T]?: T[K] extends Faults ? Partial<Faults> : T[K] };
/** Overrides of the configuration, from a mutant or the command line. */
export type Over = Partly<Config>;

/** Projections and processes of each scenario. */
export const FOLLOWERS: Readonly<Record<string, readonly string[]>> = {
	bank: ["accounts", "owners", "transfers", "reminders", "welcomes"],
	cases: ["infractions", "radars", "case-opening"],
};
const NO_FAULTS: Faults = {
	tick: 0,
	late: 0,
	crash: 0,
	stall: 0,
	evict: 0,
	failover: 0,
	lostRequest: 0,
	lostReply: 0,
	zombie: 0,
	slow: 0,
	message: 0,
	stale: 0,
	away: 0,
	port: 0,
	refused: 0,
};

export function configOf(seed: number, over: Over = {}): Config {
	const chance = new Chance(seed ^ 0x5bd1e995);
	const upTo = (n: number): number => 1 + chance.pick(n);
	const scenario = over.scenario ?? (chance.pick(5) === 4 ? "cases" : "bank");
	const store = over.store ?? chance.of(["database", "file"]);
	const lag = over.lag ?? (store === "database" && chance.pick(3) === 0);
	const nodes = over.nodes ?? upTo(3);
	const level = chance.of([0, 1, 3]);
	const on = Object.fromEntries((FOLLOWERS[scenario] ?? []).map((name) => [name, somewhere(chance, nodes)]));
	const config: Config = {
		scenario,
		store,
		lag,
		compared: chance.pick(2) === 0,
		nodes,
		partitions: upTo(2),
		clients: upTo(scenario === "cases" ? 3 : 5),
		commands: upTo(4),
		asks: chance.of([1, 1, 4]),
		ids: upTo(4),
		batch: upTo(5),
		capacity: chance.of([1000, 1, 2]),
		sticky: chance.of([1000, 600, 0]),
		patience: chance.of([5000, 60, 300]),
		on,
		promise: chance.of(["once", "lookup", "never"]),
		portPatience: chance.of([1000, 300, 5000]),
		atOnce: chance.of([16, 1]),
		rebuild: chance.pick(4) === 3,
		faultSteps: 100 + chance.pick(500),
		limit: 40_000,
		faults: level === 0 ? NO_FAULTS : faultsOf(chance, level, store, lag),
	};
	return { ...config, ...over, faults: { ...config.faults, ...over.faults } };
}

/** No node, one node, or two nodes. */
function somewhere(chance: Chance, nodes: number): readonly number[] {
	const first = chance.pick(nodes);
	return [[first], [], [first, (first + 1) % nodes]][chance.pick(3)]?.filter((node, i, all) => all.indexOf(node) === i) ?? [];
}

function faultsOf(chance: Chance, level: number, store: Config["store"], lag: boolean): Faults {
	const some = (most: number): number => chance.pick(3) * most * level;
	return {
		tick: chance.of([4, 0, 20]),
		late: 25,
		crash: chance.of([0, 2, 6]),
		stall: chance.of([0, 4]),
		evict: chance.of([0, 0, 10]),
		failover: lag ? chance.pick(5) : 0,
		lostRequest: some(8),
		lostReply: some(12),
		zombie: store === "database" ? some(12) : 0,
		slow: some(40),
		message: some(10),
		stale: store === "database" ? chance.of([0, 100]) : 0,
		away: chance.of([0, 3]),
		port: chance.of([0, 30, 100]),
		refused: chance.of([0, 100, 300]),
	};
}
