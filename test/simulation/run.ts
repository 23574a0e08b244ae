/**
 * Run - npm run simulate: the product's writer, actors, followers, projectors and processes under random schedules and faults.
 *
 *   npm run simulate -- --seeds 1000000 [--from 0] [--jobs 2]   many seeds; exits with 1 if one fails, and shows its simplest schedule
 *   npm run simulate -- --seed 17 [--trace] [--minimise]        one seed, with its trace, or the simplest schedule that fails in the same way
 *   ... [--mutant refusal-without-look] [--over '{"nodes":3}']  with a broken rule (mutants.ts), or another configuration
 */
import { parseArgs } from "node:util";
import { bold, count, oneLine, red, table, withProgress } from "../../cli/common/terminal.ts";
import type { Over } from "./config.ts";
import { guarded } from "./guard.ts";
import { MUTANTS } from "./mutants.ts";
import { isSmall, overOf, simulate } from "./pool.ts";
import { type Failure, load } from "./worker.ts";

const LINES = 120;
const WIDTH = 240;

function settings() {
	const { values } = parseArgs({
		options: {
			seeds: { type: "string", default: "10000" },
			from: { type: "string", default: "0" },
			jobs: { type: "string" },
			seed: { type: "string" },
			trace: { type: "boolean", default: false },
			minimise: { type: "boolean", default: false },
			mutant: { type: "string" },
			over: { type: "string" },
		},
	});
	const whole = (name: string, text: string): number => {
		if (!/^\d{1,12}$/.test(text)) throw new Error(`--${name} must be a whole number, not ${text}`);
		return Number(text);
	};
	const { mutant } = values;
	if (mutant !== undefined && !MUTANTS[mutant]) throw new Error(`--mutant must be one of ${Object.keys(MUTANTS).join(", ")}`);
	return {
		count: whole("seeds", values.seeds),
		from: whole("from", values.from),
		seed: values.seed === undefined ? null : whole("seed", values.seed),
		trace: values.trace,
		minimise: values.minimise,
		jobs: values.jobs === undefined ? undefined : Math.max(1, whole("jobs", values.jobs)),
		mutant,
		over: values.over === undefined ? undefined : (JSON.parse(values.over) as Over), // as given
	};
}
type Settings = ReturnType<typeof settings>;

/** The command that repeats a seed. */
function again(seed: number, { mutant, over }: Settings, ...more: readonly string[]): string {
	const given = [
		...(mutant === undefined ? [] : ["--mutant", mutant]),
		...(over === undefined ? [] : ["--over", `'${JSON.stringify(over)}'`]),
	];
	return ["npm run simulate --", "--seed", seed, ...given, ...more].join(" ");
}
const cut = (line: string): string => (line.length > WIDTH ? `${line.slice(0, WIDTH)}...` : line);
function show(trace: readonly string[]): void {
	const left = trace.length - LINES;
	console.log(
		(left > 0 ? [...trace.slice(0, LINES - 10), `      ... ${count(left)} lines ...`, ...trace.slice(-10)] : trace).map(cut).join("\n"),
	);
}
function tell({ seed, violations, trace, choices, config }: Failure, given: Settings): void {
	console.log(red(`\nseed ${seed}: ${violations.map(({ kind, text }) => `${kind}: ${text}`).join("\n  ")}`));
	console.log(`${bold("repeat")}   ${again(seed, given, "--trace")}`);
	console.log(`${bold("simplest")} ${again(seed, given, "--minimise")} (${choices} choices, below)\n${JSON.stringify(config)}`);
	show(trace);
}

async function many(given: Settings): Promise<number> {
	const started = performance.now();
	const { done, counts, failures } = await withProgress("schedules", given.count, (advance) => simulate(given, given.jobs, advance), {
		pace: true,
	});
	const seconds = (performance.now() - started) / 1000;
	const kinds = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
	console.log(table([["schedules", done, `${count(Math.round(done / seconds))} per second`], ...kinds, ["failed", failures.length]]));
	for (const failure of failures) tell(failure, given);
	return failures.length > 0 ? 1 : 0;
}

/** Runs one seed in this process, with the patches that it needs. */
async function one(seed: number, given: Settings): Promise<number> {
	const { runOne, minimise, prepare } = await load({ small: isSmall(seed, given.mutant), mutant: given.mutant });
	const over = overOf(given);
	await prepare(over);
	return new Promise((resolve) =>
		setImmediate(() => {
			const verdict = guarded(() => (given.minimise ? minimise(seed, over) : runOne(seed, { over, traced: given.trace })));
			if (verdict) {
				console.log(JSON.stringify(verdict.config));
				console.log(verdict.trace.join("\n"));
			}
			for (const { kind, text } of verdict?.violations ?? []) console.log(red(`${kind}: ${text}`));
			const isRight = !verdict || verdict.violations.length === 0;
			console.log(isRight ? `seed ${seed} passes` : `seed ${seed} fails after ${verdict.steps} steps`);
			resolve(isRight ? 0 : 1);
		}),
	);
}

try {
	const given = settings();
	process.exitCode = given.seed === null ? await many(given) : await one(given.seed, given);
} catch (error) {
	console.error(red(oneLine(error)));
	process.exitCode = 2;
}
