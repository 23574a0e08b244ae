/**
 * The cost of metrics - the product with metrics on, and Prometheus reading them three times as often as usual, against the same product
 * with METRICS=off: detections in bulk until every read model is complete, and creations in one request each.
 *
 * node bench/parts/metrics.ts [--detections 60k] [--requests 40k] [--radars 1000] [--pairs 3]
 *
 * On and off alternate in pairs, and each pair gives a ratio on / off, so that other load on the machine affects both. Above 1 the metrics
 * cost something. CPU time has the least noise.
 */
import { figureText } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { Product } from "../rig/product.ts";
import { cents, median } from "../rig/quantile.ts";
import { type Plan, runProduct, visiting } from "../rig/run.ts";
import { inLanes } from "../rig/wire.ts";

const { detections, requests, radars, pairs } = numbers({ detections: "60k", requests: "40k", radars: "1000", pairs: "3" });
const scrapeMs = 5_000;
const inFlight = 32;

async function scrape(product: Product): Promise<void> {
	if (!(await product.text("/api/metrics")).includes("vigie_log_commits_total")) throw new Error("the metrics are not there");
}
const on: Plan = { detections, radars, setup: {}, meanwhile: { everyMs: scrapeMs, visit: scrape } };
const off: Plan = { detections, radars, setup: { settings: { METRICS: "off" } } };

interface Cost {
	readonly perSecond: number;
	readonly cpuMicros: number;
}
async function inBulk(plan: Plan): Promise<Cost> {
	const { perSecond, cpuMicrosPerDetection } = await runProduct(plan);
	return { perSecond, cpuMicros: cpuMicrosPerDetection };
}
/** The most expensive case: one request each, all for different actors of one kind. */
async function oneByOne(plan: Plan): Promise<Cost> {
	const product = await Product.start(plan.setup);
	try {
		const owner = (index: number) =>
			product.post("/api/owners", { id: `owner-${index}`, kind: "person", name: "Ada", email: "ada@example.org" });
		await inLanes(inFlight, 1_000, (index) => owner(-1 - index)); // warm-up
		const visits = visiting(product, plan);
		const [cpu, start] = [product.cpuSeconds(), performance.now()];
		await inLanes(inFlight, requests, owner).finally(visits.end);
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
async function paired(name: string, cost: (plan: Plan) => Promise<Cost>): Promise<readonly Pair[]> {
	const done: Pair[] = [];
	for (let pair = 1; pair <= pairs; pair++) {
		const told = async (plan: Plan): Promise<Cost> => {
			const found = await cost(plan);
			say(`${name} ${pair} ${plan === on ? "on " : "off"} ${found.perSecond}/s ${found.cpuMicros.toFixed(1)} µs each`);
			return found;
		};
		if (pair % 2 === 1) done.push({ on: await told(on), off: await told(off) });
		else done.push(flipped({ on: await told(off), off: await told(on) })); // alternates the order, because the machine's state changes between two runs
	}
	return done;
}
const flipped = ({ on: first, off: second }: Pair): Pair => ({ on: second, off: first });

/** The median of the pairs, with the minimum and the maximum. */
function spread(found: readonly Pair[], ratio: (pair: Pair) => number): string {
	const ratios = found.map(ratio);
	return `${figureText(median(ratios))} (${figureText(Math.min(...ratios))} to ${figureText(Math.max(...ratios))})`;
}
const rowOf = (name: string, found: readonly Pair[]) => [
	name,
	median(found.map(({ off: { cpuMicros } }) => cpuMicros)),
	median(found.map(({ on: { cpuMicros } }) => cpuMicros)),
	spread(found, (pair) => pair.on.cpuMicros / pair.off.cpuMicros),
	spread(found, (pair) => pair.off.perSecond / pair.on.perSecond),
];

async function measure(): Promise<Result> {
	const bulk = rowOf("in bulk", await paired("in bulk", inBulk));
	const single = rowOf("one by one", await paired("one by one", oneByOne));
	return {
		about: `The product with metrics, asked for them every ${scrapeMs / 1_000} s, against METRICS=off: ${detections.toLocaleString("en")} detections in bulk until every read model shows them, and ${requests.toLocaleString("en")} creations of owners each in a request of its own (${inFlight} in flight). On and off take turns, ${pairs} pairs; the median of the pairs, with the least and the most. Above 1 the metrics cost something.`,
		tables: [{ columns: ["", "CPU µs off", "CPU µs on", "CPU on / off", "time on / off"], rows: [bulk, single] }],
	};
}

await run(measure);
