/** Pool - distributes seeds over processes: even seeds run with the product's limits, odd seeds with small ones. */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Over } from "./config.ts";
import { MUTANTS } from "./mutants.ts";
import type { Failure, Said, Share, Task } from "./worker.ts";

export interface Seeds {
	readonly from: number;
	readonly count: number;
	readonly mutant?: string | undefined;
	readonly over?: Over | undefined;
}
export interface Result {
	readonly done: number;
	readonly counts: Readonly<Record<string, number>>;
	/** The first failure of each process. */
	readonly failures: readonly Failure[];
}
const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url).href);

/** Whether a seed runs with small limits; a mutant never does. */
export const isSmall = (seed: number, mutant?: string): boolean => mutant === undefined && seed % 2 === 1;
/** The overrides of a seed, on top of those of its mutant. */
export const overOf = ({ mutant, over }: Pick<Seeds, "mutant" | "over">): Over => ({ ...MUTANTS[mutant ?? ""]?.over, ...over });

/** Runs all seeds; each process stops at its first failure. */
export function simulate(seeds: Seeds, jobs = availableParallelism(), advance?: (done: number) => void): Promise<Result> {
	const { from, count, mutant } = seeds;
	const step = mutant === undefined ? 2 * Math.ceil(jobs / 2) : jobs;
	const shares = Array.from({ length: Math.min(step, count) }, (_, i): Share => {
		const first = from + i;
		return { small: isSmall(first, mutant), mutant, minimise: true, tasks: [{ from: first, to: from + count, step, over: overOf(seeds) }] };
	});
	return runAll(shares, jobs, advance);
}

/** Finds the first seed that detects a mutant, in one process. */
export async function hunt(mutant: string, count: number): Promise<Failure | null> {
	const tasks: readonly Task[] = [{ from: 0, to: count, step: 1, over: overOf({ mutant }) }];
	return (await runAll([{ small: false, mutant, minimise: false, tasks }], 1)).failures[0] ?? null;
}
/** Runs the same seeds in the same configurations without a mutant. */
export async function control(tasks: readonly { readonly mutant: string; readonly count: number }[]): Promise<Result> {
	const rounds = tasks.map(({ mutant, count }) => ({ from: 0, to: count, step: 1, over: overOf({ mutant }) }));
	return runAll([{ small: false, minimise: false, tasks: rounds }], 1);
}

async function runAll(shares: readonly Share[], jobs: number, advance: (done: number) => void = () => {}): Promise<Result> {
	const counts: Record<string, number> = {};
	const failures: Failure[] = [];
	let done = 0;
	const heard = (said: Said): void => {
		advance((done += said.done));
		for (const [kind, count] of Object.entries(said.counts)) counts[kind] = (counts[kind] ?? 0) + count;
		if (said.failure) failures.push(said.failure);
	};
	const waiting = [...shares];
	const one = async (): Promise<void> => {
		for (let share = waiting.shift(); share; share = waiting.shift()) await run(share, heard);
	};
	await Promise.all(Array.from({ length: jobs }, one));
	return { done, counts, failures: failures.toSorted((a, b) => a.seed - b.seed) };
}

function run(share: Share, heard: (said: Said) => void): Promise<void> {
	return new Promise((resolve, reject) => {
		const execArgv = ["--disable-warning=ExperimentalWarning"];
		const child = fork(WORKER, ["worker"], { execArgv, stdio: ["ignore", "inherit", "pipe", "ipc"] });
		let complaints = "";
		let isOver = false;
		child.stderr?.on("data", (chunk) => (complaints += String(chunk)));
		child.on("message", (message) => {
			const said = message as Said; // worker.ts sends nothing else
			isOver ||= said.over ?? false;
			heard(said);
		});
		child.once("error", reject);
		child.once("exit", (code) => (isOver ? resolve() : reject(new Error(`a process of the simulation ended with ${code}: ${complaints}`))));
		child.send(share);
	});
}
