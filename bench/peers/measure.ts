/**
 * Measure - one measurement in a process of its own. Where facts are meant to last, it writes down what was acknowledged and kills
 * itself at once, with commands still in flight: what was acknowledged must have been kept by then.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome, Running, Task } from "./contestant.ts";
import { entryOf, load } from "./contestants.ts";
import { Load, percentile } from "./load.ts";
import { HOT_STREAMS, hotStream, reading } from "./work.ts";

/** Longer than this nobody waits for what is in flight when the time is over. */
const PATIENCE = 2_000;

const task = JSON.parse(process.argv[2] ?? "") as Task;
const { durable } = entryOf(task.contestant);
console.log = () => undefined; // Emmett says there what it throws as well: no time is lost over that here
const running = await (await load(task.contestant)).open(task);
await measure(running, task.shape === "hot" ? await hotStreams(running) : []);

async function hotStreams({ command }: Running): Promise<number[]> {
	const numbers = Array.from({ length: HOT_STREAMS }, (_, n) => n);
	for (const n of numbers) await command("new", { ...reading(n), id: `hot-${n}` });
	return numbers;
}

async function measure(one: Running, before: readonly number[]): Promise<void> {
	const { shape, projection } = task;
	let [cpu, tries] = [process.cpuUsage(), one.retried()];
	const lastOnes = (until: number): Outcome => outcomeOf(one, before, work, until, process.cpuUsage(cpu), tries);
	const work: Load = new Load({
		...task,
		from: before.length,
		give: (n) => one.command(shape, { ...reading(n), id: shape === "new" ? `new-${n}` : hotStream(n) }),
		begun: () => void ([cpu, tries] = [process.cpuUsage(), one.retried()]),
		over: () => durable && !projection && end(lastOnes(work.clock.over)),
	});
	const drained = await Promise.race([
		work.run().then(() => true),
		new Promise((late) => setTimeout(late, task.warmMs + task.measureMs + PATIENCE, false)),
	]);
	if (projection && drained) await one.complete();
	const outcome = lastOnes(projection ? performance.now() : work.clock.over);
	const rows = projection && drained ? Object.fromEntries([...(await one.rows())].map(([id, row]) => [id, row.readings])) : null;
	end({ ...outcome, rows, drained: Boolean(drained), ...(one.kept ? { kept: await one.kept() } : {}) });
}

function outcomeOf(
	one: Running,
	before: readonly number[],
	{ latencies, clock, acknowledged, refused }: Load,
	until: number,
	cpu: NodeJS.CpuUsage,
	tries: number,
): Outcome {
	const sorted = latencies.toSorted((a, b) => a - b);
	return {
		perSecond: (sorted.length * 1000) / (until - clock.begun),
		p50Ms: percentile(sorted, 0.5),
		p99Ms: percentile(sorted, 0.99),
		cpuMicros: sorted.length > 0 ? (cpu.user + cpu.system) / sorted.length : null,
		acknowledged: [...before, ...acknowledged],
		refused,
		retried: one.retried() - tries,
		drained: true,
		rows: null,
	};
}

/** As a power cut would, but for the disk's own promises. */
function end(outcome: Outcome): void {
	writeFileSync(join(task.folder, "outcome.json"), JSON.stringify(outcome));
	process.kill(process.pid, "SIGKILL");
}
