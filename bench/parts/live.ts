/**
 * A thousand listeners - the live feed under load: facts delivered, the cost of a delivery, its latency, and the effect on the sender of
 * the detections.
 *
 * node bench/parts/live.ts [--listeners 1000] [--facts 400] [--perSecond 5] [--seconds 10]
 *
 * `--facts`: detections sent as fast as they are accepted. Then `--perSecond` detections per second for `--seconds`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { asked } from "../rig/asking.ts";
import { Listener } from "../rig/listener.ts";
import { schedule } from "../rig/open-loop.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { Product } from "../rig/product.ts";
import { Recorder } from "../rig/quantile.ts";
import { allShown, equip } from "../rig/run.ts";
import { Traffic } from "../rig/traffic.ts";
import { Wire } from "../rig/wire.ts";

const { listeners, facts, perSecond, seconds } = numbers({ listeners: "1000", facts: "400", perSecond: "5", seconds: "10" });
const radars = 100;
const inFlight = 16;
/** Listeners that read the events; the others only count them. */
const looking = 20;
const type = "detection.recorded";

/** Waits until every listener has this many. */
async function delivered(all: readonly Listener[], each: number): Promise<void> {
	for (const deadline = performance.now() + 120_000; all.some(({ count }) => count < each); await delay(5))
		if (performance.now() > deadline)
			throw new Error(`after two minutes a listener has ${Math.min(...all.map(({ count }) => count))} of ${each}`);
}

interface Burst {
	/** Time until all are acknowledged. */
	readonly acknowledgedMs: number;
	/** Time until all listeners have all. */
	readonly deliveredMs: number;
	readonly cpuSeconds: number;
}
async function burst(product: Product, traffic: Traffic, all: readonly Listener[]): Promise<Burst> {
	const before = all[0]?.count ?? 0;
	const [cpu, begun] = [product.cpuSeconds(), performance.now()];
	await asked(product, facts, inFlight, (wire) => wire.done("POST", "/api/detections", JSON.stringify(traffic.next())));
	const acknowledgedMs = performance.now() - begun;
	await delivered(all, before + facts);
	const deliveredMs = performance.now() - begun;
	await allShown(product, traffic, { detections: traffic.sent, radars });
	return { acknowledgedMs, deliveredMs, cpuSeconds: product.cpuSeconds() - cpu };
}

interface Paced {
	readonly acknowledged: Recorder;
	readonly cpuPercent: number;
}
/** Open loop: measures from the instant each one was due. */
async function paced(product: Product, traffic: Traffic, sentAt: Map<string, number>): Promise<Paced> {
	const [wire, acknowledged, pending] = [new Wire(product.port), new Recorder(), [] as Promise<unknown>[]];
	const [cpu, begun] = [product.cpuSeconds(), performance.now()];
	for (const at of schedule(perSecond, seconds)) {
		const due = begun + at;
		await delay(Math.max(0, due - performance.now()));
		const passage = traffic.next();
		sentAt.set(passage.id, due);
		pending.push(wire.done("POST", "/api/detections", JSON.stringify(passage)).then(() => acknowledged.record(performance.now() - due)));
	}
	await Promise.all(pending);
	const cpuPercent = ((product.cpuSeconds() - cpu) * 1e5) / (performance.now() - begun);
	await allShown(product, traffic, { detections: traffic.sent, radars });
	wire.close();
	return { acknowledged, cpuPercent };
}

interface Side {
	readonly burst: Burst;
	readonly paced: Paced;
}
interface Found {
	readonly alone: Side;
	readonly heard: Side;
	/** From the instant a detection was due until a listener had it. */
	readonly late: Recorder;
	/** Megabytes for all listeners. */
	readonly grownMb: number;
}

async function compared(product: Product): Promise<Found> {
	const [traffic, sentAt, late] = [new Traffic(radars), new Map<string, number>(), new Recorder()];
	await burst(product, traffic, []); // warm-up
	const alone = { burst: await burst(product, traffic, []), paced: await paced(product, traffic, new Map()) };
	const hear = (text: string): void => {
		const due = sentAt.get(/"id":"([^"]+)"/.exec(text)?.[1] ?? "");
		if (due !== undefined) late.record(performance.now() - due);
	};
	const before = { rssMb: product.memory().rssMb, sent: traffic.sent };
	const all: Listener[] = [];
	while (all.length < listeners) all.push(await Listener.open(product.port, type, all.length < looking ? { event: hear } : {}));
	const grownMb = product.memory().rssMb - before.rssMb;
	say(`${listeners} listeners, ${grownMb} MB`);
	const heard = { burst: await burst(product, traffic, all), paced: await paced(product, traffic, sentAt) };
	await delivered(all, traffic.sent - before.sent);
	for (const listener of all) listener.close();
	return { alone, heard, late, grownMb };
}

const rowOf = (name: string, { burst: fast, paced: slow }: Side, delivery: readonly (number | string)[]) => {
	const [rate = "", ...delays] = delivery;
	const acknowledged = [slow.acknowledged.at(0.5), slow.acknowledged.at(0.99)];
	return [name, (facts * 1_000) / fast.acknowledgedMs, rate, ...acknowledged, ...delays, slow.cpuPercent];
};

async function measure(): Promise<Result> {
	const product = await Product.start();
	await equip(product, radars);
	const { alone, heard, late, grownMb } = await compared(product);
	await product.stop();
	const deliveries = listeners * facts;
	const deliveriesPerSecond = (deliveries * 1_000) / heard.burst.deliveredMs;
	const deliveryMicros = ((heard.burst.cpuSeconds - alone.burst.cpuSeconds) * 1e6) / deliveries;
	return {
		about: `${listeners.toLocaleString("en")} listeners of the live feed, each hearing every detection (\`types=${type}\`). First ${facts} detections as fast as they are acknowledged (${inFlight} in flight), until every listener has every one; then ${perSecond} a second, arriving on a schedule, latency counted from the instant each was due. The listeners share one process, and the machine.`,
		tables: [
			{
				columns: [
					"listeners",
					"detections/s acknowledged",
					"facts/s delivered",
					"acknowledged p50 ms",
					"p99 ms",
					"heard p50 ms",
					"p99 ms",
					"CPU %",
				],
				rows: [
					rowOf("none", alone, ["", "", ""]),
					rowOf(listeners.toLocaleString("en"), heard, [deliveriesPerSecond, late.at(0.5), late.at(0.99)]),
				],
			},
		],
		notes: [
			`A delivery costs ${deliveryMicros.toFixed(1)} µs of CPU; a listener holds ${((grownMb * 1_024) / listeners).toFixed(0)} kB of memory. The CPU is that of the paced part, of one core.`,
		],
		figures: { deliveriesPerSecond, deliveryMicros },
	};
}

await run(measure);
