/**
 * npm run bench - runs all measurements one after the other, each in its own processes and folders, and writes docs/performance.md with its
 * charts.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { load, machine } from "./rig/machine.ts";
import { publish, resultsIn } from "./page/page.ts";
import type { Measured } from "./page/results.ts";
import { say } from "./rig/part.ts";
import type { Result } from "./rig/result.ts";
import { type Part, parts } from "./page/parts.ts";
import { environment, root } from "./rig/process.ts";

const USAGE = `Usage: npm run bench [-- --quick] [--only PART,...] [--out FOLDER] [-- OPTIONS OF ONE PART]

Measures everything, one part after the other, and writes performance.md with its charts.

  --quick  checks in a few minutes that everything works
  --only   measures these parts again and keeps the results of the others: ${parts.map(({ name }) => name).join(", ")}
  --out    the folder of the page, by default docs

For one part with its own options: npm run bench -- --only growth -- --to 10M`;
const flag = { type: "boolean", default: false } as const;
const { values: options, positionals: own } = parseArgs({
	allowPositionals: true,
	options: { quick: flag, only: { type: "string" }, out: { type: "string", default: "docs" }, help: { ...flag, short: "h" } },
});
if (options.help) {
	console.log(USAGE);
	process.exit();
}
const { quick } = options;
/** A part is ended after this multiple of its expected time, but not before this many seconds. */
const [patience, leastPatience] = [6, 180];
const out = resolve(root, options.out);

function chosen(): readonly Part[] {
	const names = options.only?.split(",").map((name) => name.trim());
	const unknown = names?.find((name) => !parts.some((part) => part.name === name));
	if (unknown !== undefined) throw new Error(`--only names "${unknown}"; there are ${parts.map(({ name }) => name).join(", ")}`);
	const found = parts.filter(({ name }) => names?.includes(name) ?? true);
	if (own.length > 0 && found.length !== 1) throw new Error("options after -- are for a single part: name it with --only");
	return found;
}

const argumentsOf = ({ whole, quick: short }: Part): readonly string[] =>
	own.length > 0 ? own : (quick ? short : whole).split(" ").filter(Boolean);
const commandOf = (part: Part): string => ["node", part.script, ...argumentsOf(part)].join(" ");

/** The time of the last run with the same command, otherwise the estimate of the part. */
function expected(part: Part): number {
	const last = resultsIn(out)[part.name];
	return last?.command === commandOf(part) ? last.seconds : part.seconds[quick ? 1 : 0];
}
const span = (seconds: number): string => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);

async function outputOf(part: Part): Promise<string> {
	const args = ["--disable-warning=ExperimentalWarning", part.script, ...argumentsOf(part), "--json"];
	// Passes MONGO_URL on, for the parts that use a MongoDB.
	const env = { ...environment(), ...(process.env["MONGO_URL"] ? { MONGO_URL: process.env["MONGO_URL"] } : {}) };
	const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
	const abandon = (): void => void child.kill("SIGTERM");
	process.once("exit", abandon);
	const tooLong = own.length > 0 ? undefined : setTimeout(abandon, Math.max(leastPatience, patience * expected(part)) * 1_000);
	let output = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
	const [code] = await once(child, "close");
	clearTimeout(tooLong);
	process.off("exit", abandon);
	if (code !== 0) throw new Error(`${part.script} ended with ${code}`);
	return output.trim().split("\n").at(-1) ?? "";
}

async function measure(part: Part): Promise<Measured> {
	const [at, begun, busy] = [new Date().toISOString(), performance.now(), load()];
	const result = JSON.parse(await outputOf(part)) as Result; // printed by part.ts
	const seconds = Math.round((performance.now() - begun) / 100) / 10;
	return { at, seconds, load: busy, command: commandOf(part), quick, machine: here, result };
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
const here = machine();
const todo = chosen();
const failed: string[] = [];
say(`load ${load()}, ${here.cpus} CPUs, fsync ${here.fsyncMs.p50} ms`);
for (const [i, part] of todo.entries()) {
	const left = todo.slice(i).reduce((sum, one) => sum + expected(one), 0);
	say(`[${i + 1}/${todo.length}] ${part.title} · about ${span(expected(part))} · ${span(left)} left in all`);
	try {
		const measured = await measure(part);
		publish(out, { ...resultsIn(out), [part.name]: measured });
	} catch (error) {
		failed.push(part.name);
		say(`${part.name}: ${error instanceof Error ? error.message : String(error)}`);
	}
}
say(failed.length > 0 ? `not measured: ${failed.join(", ")}` : `the results are in ${join(options.out, "performance.md")}`);
process.exit(failed.length > 0 ? 1 : 0);
