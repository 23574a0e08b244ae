/**
 * Actors against bare Moleculer - an ask and a command through broker.call, without HTTP, against the call of an empty action: on the same
 * node, and over NATS to another process.
 *
 * node bench/parts/moleculer.ts [--calls 200k]
 *
 * Commands are a tenth of the calls, because each is on the disk before its answer. Over NATS needs nats-server on PATH.
 */
import { ServiceBroker } from "moleculer";
import { start } from "../../node/start.ts";
import { CLUSTER_KEY, Nats, ROLES } from "../../test/support/cluster.ts";
import { onPath } from "../../test/support/mongo.ts";
import { answering, bareOptions } from "../bare/bare-node.ts";
import { share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { environment, Process } from "../rig/process.ts";
import { freshFolder } from "../rig/product.ts";
import { Recorder } from "../rig/quantile.ts";
import { radarSite } from "../rig/traffic.ts";
import { inLanes } from "../rig/wire.ts";

const { calls } = numbers({ calls: "200k" });
const radars = 1_000;
const at = "2026-03-01T08:15:00.000Z";
type Call = (index: number) => Promise<unknown>;
interface Cost {
	readonly perSecond: number;
	readonly cpuMicros: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
}

/** The CPU time of this process only, also if it calls another one. */
async function timed(count: number, lanes: number, call: Call): Promise<Cost> {
	await inLanes(lanes, Math.ceil(count / 10), call); // warm-up
	const took = new Recorder();
	const used = process.cpuUsage();
	const begun = performance.now();
	await inLanes(lanes, count, async (index) => {
		const sent = performance.now();
		await call(index);
		took.record(performance.now() - sent);
	});
	const perSecond = (count * 1_000) / (performance.now() - begun);
	const { user, system } = process.cpuUsage(used);
	return { perSecond, cpuMicros: (user + system) / count, p50Ms: took.at(0.5), p99Ms: took.at(0.99) };
}

async function install(broker: ServiceBroker): Promise<void> {
	await inLanes(64, radars, async (index) => {
		const { id, latitude, longitude, lightKmh } = radarSite(index);
		await broker.call("radar.install", { id, kind: "fixed", latitude, longitude, limits: { lightKmh } });
	});
}
let names = 0;
const asking =
	(broker: ServiceBroker): Call =>
	(index) =>
		broker.call("radar.enforcementAt", { id: radarSite(index % radars).id, at });
const commanding =
	(broker: ServiceBroker): Call =>
	(index) =>
		broker.call("radar.describe", { id: radarSite(index % radars).id, name: `name ${++names}` });

async function compared(bare: ServiceBroker, product: ServiceBroker, where: string, count: number) {
	const rows = [];
	for (const lanes of [1, 64]) {
		const few = lanes === 1 ? Math.ceil(count / 10) : count;
		const without = await timed(few, lanes, (index) => bare.call("bare.answer", { id: `radar-${index % radars}`, at }));
		const ask = await timed(few, lanes, asking(product));
		const command = await timed(Math.ceil(few / 10), lanes, commanding(product));
		say(
			`${where}, ${lanes} in flight: bare ${Math.round(without.perSecond)}/s, ask ${Math.round(ask.perSecond)}/s, command ${Math.round(command.perSecond)}/s`,
		);
		for (const [name, cost] of [
			["bare call", without],
			["ask", ask],
			["command", command],
		] as const)
			rows.push([
				name === "bare call" ? `${where}, ${lanes} in flight` : "",
				name,
				cost.perSecond,
				share(cost.perSecond, without.perSecond),
				cost.cpuMicros,
				cost.p50Ms,
				cost.p99Ms,
			]);
	}
	return rows;
}

async function onOneNode() {
	const folder = freshFolder("moleculer");
	const bare = new ServiceBroker(bareOptions());
	bare.createService(answering);
	await bare.start();
	const running = await start({ ...environment(), DATA_DIR: folder.path, PORT: "0", LOG_LEVEL: "error" });
	await install(running.broker);
	const rows = await compared(bare, running.broker, "same node", calls);
	await running.stop();
	await bare.stop();
	folder.remove();
	return rows;
}

async function overNats() {
	const nats = await Nats.start();
	const folder = freshFolder("moleculer-nats");
	const settings = { NATS_URL: nats.url, CLUSTER_KEY, DATA_DIR: folder.path, LOG_LEVEL: "error" };
	const far = new Process(["bench/bare/bare-node.ts"], settings, `${folder.path}/bare-output`);
	const commands = new Process(["cli/start.ts"], { ...settings, SERVICES: ROLES.command, NODE_ID: "far" }, `${folder.path}/output`);
	const bare = new ServiceBroker(bareOptions(nats.url));
	await bare.start();
	const running = await start({ ...environment(), ...settings, SERVICES: "gateway", PORT: "0", NODE_ID: "near" });
	await bare.waitForServices("bare", 30_000);
	await running.broker.waitForServices(["radar", "detection"], 30_000);
	await install(running.broker);
	const rows = await compared(bare, running.broker, "over NATS", Math.ceil(calls / 4));
	await running.stop();
	await bare.stop();
	await commands.stop();
	await far.stop();
	await nats.end();
	folder.remove();
	return rows;
}

async function measure(): Promise<Result> {
	const near = await onOneNode();
	const far = onPath("nats-server") ? await overNats() : [];
	return {
		about: `${calls.toLocaleString("en")} calls with 64 in flight (a quarter of that over NATS; a tenth with 1 in flight, and of commands). Bare: an action that returns an object at once, on a broker that does nothing else. Ask: what a radar could enforce at an instant, from the actor in memory. Command: a radar's name changed, validated, decided, hashed and on the disk. CPU is that of the calling process; over NATS that is the near half.`,
		tables: [{ columns: ["", "call", "calls/s", "of bare", "CPU µs each", "p50 ms", "p99 ms"], rows: [...near, ...far] }],
		notes: far.length === 0 ? ["No nats-server on PATH: nothing was measured over it."] : [],
	};
}

await run(measure);
