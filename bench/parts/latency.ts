/**
 * Latency - measures from the instant a detection is due until it is acknowledged, readable, and received by a listener, at a quarter, half
 * and nine tenths of the highest sustained rate. This process generates the load; the system runs in another one.
 *
 * node bench/parts/latency.ts [--seconds 30] [--search 6] [--radars 300]
 *
 * `--search`: seconds per rate during the search for the highest one.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Listener } from "../rig/listener.ts";
import { OpenLoop, type Ran } from "../rig/open-loop.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Chart, Result } from "../rig/result.ts";
import { Product } from "../rig/product.ts";
import type { Recorder } from "../rig/quantile.ts";
import { equip } from "../rig/run.ts";
import { Traffic } from "../rig/traffic.ts";
import { Wire } from "../rig/wire.ts";

const { seconds, search, radars } = numbers({ seconds: "30", search: "6", radars: "300" });
/** A rate is sustained if the p99 of visible stays within this and the backlog does not grow. */
const mostP99Ms = 250;
const firstRate = 250;
const precision = 1.08;
const settleMs = 20_000;
const parts = [
	{ name: "1/4", of: 0.25 },
	{ name: "1/2", of: 0.5 },
	{ name: "9/10", of: 0.9 },
] as const;
const shown = [0.5, 0.9, 0.99, 0.999] as const;

/** Waits until no detection is in flight, so that one rate does not affect the next. */
async function settled(loop: OpenLoop): Promise<void> {
	for (const deadline = performance.now() + settleMs; loop.unheard > 0; await delay(20))
		if (performance.now() > deadline) throw new Error(`${loop.unheard} detections were never heard of`);
}

const sustained = (ran: Ran, rate: number): boolean =>
	ran.lost === 0 && ran.latencies.visible.at(0.99) <= mostP99Ms && ran.backlog <= Math.max(10, (rate * mostP99Ms) / 1_000);

/** Doubles the rate until it is too much, then bisects to a few percent. */
async function highest(loop: OpenLoop): Promise<number> {
	let [good, bad] = [0, Number.POSITIVE_INFINITY];
	for (
		let rate = firstRate;
		bad / Math.max(good, 1) > precision;
		rate = Math.round(bad === Number.POSITIVE_INFINITY ? good * 2 : (good + bad) / 2)
	) {
		const ran = await loop.run(rate, search);
		await settled(loop);
		const fine = sustained(ran, rate);
		say(
			`${rate}/s ${fine ? "is sustained" : "is too much"}: visible p99 ${ran.latencies.visible.at(0.99).toFixed(1)} ms, ${ran.backlog} behind at the end, ${ran.lost} lost`,
		);
		if (fine) good = rate;
		else bad = rate;
		if (bad < 10) throw new Error("no rate is sustained");
	}
	return good;
}

const kinds = ["acknowledged", "visible", "heard"] as const;
const cells = (recorder: Recorder): readonly number[] => [...shown, 1].map((part) => recorder.at(part));

async function measured(loop: OpenLoop, most: number) {
	const found = [];
	for (const { name, of } of parts) {
		const rate = Math.max(1, Math.round(most * of));
		const ran = await loop.run(rate, seconds);
		await settled(loop);
		say(`${name} of ${most}/s: visible p99 ${ran.latencies.visible.at(0.99).toFixed(1)} ms`);
		found.push({ name, rate, latencies: ran.latencies });
	}
	return found;
}

function chartOf(found: Awaited<ReturnType<typeof measured>>): Chart {
	const quantiles = [0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];
	const series = found.map(({ name, latencies }) => ({
		name: `${name} of the highest rate`,
		points: quantiles.map((part) => [1 / (1 - part), latencies.visible.at(part)] as const),
	}));
	return { file: "latency-visible", title: "Write to visible", x: "one in so many takes longer", y: "ms", log: true, series };
}

async function measure(): Promise<Result> {
	const product = await Product.start();
	await equip(product, radars);
	const [wire, traffic] = [new Wire(product.port), new Traffic(radars)];
	const loop = new OpenLoop(wire, traffic);
	const hear = (text: string): void => {
		const id = /"id":"([^"]+)"/.exec(text)?.[1];
		if (id !== undefined) loop.heard(id, performance.now());
	};
	const listener = await Listener.open(product.port, "detection.recorded", { event: hear });
	await loop.run(firstRate, search); // warm-up
	await settled(loop);
	const most = await highest(loop);
	const found = await measured(loop, most);
	listener.close();
	wire.close();
	await product.stop();
	const half = found.find(({ name }) => name === "1/2")?.latencies.visible.at(0.99) ?? Number.NaN;
	const rows = found.flatMap(({ name, rate, latencies }) =>
		kinds.map((kind) => [kind === "acknowledged" ? `${name}, ${rate}/s` : "", kind, ...cells(latencies[kind])]),
	);
	return {
		about: `Detections in one JSON request each, arriving on a fixed schedule (Poisson), each measured from the instant it was due, for ${seconds} s at each rate. Acknowledged: on the disk and answered. Visible: its row is read with the answer's X-Position (one in four is read back). Heard: a listener of the live feed has it. The highest sustained rate, ${most.toLocaleString("en")}/s with these reads and this listener, is the highest tried (${search} s each, to 8 %) at which the p99 of visible stays within ${mostP99Ms} ms and no more wait at the end than arrive in that time.`,
		tables: [{ columns: ["rate", "", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "most ms"], rows }],
		charts: [chartOf(found)],
		notes: [
			"The sending process keeps its schedule to about a millisecond, and has one of the two cores at most; its own delay is part of every figure.",
		],
		figures: { halfVisibleP99Ms: half, highestPerSecond: most },
	};
}

await run(measure);
