/**
 * The pipeline - detections through HTTP in bulk until all read models are complete, against the bare prototype in the same
 * run: absolute figures do not travel between machines, their ratio does.
 *
 *   node bench/pipeline.ts [--detections 150000] [--radars 3350] [--runs 1] [--entry cli/start.ts]
 *
 * The clock runs from the first byte sent until the three read models show everything, the bench process itself generates and
 * sends meanwhile. With several runs prototype and product take turns, and the medians count. The last line is JSON.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { environment, Product, root } from "./product.ts";
import { ownerId, ownerOf, owners, plateOf, radarId, radarSite, registeredVehicles, Traffic } from "./traffic.ts";

const inFlight = 32;
const pollMs = 50;
const sampleMs = 250;
/** A read model that shows nothing new for this long has stopped. */
const standstillMs = 60_000;
const linesPerChunk = 200;
const radarsLookedAt = 8;

interface Run {
	readonly seconds: number;
	readonly perSecond: number;
	readonly cpuMicrosPerDetection: number;
	readonly rssMb: number;
}
interface ProductRun extends Run {
	/** Until the bulk request was answered: everything durable, the read models perhaps behind. */
	readonly acknowledgedSeconds: number;
	/** Resident MB at the first byte, after each quarter of the time, and at the end. */
	readonly rssOverTimeMb: readonly number[];
	readonly stoppedCleanly: boolean;
}
interface BulkAnswer {
	readonly received: number;
	readonly recorded: number;
	readonly duplicates: number;
	readonly refused: number;
	readonly errors: readonly unknown[];
}
interface Page<Row> {
	readonly rows: readonly Row[];
	readonly total: number;
	readonly next: string | null;
}
interface RadarRow {
	readonly detections: number;
	readonly qualified: number;
}

const { values: options } = parseArgs({
	options: {
		detections: { type: "string", default: "150000" },
		radars: { type: "string", default: "3350" },
		runs: { type: "string", default: "1" },
		entry: { type: "string", default: join("cli", "start.ts") },
	},
});
function above0(name: "detections" | "radars" | "runs"): number {
	const number = Number(options[name]);
	if (Number.isInteger(number) && number > 0) return number;
	throw new Error(`--${name} takes a whole number above 0, not ${options[name]}`);
}
const [detections, radars, runs] = [above0("detections"), above0("radars"), above0("runs")];
process.once("SIGINT", () => process.exit(130));

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const median = (figures: readonly number[]): number => {
	const sorted = figures.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	return ((sorted[middle] ?? Number.NaN) + (sorted[sorted.length - 1 - middle] ?? Number.NaN)) / 2;
};
const cents = (figure: number): number => Math.round(figure * 100) / 100;

