/**
 * The gateway against bare node:http - a read of a row and a command through the whole product, against a server that only answers the same
 * bytes.
 *
 * node bench/parts/http.ts [--requests 40k] [--rounds 3]
 */
import { type Asked, asked, type Server } from "../rig/asking.ts";
import { bareHttp } from "../bare/bare.ts";
import { share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { Product } from "../rig/product.ts";
import { median } from "../rig/quantile.ts";
import { until } from "../rig/run.ts";
import { type Wire } from "../rig/wire.ts";

const { requests, rounds } = numbers({ requests: "40k", rounds: "3" });
const inFlight = 32;
const ownerOf = (id: string) => JSON.stringify({ id, kind: "person", name: "Ada", email: "ada@example.org" });

interface Way {
	readonly name: string;
	readonly ask: (round: number) => (wire: Wire, index: number) => Promise<unknown>;
}
const ways: readonly Way[] = [
	{ name: "GET a row", ask: () => (wire) => wire.done("GET", "/api/owners/known") },
	{ name: "POST a command", ask: (round) => (wire, index) => wire.done("POST", "/api/owners", ownerOf(`o-${round}-${index}`)) },
];

const middle = (all: readonly Asked[]): Asked => ({
	perSecond: median(all.map(({ perSecond }) => perSecond)),
	cpuMicros: median(all.map(({ cpuMicros }) => cpuMicros)),
	p50Ms: median(all.map(({ p50Ms }) => p50Ms)),
	p99Ms: median(all.map(({ p99Ms }) => p99Ms)),
});

async function compared(product: Server, bare: Server, { name, ask }: Way) {
	const [products, bares]: [Asked[], Asked[]] = [[], []];
	await asked(product, Math.min(2_000, requests), inFlight, ask(-1)); // warm-up
	await asked(bare, Math.min(2_000, requests), inFlight, ask(-1));
	for (let round = 0; round < rounds; round++) {
		bares.push(await asked(bare, requests, inFlight, ask(round)));
		products.push(await asked(product, requests, inFlight, ask(round)));
	}
	const [without, within] = [middle(bares), middle(products)];
	say(`${name}: bare ${Math.round(without.perSecond)}/s, gateway ${Math.round(within.perSecond)}/s`);
	const rate = share(within.perSecond, without.perSecond);
	return [name, without.perSecond, within.perSecond, rate, without.cpuMicros, within.cpuMicros, without.p50Ms, within.p50Ms, within.p99Ms];
}

async function measure(): Promise<Result> {
	const product = await Product.start();
	const done = await product.post<object>("/api/owners", ownerOf("known"));
	await until("the owner", 1, async () => (await product.get<{ total: number }>("/api/owners")).total);
	const row = await product.text("/api/owners/known");
	const bare = await bareHttp(row, JSON.stringify(done));
	const rows = [];
	for (const way of ways) rows.push(await compared(product, bare, way));
	await bare.stop();
	await product.stop();
	return {
		about: `${requests.toLocaleString("en")} requests, ${inFlight} in flight, of an owner's row (by id, from the read model) and of creations of owners (validated, decided, on the disk), against a bare node:http server that answers the same bytes and parses the same JSON. CPU is the server's; the client shares the machine.`,
		tables: [
			{
				columns: ["", "bare/s", "gateway/s", "share", "bare CPU µs", "gateway CPU µs", "bare p50 ms", "gateway p50 ms", "gateway p99 ms"],
				rows,
			},
		],
	};
}

await run(measure);
