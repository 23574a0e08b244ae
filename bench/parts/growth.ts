/**
 * Growth - one continuous run with more and more detections in bulk. At each mark it measures the cost of the next detection, the time of
 * reads, the memory and the disk space. The goal is a flat curve.
 *
 * node bench/parts/growth.ts [--to 1M] [--radars 3350] [--reads 400] [--reserve 4000]
 *
 * Marks are at 100k, 1M, 5M, 10M, 20.9M and at the end. Before each step it checks that the disk has room for the step and for `--reserve`
 * more megabytes; otherwise it stops with the results so far.
 */
import { readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { marked, readsAt, type Reads, readsTable, readNames } from "./growth-reads.ts";
import { figureText } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Chart, Result } from "../rig/result.ts";
import { Product } from "../rig/product.ts";
import { allShown, type BulkAnswer, equip, lines } from "../rig/run.ts";
import { Traffic } from "../rig/traffic.ts";

const { to, radars, reads, reserve } = numbers({ to: "1M", radars: "3350", reads: "400", reserve: "4000" });
/** Number of detections in a year of France; the seeded traffic has the offences and tolerances of that year. */
const yearOfFrance = 20_900_000;
const mostInAStep = 100_000;
/** Estimated bytes on the disk per detection before the first step: log, read models, indexes and process rows. */
const roomEach = 5_000;

interface Step {
	readonly stored: number;
	readonly perSecond: number;
	readonly cpuMicros: number;
	readonly rssMb: number;
}
interface Mark {
	readonly stored: number;
	readonly reads: Reads;
	readonly rssMb: number;
	readonly peakMb: number;
	readonly bytesEach: number;
}

const bytesIn = (folder: string): number =>
	readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
		const path = join(folder, entry.name);
		return sum + (entry.isDirectory() ? bytesIn(path) : statSync(path).size);
	}, 0);
/** Bytes that this user may still write there. */
function freeIn(folder: string): number {
	const { bavail, bsize } = statfsSync(folder);
	return bavail * bsize;
}

async function step(product: Product, traffic: Traffic, stored: number): Promise<Step> {
	const count = stored - traffic.sent;
	const [cpu, begun] = [product.cpuSeconds(), performance.now()];
	const answer = await product.stream<BulkAnswer>("/api/detections", lines(traffic, stored));
	if (answer.recorded !== count) throw new Error(`not all was recorded: ${JSON.stringify(answer)}`);
	await allShown(product, traffic, { detections: stored, radars });
	const seconds = (performance.now() - begun) / 1_000;
	const cpuMicros = ((product.cpuSeconds() - cpu) * 1e6) / count;
	return { stored, perSecond: count / seconds, cpuMicros, rssMb: product.memory().rssMb };
}

function tell({ stored, perSecond, cpuMicros, rssMb }: Step, begun: number): void {
	const left = ((to - stored) * (performance.now() - begun)) / stored / 60_000;
	say(
		`${stored.toLocaleString("en")} of ${to.toLocaleString("en")} · ${figureText(Math.round(perSecond))}/s · ${figureText(cpuMicros)} µs each · ${rssMb} MB · ${figureText(left)} min left`,
	);
}

/** The reason for an early stop; otherwise empty. */
let stopped = "";

async function grown(product: Product): Promise<{ readonly steps: Step[]; readonly marks: Mark[] }> {
	const traffic = new Traffic(radars);
	const [steps, marks]: [Step[], Mark[]] = [[], []];
	const bare = bytesIn(product.dataDir);
	const begun = performance.now();
	let each = roomEach;
	for (const mark of marked(to)) {
		while (traffic.sent < mark && stopped === "") {
			const next = Math.min(mark, traffic.sent + Math.min(mostInAStep, Math.ceil(to / 20)));
			const needed = (next - traffic.sent) * each + reserve * 2 ** 20;
			if (freeIn(product.dataDir) < needed) {
				stopped = `It stopped at ${traffic.sent.toLocaleString("en")} of ${to.toLocaleString("en")}: the next step needs ${figureText(needed / 2 ** 30)} GB free on the disk, its reserve included, and ${figureText(freeIn(product.dataDir) / 2 ** 30)} GB are.`;
				say(stopped);
				break;
			}
			const done = await step(product, traffic, next);
			steps.push(done);
			each = (bytesIn(product.dataDir) - bare) / traffic.sent;
			tell(done, begun);
		}
		if (traffic.sent === 0 || marks.at(-1)?.stored === traffic.sent) continue;
		const { rssMb, peakMb } = product.memory();
		marks.push({ stored: traffic.sent, reads: await readsAt(product, traffic, reads), rssMb, peakMb, bytesEach: each });
	}
	return { steps, marks };
}

