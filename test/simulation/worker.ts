/**
 * Worker - runs its share of the seeds in a process of its own, with patched sources: a mutant, or small limits. Reports its progress
 * and the first seed that fails.
 */
import type { Over } from "./config.ts";
import { guarded } from "./guard.ts";
import { SMALL } from "./limits.ts";
import { MUTANTS } from "./mutants.ts";
import { patch } from "./patches.ts";

/** Seeds from `from` to `to`, every `step`-th one. */
export interface Task {
	readonly from: number;
	readonly to: number;
	readonly step: number;
	readonly over?: Over | undefined;
}
/** The patches of a process. */
export interface Build {
	readonly small: boolean;
	readonly mutant?: string | undefined;
}
export interface Share extends Build {
	readonly tasks: readonly Task[];
	/** Whether to search for the simplest schedule that fails in the same way. */
	readonly minimise: boolean;
}
export interface Failure {
	readonly seed: number;
	readonly violations: readonly { readonly kind: string; readonly text: string }[];
	readonly config: object;
	/** Trace of the simplest schedule; empty without a search. */
	readonly trace: readonly string[];
	/** Number of its choices that are not 0. */
	readonly choices: number;
}
export interface Said {
	/** Seeds since the last report, and their events. */
	readonly done: number;
	readonly counts: Readonly<Record<string, number>>;
	readonly failure?: Failure;
	/** Set in the last report. */
	readonly over?: true;
}

const EVERY_MS = 200;

/** Loads the simulation with its patches. */
export async function load({ small, mutant }: Build) {
	const broken = mutant === undefined ? undefined : MUTANTS[mutant];
	patch([...(small ? SMALL : []), ...(broken ? [broken] : [])]);
	const simulation = await import("./run-one.ts");
	const { minimise } = await import("./minimise.ts");
	return { ...simulation, minimise };
}
type Simulation = Awaited<ReturnType<typeof load>>;

/** Runs one seed per turn of the event loop, so that an unhandled rejection belongs to one seed. */
class Work {
	readonly #share: Share;
	readonly #simulation: Simulation;
	readonly #say: (said: Said) => void;
	readonly #stray: string[] = [];
	#done = 0;
	#counts: Record<string, number> = {};
	#said = performance.now();

	constructor(share: Share, simulation: Simulation, say: (said: Said) => void) {
		this.#share = share;
		this.#simulation = simulation;
		this.#say = say;
		process.on("unhandledRejection", (reason) => this.#stray.push(String(reason)));
	}
	async run(): Promise<void> {
		for (const { from, to, step, over = {} } of this.#share.tasks) {
			await this.#simulation.prepare(over);
			for (let seed = from; seed < to; seed += step) {
				const failure = await this.#one(seed, over);
				if (failure) return this.#tell({ failure, over: true });
				if (performance.now() - this.#said > EVERY_MS) this.#tell();
			}
		}
		this.#tell({ over: true });
	}
	#one(seed: number, over: Over): Promise<Failure | null> {
		return new Promise((resolve) =>
			setImmediate(() => {
				const { violations, config, counts } = guarded(() => this.#simulation.runOne(seed, { over }));
				this.#done++;
				for (const [kind, count] of counts) this.#counts[kind] = (this.#counts[kind] ?? 0) + count;
				setImmediate(() => {
					const all = [...violations, ...this.#stray.map((text) => ({ kind: "unhandled rejection", text }))];
					resolve(all.length > 0 ? this.#failure(seed, over, { violations: all, config }) : null);
				});
			}),
		);
	}
	#failure(seed: number, over: Over, failure: Pick<Failure, "violations" | "config">): Failure {
		const simplest = this.#share.minimise ? guarded(() => this.#simulation.minimise(seed, over)) : null;
		const { trace = [], picked = [] } = simplest ?? {};
		return { seed, ...failure, trace, choices: picked.filter((value) => value !== 0).length };
	}
	#tell(more: Pick<Said, "failure" | "over"> = {}): void {
		this.#say({ done: this.#done, counts: this.#counts, ...more });
		[this.#done, this.#counts, this.#said] = [0, {}, performance.now()];
	}
}

if (process.send && process.argv[2] === "worker")
	process.once("message", (share: Share) => {
		Error.stackTraceLimit = 0; // thousands are thrown, and their stacks are not read
		const say = (said: Said): unknown => process.send?.(said, undefined, {}, () => said.over && process.disconnect());
		void load(share).then((simulation) => new Work(share, simulation, say).run());
	});
