/**
 * Import - a file of radars in the columns of the French open data, and the same file again, which changes nothing.
 *
 * node bench/parts/imports.ts [--radars 20k]
 */
import { figureText } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { Product } from "../rig/product.ts";
import { total, until } from "../rig/run.ts";
import { csvOf } from "../rig/csv.ts";

const { radars } = numbers({ radars: "20k" });

interface Report {
	readonly imported: number;
	readonly unchanged: number;
	readonly rejected: number;
}

async function taken(product: Product, name: string, files: readonly string[], expected: keyof Report) {
	const [cpu, begun] = [product.cpuSeconds(), performance.now()];
	let done = 0;
	for (const file of files) done += (await product.post<Report>("/api/radars/import", file, "text/csv"))[expected];
	const seconds = (performance.now() - begun) / 1_000;
	if (done !== radars) throw new Error(`${name}: ${done} of ${radars} ${expected}`);
	const cpuMicros = ((product.cpuSeconds() - cpu) * 1e6) / radars;
	say(`${name}: ${Math.round(radars / seconds)} rows/s`);
	return [name, radars / seconds, figureText(seconds), cpuMicros];
}

async function measure(): Promise<Result> {
	const product = await Product.start();
	const files = csvOf(radars);
	const first = await taken(product, "new radars", files, "imported");
	await until("radars shown", radars, () => total(product, "/api/radars?pageSize=1"));
	const again = await taken(product, "the same again", files, "unchanged");
	await product.stop();
	return {
		about: `A CSV file of ${radars.toLocaleString("en")} radars (France has about 4,700 devices), acknowledged when every line is on the disk or found unchanged.`,
		tables: [{ columns: ["", "rows/s", "seconds", "CPU µs each"], rows: [first, again] }],
	};
}

await run(measure);
