/**
 * What the metrics cost - the product with them on, and Prometheus asking for them three times as often as it does by custom, against
 * the same product with METRICS=off: detections in bulk until every read model shows them, and creations each in a request of its own.
 *
 *   node bench/metrics.ts [--detections 60000] [--requests 40000] [--radars 1000] [--pairs 5] [--off cli/start.ts]
 *
 * On and off take turns in pairs, and each pair has a ratio on / off, so that what the machine does meanwhile meets both: above 1 the
 * metrics cost something. CPU time says it with the least noise. `--off`: the entry of another checkout to compare with, say one
 * without any counting at all. The last line is JSON.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Product } from "./product.ts";
import { cents, inLanes, median, type Plan, runProduct, say, visiting } from "./run.ts";

const { values: options } = parseArgs({
	options: {
		detections: { type: "string", default: "60000" },
		requests: { type: "string", default: "40000" },
		radars: { type: "string", default: "1000" },
		pairs: { type: "string", default: "5" },
		off: { type: "string", default: join("cli", "start.ts") },
	},
});
function above0(name: "detections" | "requests" | "radars" | "pairs"): number {
	const number = Number(options[name]);
	if (Number.isInteger(number) && number > 0) return number;
	throw new Error(`--${name} takes a whole number above 0, not ${options[name]}`);
}
const [detections, requests, radars, pairs] = [above0("detections"), above0("requests"), above0("radars"), above0("pairs")];
const scrapeMs = 5_000;
process.once("SIGINT", () => process.exit(130));

async function scrape(product: Product): Promise<void> {
	if (!(await product.text("/api/metrics")).includes("vigie_log_commits_total")) throw new Error("the metrics are not there");
}
const on: Plan = { detections, radars, entry: join("cli", "start.ts"), meanwhile: { everyMs: scrapeMs, visit: scrape } };
const off: Plan = { detections, radars, entry: options.off, settings: { METRICS: "off" } };

interface Cost {
	readonly perSecond: number;
	readonly cpuMicros: number;
}
async function inBulk(plan: Plan): Promise<Cost> {
	const { perSecond, cpuMicrosPerDetection } = await runProduct(plan);
	return { perSecond, cpuMicros: cpuMicrosPerDetection };
}
/** The dearest way to be asked: each a request of its own, all of them different actors of one kind. */
async function oneByOne(plan: Plan): Promise<Cost> {
	const product = await Product.start(plan.entry, plan.settings);
	try {
		const owner = (index: number) =>
			product.post("/api/owners", { id: `owner-${index}`, kind: "person", name: "Ada", email: "ada@example.org" });
		await inLanes(1_000, (index) => owner(-1 - index)); // warm
		const visits = visiting(product, plan);
		const [cpu, start] = [product.cpuSeconds(), performance.now()];
		await inLanes(requests, owner).finally(visits.end);
		const perSecond = Math.round((requests * 1_000) / (performance.now() - start));
		return { perSecond, cpuMicros: cents(((product.cpuSeconds() - cpu) * 1e6) / requests) };
	} finally {
		await product.stop();
	}
}

interface Pair {
	readonly on: Cost;
	readonly off: Cost;
}
async function paired(name: string, measure: (plan: Plan) => Promise<Cost>): Promise<readonly Pair[]> {
	const done: Pair[] = [];
	for (let pair = 1; pair <= pairs; pair++) {
		const told = async (plan: Plan): Promise<Cost> => {
			const cost = await measure(plan);
			say(
				`${name} ${pair} ${plan === on ? "on " : "off"} ${String(cost.perSecond).padStart(8)}/s ${cost.cpuMicros.toFixed(1).padStart(8)} µs each`,
			);
			return cost;
		};
		if (pair % 2 === 1) done.push({ on: await told(on), off: await told(off) });
		else done.push(flipped({ on: await told(off), off: await told(on) })); // the second of two finds another machine than the first
	}
	return done;
}
const flipped = ({ on: first, off: second }: Pair): Pair => ({ on: second, off: first });

const thousandths = (figure: number): number => Math.round(figure * 1_000) / 1_000;
/** The median of the pairs, and the least and the most of them. */
function spread(pairs: readonly Pair[], ratio: (pair: Pair) => number): { median: number; least: number; most: number } {
	const ratios = pairs.map(ratio);
	return { median: thousandths(median(ratios)), least: thousandths(Math.min(...ratios)), most: thousandths(Math.max(...ratios)) };
}
const ratios = (done: readonly Pair[]) => ({
	cpu: spread(done, (pair) => pair.on.cpuMicros / pair.off.cpuMicros),
	time: spread(done, (pair) => pair.off.perSecond / pair.on.perSecond),
});

const bulk = ratios(await paired("in bulk", inBulk));
const single = ratios(await paired("one by one", oneByOne));
for (const [name, { cpu, time }] of Object.entries({ "in bulk": bulk, "one by one": single }))
	console.log(
		`${name.padEnd(12)} on / off: CPU ${cpu.median} (${cpu.least} to ${cpu.most}), time ${time.median} (${time.least} to ${time.most})`,
	);
console.log(JSON.stringify({ detections, requests, radars, pairs, bulk, single }));
