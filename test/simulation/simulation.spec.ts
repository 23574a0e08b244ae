/**
 * Simulation - runs some thousand seeds, and proves that the simulation detects every mutant within a bounded number of seeds, in which
 * the unchanged product passes. For many more seeds: npm run simulate -- --seeds 1000000.
 */
import { beforeAll, describe, expect, it } from "@jest/globals";
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Chance } from "./chance.ts";
import { SMALL } from "./limits.ts";
import { MUTANTS } from "./mutants.ts";
import { patched } from "./patches.ts";
import { control, hunt, simulate } from "./pool.ts";
import type { Failure } from "./worker.ts";

const SEEDS = 4000;
/** Seeds within which every mutant is detected. */
const NOTICED_WITHIN = 3000;
/** Events that must occur, or the seeds prove nothing. */
const HAPPENS = [
	"acknowledged",
	"refusals",
	"replays",
	"already so",
	"rows read back",
	"commands retried",
	"commits refused",
	"rows overtaken",
	"requests lost",
	"answers lost",
	"calls carried out late",
	"node crashes",
	"clean stops",
	"node stalls",
	"failovers",
	"parked work retried",
	"parked work dropped",
	"letters sent",
	"letters refused",
	"letters doubted",
	"port away",
	"port busy",
	"port silent",
	"port slow to begin",
	"port slow to end",
	"port slow to answer",
	"rebuilds",
];

/** Runs a script of this folder in a process of its own; resolves to its exit code and output. */
const script = (name: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> =>
	new Promise((resolve) => {
		const file = fileURLToPath(new URL(name, import.meta.url).href);
		execFile(process.execPath, ["--disable-warning=ExperimentalWarning", file, ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
			resolve({ code: error ? Number(error.code) : 0, output: stdout + (error ? stderr : "") }),
		);
	});

describe("the product under random faults", () => {
	it("acknowledges only durable commits, answers nothing stale, keeps correct rows, finishes its work, and settles", async () => {
		const { done, counts, failures } = await simulate({ from: 0, count: SEEDS });
		expect(failures).toEqual([]);
		expect(done).toBe(SEEDS);
		expect(HAPPENS.filter((kind) => (counts[kind] ?? 0) <= 5)).toEqual([]);
	});
});

describe("a schedule", () => {
	it("is the same for the same seed, byte for byte, also with a turn of Node's own event loop after each step", async () => {
		const [first, second] = await Promise.all([script("traces.ts", "40"), script("traces.ts", "40", "turns")]);
		expect(first.code).toBe(0);
		expect(first.output.trim().split("\n")).toHaveLength(40);
		expect(new Set(first.output.trim().split("\n")).size).toBe(40);
		expect(second).toEqual(first);
	});

	it("is a list of numbers; without numbers the oldest task runs next and there are no faults", () => {
		const chance = new Chance(7);
		const picked = Array.from({ length: 50 }, (_, i) => chance.pick(i + 1));
		const again = new Chance(0, chance.picked);
		expect(Array.from({ length: 50 }, (_, i) => again.pick(i + 1))).toEqual(picked);
		expect([again.pick(5), again.pick(1000), again.often(500)]).toEqual([0, 0, false]);
	});

	it("that fails is printed in its simplest form, with the command that repeats it", async () => {
		const given = ["--mutant", "missed-not-evicted", "--over", '{"nodes":3}'];
		const told = await script("run.ts", "--seeds", "20", ...given);
		expect(told.code).toBe(1);
		const command = /npm run simulate -- --seed (\d+) --mutant missed-not-evicted --over '(.*)' --minimise \((\d+) choices/.exec(
			told.output,
		);
		const [, seed = "", over, choices] = command ?? [];
		expect(over).toBe('{"nodes":3}');
		expect(Number(choices)).toBeLessThan(40);
		for (const how of ["--trace", "--minimise"]) {
			const { code, output } = await script("run.ts", "--seed", seed, ...given, how);
			expect(code).toBe(1);
			expect(output).toMatch(/!!! stale (answer|ask): .*\n(.*\n)*seed \d+ fails after \d+ steps/);
		}
		const right = await script("run.ts", "--seed", seed, "--over", '{"nodes":3}');
		expect(right).toMatchObject({ code: 0, output: expect.stringContaining(`seed ${seed} passes`) });
	});
});

describe("a mutant", () => {
	const noticed = new Map<string, Failure | null>();
	beforeAll(async () => {
		const names = Object.keys(MUTANTS);
		const one = async (): Promise<void> => {
			for (let name = names.shift(); name !== undefined; name = names.shift()) noticed.set(name, await hunt(name, NOTICED_WITHIN));
		};
		await Promise.all(Array.from({ length: availableParallelism() }, one));
	});

	it.each(Object.entries(MUTANTS).map(([name, { breaks }]) => [name, breaks] as const))("%s is detected: it breaks %s", (name) =>
		expect(noticed.get(name)?.violations).toContainEqual({ kind: expect.any(String), text: expect.any(String) }),
	);
	it("is detected only because of its change: the same seeds pass without it", async () => {
		const seeds = [...noticed].map(([mutant, failure]) => ({ mutant, count: (failure?.seed ?? 0) + 1 }));
		expect(await control(seeds)).toMatchObject({ done: seeds.reduce((sum, { count }) => sum + count, 0), failures: [] });
	});
});

describe("a patch", () => {
	const all = [...SMALL, ...Object.values(MUTANTS)];
	it.each(all.map((patch) => [patch.file, patch.from.split("\n")[0], patch] as const))(
		"of %s finds its text once: %s",
		(file, _line, patch) => {
			expect(patched(file, [patch])).toContain(patch.to);
			expect(patch.to).not.toBe(patch.from);
		},
	);
	it("whose text is missing or not unique is an error", () => {
		const missing = { file: "store/chain.ts", from: "no such text", to: "" };
		expect(() => patched(missing.file, [missing])).toThrow("store/chain.ts has 0 times, not once: no such text");
		expect(() => patched(missing.file, [{ ...missing, from: "previous" }])).toThrow(/has [2-9] times, not once/);
	});
});
