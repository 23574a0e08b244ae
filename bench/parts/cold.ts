/**
 * Actors from a cold cache - commands to many radars that are not in memory, so that each is first read from its stream, against commands
 * to radars that are in memory.
 *
 * node bench/parts/cold.ts [--actors 50k]
 */
import { type Asked, asked } from "../rig/asking.ts";
import { csvOf } from "../rig/csv.ts";
import { share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { freshFolder, Product } from "../rig/product.ts";
import { total, until } from "../rig/run.ts";
import { radarId } from "../rig/traffic.ts";

const { actors } = numbers({ actors: "50k" });
const inFlight = 64;
/** Fewer than the number of actors that surely stay in memory. */
const remembered = 2_000;

async function fill(dataDir: string): Promise<void> {
	const product = await Product.start({ dataDir });
	for (const file of csvOf(actors)) await product.post("/api/radars/import", file, "text/csv");
	await until("radars shown", actors, () => total(product, "/api/radars?pageSize=1"));
	await product.stop();
}

let names = 0;
const describing = (product: Product, count: number, radarAt: (index: number) => number): Promise<Asked> =>
	asked(product, count, inFlight, (wire, index) =>
		wire.done("POST", `/api/radars/${radarId(radarAt(index))}/describe`, JSON.stringify({ name: `name ${++names}` })),
	);

async function measure(): Promise<Result> {
	const folder = freshFolder("cold");
	await fill(folder.path);
	const product = await Product.start({ dataDir: folder.path });
	const few = Math.min(remembered, Math.ceil(actors / 4));
	await describing(product, few, (index) => index); // warms up the code and loads these actors
	const warm = await describing(product, actors - few, (index) => index % few);
	const cold = await describing(product, actors - few, (index) => few + index);
	const again = await describing(product, actors - few, (index) => index % few);
	await product.stop();
	folder.remove();
	say(`warm ${Math.round(warm.perSecond)}/s, cold ${Math.round(cold.perSecond)}/s, warm again ${Math.round(again.perSecond)}/s`);
	const rowOf = (name: string, one: Asked) => [
		name,
		one.perSecond,
		share(one.perSecond, warm.perSecond),
		one.cpuMicros,
		one.p50Ms,
		one.p99Ms,
	];
	return {
		about: `After a restart with ${actors.toLocaleString("en")} radars in the log: a command that changes the name of a radar, over HTTP, ${inFlight} in flight. Cold: each to a radar not used since the start. Warm: to the same ${few.toLocaleString("en")} radars repeatedly.`,
		tables: [
			{
				columns: ["", "commands/s", "of warm", "CPU µs each", "p50 ms", "p99 ms"],
				rows: [rowOf("warm", warm), rowOf("cold", cold), rowOf("warm again", again)],
			},
		],
		figures: { sharePercent: (cold.perSecond / warm.perSecond) * 100 },
	};
}

await run(measure);