function chartsOf(steps: readonly Step[], marks: readonly Mark[]): readonly Chart[] {
	const x = "detections stored";
	const points = (of: (step: Step) => number) => steps.map((one) => [one.stored, of(one)] as const);
	const readSeries = readNames.map((name) => ({ name, points: marks.map((mark) => [mark.stored, mark.reads[name].p99Ms] as const) }));
	return [
		{
			file: "growth-cost",
			title: "Cost of a detection as the log grows",
			x,
			y: "CPU µs each",
			series: [{ name: "CPU", points: points((one) => one.cpuMicros) }],
		},
		{
			file: "growth-rate",
			title: "Detections a second as the log grows",
			x,
			y: "detections/s",
			series: [{ name: "rate", points: points((one) => one.perSecond) }],
		},
		{
			file: "growth-memory",
			title: "Memory as the log grows",
			x,
			y: "resident MB",
			series: [{ name: "resident", points: points((one) => one.rssMb) }],
		},
		{ file: "growth-reads", title: "Reads as the log grows, p99", x, y: "ms", log: true, series: readSeries },
	];
}

/** The mean of the last five steps up to a mark, because a single step varies too much. */
const around = (steps: readonly Step[], stored: number, of: (step: Step) => number): number => {
	const near = steps.filter((one) => one.stored <= stored).slice(-5);
	return near.reduce((sum, one) => sum + of(one), 0) / near.length;
};

/** Measured time of all steps up to a year. */
const minutesOf = (steps: readonly Step[]): number =>
	steps
		.filter(({ stored }) => stored <= yearOfFrance)
		.reduce((sum, { stored, perSecond }, i) => sum + (stored - (steps[i - 1]?.stored ?? 0)) / perSecond, 0) / 60;

/**
 * Extrapolated time of the year: the mean seconds per detection of the later half of the steps, plus their slope if it is above three times
 * its own error. A falling slope is ignored. Otherwise noise would be multiplied by a hundred.
 */
function yearMinutes(steps: readonly Step[]): number {
	const later = steps.slice(Math.floor(steps.length / 2));
	const mean = (of: (step: Step) => number): number => later.reduce((sum, one) => sum + of(one), 0) / later.length;
	const [stored, seconds] = [mean((one) => one.stored), mean((one) => 1 / one.perSecond)];
	const spread = mean((one) => (one.stored - stored) ** 2) * later.length;
	const slope = later.length < 4 ? 0 : (mean((one) => (one.stored - stored) / one.perSecond) * later.length) / spread;
	const rest = mean((one) => (1 / one.perSecond - seconds - slope * (one.stored - stored)) ** 2) * later.length;
	const error = Math.sqrt(rest / Math.max(1, later.length - 2) / spread);
	const each = seconds + (slope > 3 * error ? slope * (yearOfFrance / 2 - stored) : 0);
	return (each * yearOfFrance) / 60;
}

async function measure(): Promise<Result> {
	const product = await Product.start();
	await equip(product, radars);
	const { steps, marks } = await grown(product);
	await product.stop();
	if (steps.length === 0) throw new Error(stopped || "nothing was measured");
	const whole = (steps.at(-1)?.stored ?? 0) >= yearOfFrance;
	const minutes = whole ? minutesOf(steps) : yearMinutes(steps);
	const how = whole
		? "run to its end"
		: "extrapolated from the later half of the steps, with their slope where it stands out from the noise";
	const year = `A year of France, ${(yearOfFrance / 1e6).toFixed(1)} million detections, ${how}: ${figureText(minutes)} minutes, ${figureText(((marks.at(-1)?.bytesEach ?? 0) * yearOfFrance) / 2 ** 30)} GB on the disk.`;
	return {
		about: `One continuing run over ${radars.toLocaleString("en")} radars, in bulk requests, each complete in every read model before the next. Cost and rate are those of the last steps before a mark; on the disk is all of the data folder (log, read models with their indexes, process rows, write-ahead logs).`,
		tables: [
			{
				columns: ["stored", "detections/s", "CPU µs each", "resident MB", "peak MB", "bytes on the disk each"],
				rows: marks.map((mark) => [
					mark.stored,
					around(steps, mark.stored, (one) => one.perSecond),
					around(steps, mark.stored, (one) => one.cpuMicros),
					mark.rssMb,
					mark.peakMb,
					mark.bytesEach,
				]),
			},
			readsTable(marks, reads),
		],
		charts: chartsOf(steps, marks),
		notes: [year, ...(stopped ? [stopped] : [])],
		figures: { yearMinutes: minutes, stored: steps.at(-1)?.stored ?? 0 },
	};
}

await run(measure);
