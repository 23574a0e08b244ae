/**
 * One by one - detections in one JSON request each, with several in flight, against a bare node:http server that reads and answers the same
 * bytes.
 *
 * node bench/parts/single.ts [--requests 40k] [--radars 1000]
 */
import { type Asked, asked, type Server } from "../rig/asking.ts";
import { bareHttp } from "../bare/bare.ts";
import { share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { Product } from "../rig/product.ts";
import { allShown, equip } from "../rig/run.ts";
import { Traffic } from "../rig/traffic.ts";

const { requests, radars } = numbers({ requests: "40k", radars: "1000" });
const flights = [1, 16, 64] as const;

const sent = (server: Server, traffic: Traffic, count: number, lanes: number): Promise<Asked> =>
	asked(server, count, lanes, (wire) => wire.done("POST", "/api/detections", JSON.stringify(traffic.next())));

async function measure(): Promise<Result> {
	const product = await Product.start();
	await equip(product, radars);
	const [traffic, again] = [new Traffic(radars), new Traffic(radars)];
	const done = await product.post<object>("/api/detections", traffic.next());
	const bare = await bareHttp("{}", JSON.stringify(done));
	const warming = Math.ceil(requests / 10);
	await sent(product, traffic, warming, 16);
	await sent(bare, again, warming, 16);
	const rows = [];
	for (const lanes of flights) {
		const count = lanes === 1 ? Math.ceil(requests / 4) : requests;
		const without = await sent(bare, again, count, lanes);
		const within = await sent(product, traffic, count, lanes);
		await allShown(product, traffic, { detections: traffic.sent, radars });
		say(`${lanes} in flight: bare ${Math.round(without.perSecond)}/s, product ${Math.round(within.perSecond)}/s`);
		const rate = share(within.perSecond, without.perSecond);
		rows.push([lanes, without.perSecond, within.perSecond, rate, without.cpuMicros, within.cpuMicros, within.p50Ms, within.p99Ms]);
	}
	await bare.stop();
	await product.stop();
	return {
		about: `${requests.toLocaleString("en")} detections each in a JSON request of its own (a quarter of that with 1 in flight), acknowledged when on the disk, against bare node:http with the same requests and answers. The CPU is all of the product's: read models and cases are made meanwhile.`,
		tables: [{ columns: ["in flight", "bare/s", "product/s", "share", "bare CPU µs", "product CPU µs", "p50 ms", "p99 ms"], rows }],
	};
}

await run(measure);
