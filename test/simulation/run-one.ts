/** RunOne - runs one seed from its configuration to its verdict. */
import { turns } from "../support/turns.ts";
import { Chance } from "./chance.ts";
import { check } from "./checks.ts";
import { type Config, configOf, type Over } from "./config.ts";
import { drain } from "./drain.ts";
import type { Scenario } from "./scenario.ts";
import { type Violation, World } from "./world.ts";

const scenarios = new Map<string, Scenario>();
/** Loads the scenarios; must be called after the patches and before the first run. */
export async function prepare({ scenario }: Over = {}): Promise<void> {
	scenarios.set("bank", (await import("./bank.ts")).bank);
	if (scenario !== "bank") scenarios.set("cases", (await import("./cases.ts")).cases);
}

export interface Verdict {
	readonly seed: number;
	readonly config: Config;
	readonly violations: readonly Violation[];
	readonly steps: number;
	/** Number of events by kind. */
	readonly counts: ReadonlyMap<string, number>;
	/** All picked numbers. */
	readonly picked: readonly number[];
	readonly trace: readonly string[];
}
export interface Options {
	readonly over?: Over;
	/** Numbers to pick instead of those of the seed. */
	readonly script?: readonly number[];
	readonly traced?: boolean;
}

/** Must be called from a callback of the event loop (drain.ts). */
export function runOne(seed: number, { over = {}, script, traced = false }: Options = {}): Verdict {
	const world = worldOf(seed, { over, ...(script ? { script } : {}), traced });
	drain();
	while (world.step()) drain();
	return verdictOf(seed, world);
}
/** The same with a turn of Node's event loop after each step; slower, and proves that the result does not depend on `drain`. */
export async function runOneInTurns(seed: number, options: Options = {}): Promise<Verdict> {
	const world = worldOf(seed, options);
	do await turns(1);
	while (world.step());
	return verdictOf(seed, world);
}

function worldOf(seed: number, { over = {}, script, traced = false }: Options): World {
	const config = configOf(seed, over);
	const scenario = scenarios.get(config.scenario);
	if (!scenario) throw new Error(`the scenario ${config.scenario} is not prepared`);
	return new World(config, scenario, new Chance(seed, script ?? null), traced);
}
function verdictOf(seed: number, world: World): Verdict {
	if (world.violations.every(({ kind }) => kind === "stuck")) check(world);
	const { config, violations, scheduler } = world;
	const { steps, counts, chance, trace } = scheduler;
	counts.set(
		"commits",
		[...world.partitions.values()].flat().reduce((sum, { top }) => sum + top, 0),
	);
	return { seed, config, violations, steps, counts, picked: chance.picked, trace: trace ?? [] };
}
