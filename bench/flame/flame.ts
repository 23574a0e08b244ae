/**
 * Flame graphs - where the threads of the embedded product spend their time during a bulk load, measured by Node's own profiler: one
 * picture for each active thread, and the functions with the most time of their own.
 *
 * node bench/flame/flame.ts [--detections 150k] [--radars 3350] [--out docs/performance]
 *
 * Only the time from the first byte sent until every read model is complete counts. It is wall-clock time: a thread that waits for the disk
 * or for a CPU counts as busy. The profiler itself takes time; pipeline.ts measures the speed.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { flameOf } from "./flame-svg.ts";
import { load } from "../rig/machine.ts";
import { share, tableText } from "../rig/markdown.ts";
import { numberIn, say } from "../rig/part.ts";
import { root } from "../rig/process.ts";
import { freshFolder, Product } from "../rig/product.ts";
import { hottest, type Profile, type Span, type Spent, spentIn } from "./profile.ts";
import { allShown, type BulkAnswer, equip, lines } from "../rig/run.ts";
import { Traffic } from "../rig/traffic.ts";

/** Threads that are busy for less than this share get no picture. */
const leastBusy = 0.01;
const functionsTold = 10;

const { values: options } = parseArgs({
	options: {
		detections: { type: "string", default: "150k" },
		radars: { type: "string", default: "3350" },
		out: { type: "string", default: join("docs", "performance") },
	},
});
const [detections, radars] = [numberIn(options.detections), numberIn(options.radars)];
if (![detections, radars].every((number) => Number.isInteger(number) && number > 0))
	throw new Error("--detections and --radars take whole numbers above 0 (200k, 1M)");

/** Writes the profile of each thread into the folder, and returns the time span of the traffic. */
async function profiled(folder: string): Promise<Span> {
	const settings = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder} --import=./bench/flame/flame-threads.ts`, FLAME_DIR: folder };
	const product = await Product.start({ settings });
	const now = (): number => Number(process.hrtime.bigint() / 1_000n);
	try {
		await equip(product, radars);
		const traffic = new Traffic(radars);
		const from = now();
		const { recorded } = await product.stream<BulkAnswer>("/api/detections", lines(traffic, detections));
		if (recorded !== detections) throw new Error(`${recorded} of ${detections} were recorded`);
		await allShown(product, traffic, { detections, radars });
		const to = now();
		if (!(await product.stop())) throw new Error("it did not stop cleanly: its profiles are not whole");
		return { from, to };
	} catch (error) {
		await product.kill();
		throw error;
	}
}

interface Thread {
	/** Part of the file name. */
	readonly name: string;
	readonly title: string;
}
/** Named after the data file it serves, as recorded by flame-threads.ts. */
function threadOf(folder: string, id: string): Thread {
	const { file, mode } = JSON.parse(readFileSync(join(folder, `${id}.json`), "utf8")) as { file?: string; mode?: string }; // workerData of thread.ts; checkpoints.ts has no mode
	if (file === undefined)
		return { name: id === "0" ? "deciding" : `thread-${id}`, title: id === "0" ? "The thread that decides" : `Thread ${id}` };
	const name = basename(file) === "events.db" ? "log" : basename(file, ".db");
	if (mode === undefined) return { name: `${name}-copy`, title: `The thread that copies the write-ahead log of ${basename(file)}` };
	return mode === "read"
		? { name: `${name}-read`, title: `The thread that reads ${basename(file)}` }
		: { name, title: `The thread that writes ${basename(file)}` };
}

function publish({ name, title }: Thread, spent: Spent, seconds: number): void {
	const about = `${detections.toLocaleString("en")} detections in ${seconds.toFixed(1)} s`;
	writeFileSync(join(resolve(root, options.out), `flame-${name}.svg`), flameOf(spent, title, about));
	const rows = hottest(spent, functionsTold).map(({ name: called, where, self }) => [
		`\`${called}\``,
		where,
		Math.round(self / 1_000),
		share(self, spent.busy),
	]);
	const whole = spent.busy + spent.idle + spent.program;
	const caption = `${title}: busy ${share(spent.busy, whole)} of ${seconds.toFixed(1)} s, idle ${share(spent.idle, whole)}, outside JavaScript ${share(spent.program, whole)}`;
	console.log(`${tableText({ caption, columns: ["function", "where", "ms of its own", "of the busy time"], rows })}\n`);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130)); // the product ends with this process
const folder = freshFolder("flame");
say(`load ${load()}`);
const span = await profiled(folder.path);
mkdirSync(resolve(root, options.out), { recursive: true });
for (const file of readdirSync(folder.path).filter((one) => one.endsWith(".cpuprofile"))) {
	// CPU.<date>.<time>.<process>.<thread>.<number>.cpuprofile
	const thread = threadOf(folder.path, file.split(".")[4] ?? "");
	const profile = JSON.parse(readFileSync(join(folder.path, file), "utf8")) as Profile; // written by Node
	const spent = spentIn(profile, span, root);
	if (spent.busy >= leastBusy * (span.to - span.from)) publish(thread, spent, (span.to - span.from) / 1e6);
	else say(`${thread.title}: almost idle`);
}
folder.remove();
process.exit(0); // does not wait for open connections