async function runPrototype(): Promise<Run> {
	const child = spawn(process.execPath, [join("bench", "prototype.ts"), String(detections), String(radars)], {
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
	return JSON.parse(output) as Run;
}

// -- The product -----------------------------------------------------------------------
async function inLanes(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
	let next = 0;
	const lane = async (): Promise<void> => {
		while (next < count) await work(next++);
	};
	await Promise.all(Array.from({ length: inFlight }, lane));
}

/** Waits until a figure is what it must become; a figure that goes beyond it, or stands still, is a failure. */
async function until(what: string, expected: number, read: () => Promise<number>): Promise<void> {
	let last = Number.NaN;
	for (let changed = Date.now(); ; await delay(pollMs)) {
		const figure = await read();
		if (figure === expected) return;
		if (figure !== last) [last, changed] = [figure, Date.now()];
		if (figure > expected || Date.now() - changed > standstillMs) throw new Error(`${what}: ${figure} instead of ${expected}`);
	}
}
const total = async (product: Product, path: string): Promise<number> => (await product.get<Page<object>>(path)).total;

async function equip(product: Product): Promise<void> {
	await inLanes(radars, async (index) => {
		const { id, latitude, longitude, lightKmh } = radarSite(index);
		const certificate = { number: `C-${index}`, validFrom: "2023-06-01T00:00:00Z", validUntil: "2026-06-01T00:00:00Z" };
		await product.post("/api/radars", { id, kind: "fixed", latitude, longitude, limits: { lightKmh } });
		await product.post(`/api/radars/${id}/calibrate`, certificate);
		await product.post(`/api/radars/${id}/activate`, { from: "2024-01-01T00:00:00Z" });
	});
	await inLanes(owners, (index) =>
		product.post("/api/owners", { id: ownerId(index), kind: "person", name: `Owner ${index}`, email: `owner${index}@example.org` }),
	);
	await inLanes(registeredVehicles, (index) =>
		product.post("/api/vehicles", {
			plate: plateOf(index),
			country: "FR",
			type: "car",
			brand: "Renault",
			model: "Clio",
			fiscalPower: 5,
			owner: ownerOf(index),
		}),
	);
	await until("radars shown", radars, () => total(product, "/api/radars?pageSize=1"));
	await until("vehicles shown", registeredVehicles, () => total(product, "/api/vehicles?pageSize=1"));
}

function* lines(traffic: Traffic): Generator<string> {
	while (traffic.sent < detections) {
		let chunk = "";
		for (let line = 0; line < linesPerChunk && traffic.sent < detections; line++) chunk += `${JSON.stringify(traffic.next())}\n`;
		yield chunk;
	}
}

async function allShown(product: Product, traffic: Traffic): Promise<void> {
	await until("detections shown", detections, () => total(product, "/api/detections?pageSize=1"));
	await until("infractions shown", traffic.offences, () => total(product, "/api/infractions?pageSize=1"));
	const step = Math.ceil(radars / radarsLookedAt);
	for (let index = 0; index < radars; index += step) {
		const expected = traffic.tallies[index]?.detections ?? 0;
		await until(
			`detections of ${radarId(index)}`,
			expected,
			async () => (await product.get<RadarRow>(`/api/radars/${radarId(index)}`)).detections,
		);
	}
}

/** Outside the clock: every radar's counters, and that the cases of registered vehicles have their holder. */
async function verify(product: Product, traffic: Traffic): Promise<void> {
	const sum = { detections: 0, qualified: 0 };
	let after = "";
	do {
		const page = await product.get<Page<RadarRow>>(`/api/radars?pageSize=100${after}`);
		for (const row of page.rows) {
			sum.detections += row.detections;
			sum.qualified += row.qualified;
		}
		after = page.next === null ? "" : `&after=${encodeURIComponent(page.next)}`;
	} while (after);
	if (sum.detections !== detections || sum.qualified !== traffic.offences) throw new Error(`the radars counted ${JSON.stringify(sum)}`);
	await until("cases with a holder", traffic.identified, () => total(product, "/api/infractions?pageSize=1&status=open"));
}

async function measure(product: Product): Promise<Omit<ProductRun, "stoppedCleanly">> {
	const traffic = new Traffic(radars);
	const samples = [product.memory().rssMb];
	const sampler = setInterval(() => samples.push(product.memory().rssMb), sampleMs);
	try {
		const cpu = product.cpuSeconds();
		const start = performance.now();
		const answer = await product.stream<BulkAnswer>("/api/detections", lines(traffic));
		const acknowledgedSeconds = (performance.now() - start) / 1_000;
		if (answer.received !== detections || answer.recorded !== detections)
			throw new Error(`not all was recorded: ${JSON.stringify(answer)}`);
		await allShown(product, traffic);
		const seconds = (performance.now() - start) / 1_000;
		const cpuMicrosPerDetection = cents(((product.cpuSeconds() - cpu) * 1e6) / detections);
		const { rssMb, peakMb } = product.memory();
		samples.push(rssMb);
		const rssOverTimeMb = [0, 1, 2, 3, 4].map((quarter) => samples[Math.round((quarter * (samples.length - 1)) / 4)] ?? Number.NaN);
		await verify(product, traffic);
		const perSecond = Math.round(detections / seconds);
		return {
			seconds: cents(seconds),
			perSecond,
			cpuMicrosPerDetection,
			rssMb: peakMb,
			acknowledgedSeconds: cents(acknowledgedSeconds),
			rssOverTimeMb,
		};
	} finally {
		clearInterval(sampler);
	}
}

async function runProduct(): Promise<ProductRun> {
	const product = await Product.start(options.entry);
	let measured: Omit<ProductRun, "stoppedCleanly">;
	try {
		await equip(product);
		measured = await measure(product);
	} catch (error) {
		say(product.output());
		await product.stop();
		throw error;
	}
	return { ...measured, stoppedCleanly: await product.stop() };
}

// -- The report ----------------------------------------------------------------------------
function medians(of: readonly Run[]): Run {
	const figure = (name: keyof Run): number => cents(median(of.map((run) => run[name])));
	return {
		seconds: figure("seconds"),
		perSecond: Math.round(figure("perSecond")),
		cpuMicrosPerDetection: figure("cpuMicrosPerDetection"),
		rssMb: Math.round(figure("rssMb")),
	};
}
const cells = (name: string, ...figures: readonly (string | number)[]): string =>
	name.padEnd(12) + figures.map((figure) => String(figure).padStart(14)).join("");
const line = (name: string, run: Run): string =>
	cells(name, run.perSecond, run.seconds.toFixed(2), run.cpuMicrosPerDetection.toFixed(1), run.rssMb);

const heading = cells("", "detections/s", "seconds", "CPU µs each", "peak MB");
const prototypeRuns: Run[] = [];
const productRuns: ProductRun[] = [];
say(heading);
for (let run = 1; run <= runs; run++) {
	const bare = await runPrototype();
	say(line(`prototype ${run}`, bare));
	const whole = await runProduct();
	say(
		`${line(`product ${run}`, whole)}   acknowledged after ${whole.acknowledgedSeconds} s, MB over time ${whole.rssOverTimeMb.join(" ")}`,
	);
	if (!whole.stoppedCleanly) say("the product did not stop cleanly");
	prototypeRuns.push(bare);
	productRuns.push(whole);
}
const prototype = medians(prototypeRuns);
const product = medians(productRuns);
const ratio = cents(product.perSecond / prototype.perSecond);
const cpuRatio = cents(product.cpuMicrosPerDetection / prototype.cpuMicrosPerDetection);
console.log(heading);
console.log(line("prototype", prototype));
console.log(line("product", product));
console.log(cells("ratio", ratio, "", cpuRatio));
console.log(JSON.stringify({ detections, radars, runs, ratio, cpuRatio, prototype, product, productRuns }));
