/**
 * The pipeline - detections over HTTP in bulk until all read models are complete, against the bare prototype in the same run: absolute
 * figures are not comparable between machines, their ratio is.
 *
 * node bench/parts/pipeline.ts [--detections 150k] [--more 400k] [--radars 3350] [--runs 1]
 *
 * The clock runs from the first byte sent until the three read models are complete; meanwhile the bench process generates and sends. With
 * several runs prototype and product alternate, and the medians count. It runs twice: with few detections, while every index of the
 * prototype is small, and with `--more`, closer to a year.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result } from "../rig/result.ts";
import { environment, root } from "../rig/process.ts";
import { cents, median } from "../rig/quantile.ts";
import { type ProductRun, type Run, runProduct } from "../rig/run.ts";

const { detections, more, radars, runs } = numbers({ detections: "150k", more: "400k", radars: "3350", runs: "1" });

async function runPrototype(detections: number): Promise<Run> {
	const child = spawn(process.execPath, [join("bench", "bare", "prototype.ts"), String(detections), String(radars)], {
		cwd: root,
		env: environment(),
		stdio: ["ignore", "pipe", "inherit"],
	});
	const abandon = (): void => void child.kill("SIGTERM");
	process.once("exit", abandon);
	let output = "";
	child.stdout.setEncoding("utf8").on("data", (part: string) => (output += part));
	const [code] = await once(child, "close");
	process.off("exit", abandon);
	if (code !== 0) throw new Error(`the prototype ended with ${code}`);
	return JSON.parse(output) as Run; // printed by prototype.ts
}

function medians(of: readonly Run[]): Run {
	const figure = (name: keyof Run): number => cents(median(of.map((one) => one[name])));
	return {
		seconds: figure("seconds"),
		perSecond: Math.round(figure("perSecond")),
		cpuMicrosPerDetection: figure("cpuMicrosPerDetection"),
		rssMb: Math.round(figure("rssMb")),
	};
}
const cells = (name: string, one: Run) => [name, one.perSecond, one.seconds, one.cpuMicrosPerDetection, one.rssMb];

interface Turns {
	readonly detections: number;
	readonly prototype: Run;
	readonly product: Run;
	readonly products: readonly ProductRun[];
}
async function turns(detections: number): Promise<Turns> {
	const [prototypes, products]: [Run[], ProductRun[]] = [[], []];
	for (let turn = 1; turn <= runs; turn++) {
		const bare = await runPrototype(detections);
		say(`prototype ${turn}: ${bare.perSecond}/s, ${bare.cpuMicrosPerDetection} µs of CPU each`);
		const whole = await runProduct({ detections, radars, setup: {} });
		say(`product ${turn}: ${whole.perSecond}/s, ${whole.cpuMicrosPerDetection} µs each, MB over time ${whole.rssOverTimeMb.join(" ")}`);
		if (!whole.stoppedCleanly) say("the product did not stop cleanly");
		prototypes.push(bare);
		products.push(whole);
	}
	return { detections, prototype: medians(prototypes), product: medians(products), products };
}

const rowsOf = ({ detections, prototype, product }: Turns) => [
	cells(`prototype, ${detections.toLocaleString("en")}`, prototype),
	cells("product", product),
	[
		"product / prototype",
		share(product.perSecond, prototype.perSecond),
		"",
		share(product.cpuMicrosPerDetection, prototype.cpuMicrosPerDetection),
		"",
	],
];
const noteOf = ({ detections, product, products }: Turns): string => {
	const acknowledged = cents(median(products.map(({ acknowledgedSeconds }) => acknowledgedSeconds)));
	return `Of ${detections.toLocaleString("en")} the bulk request was answered after ${acknowledged} s: all of it durable by then, the read models complete after ${product.seconds} s. Resident MB at the first byte, after each quarter of the time and at the end: ${products.at(-1)?.rssOverTimeMb.join(", ") ?? "-"}.`;
};
const percent = ({ product, prototype }: Turns): number => (product.perSecond / prototype.perSecond) * 100;

async function measure(): Promise<Result> {
	const [few, many] = [await turns(detections), await turns(more)];
	return {
		about: `Detections in one NDJSON request over ${radars.toLocaleString("en")} radars, from the first byte sent until every read model shows everything, against a bare one-file prototype of the same way (Moleculer actions, group commit with fsync, decision, process, three read models; no HTTP, no hash chain, no consults, no process rows). ${runs > 1 ? `Medians of ${runs} runs each, taking turns.` : "One run each."} The prototype's indexes are plain: the more rows, the more of their pages each row touches (decision 22).`,
		tables: [{ columns: ["", "detections/s", "seconds", "CPU µs each", "peak MB"], rows: [...rowsOf(few), ...rowsOf(many)] }],
		notes: [noteOf(few), noteOf(many)],
		figures: {
			sharePercent: percent(many),
			fewSharePercent: percent(few),
			perSecond: many.product.perSecond,
			cpuMicros: many.product.cpuMicrosPerDetection,
		},
	};
}

await run(measure);
