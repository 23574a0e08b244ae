/**
 * Run - one run of the pipeline through the product: sets it up, sends detections over HTTP in bulk, waits until every read model shows all
 * of them, and checks the result. The clock runs from the first byte sent until then.
 */
import { setTimeout as delay } from "node:timers/promises";
import { say } from "./part.ts";
import { Product, type Setup } from "./product.ts";
import { cents } from "./quantile.ts";
import { ownerId, ownerOf, owners, plateOf, radarId, radarSite, registeredVehicles, Traffic } from "./traffic.ts";
import { inLanes } from "./wire.ts";

const inFlight = 32;
const pollMs = 50;
const sampleMs = 250;
/** A read model that shows nothing new for this long has stopped. */
const standstillMs = 60_000;
const linesPerChunk = 200;
const radarsLookedAt = 8;

/** The figures of one run. */
export interface Run {
	readonly seconds: number;
	readonly perSecond: number;
	readonly cpuMicrosPerDetection: number;
	readonly rssMb: number;
}
export interface ProductRun extends Run {
	/** Time until the answer of the bulk request: everything is durable, but read models may lag. */
	readonly acknowledgedSeconds: number;
	/** Resident MB at the first byte, after each quarter of the time, and at the end. */
	readonly rssOverTimeMb: readonly number[];
	readonly stoppedCleanly: boolean;
}
/** Size of the run and setup of the product. */
export interface Plan {
	readonly detections: number;
	readonly radars: number;
	/** Registered vehicles; 1,000 by default. */
	readonly vehicles?: number;
	readonly setup: Setup;
	/** Time limit in milliseconds. */
	readonly withinMs?: number;
	/** Repeated while the clock runs. */
	readonly meanwhile?: { readonly everyMs: number; readonly visit: (product: Product) => Promise<void> };
}
export interface BulkAnswer {
	readonly received: number;
	readonly recorded: number;
	readonly duplicates: number;
	readonly refused: number;
	readonly errors: readonly unknown[];
}
export interface Page<Row> {
	readonly rows: readonly Row[];
	readonly total: number;
	readonly next: string | null;
}
interface RadarRow {
	readonly detections: number;
	readonly qualified: number;
}

/** Waits until a figure reaches the expected value; exceeding it or a standstill is an error. */
export async function until(what: string, expected: number, read: () => Promise<number>): Promise<void> {
	let last = Number.NaN;
	for (let changed = Date.now(); ; await delay(pollMs)) {
		const figure = await read();
		if (figure === expected) return;
		if (figure !== last) [last, changed] = [figure, Date.now()];
		if (figure > expected || Date.now() - changed > standstillMs) throw new Error(`${what}: ${figure} instead of ${expected}`);
	}
}
export const total = async (product: Product, path: string): Promise<number> => (await product.get<Page<object>>(path)).total;

export async function equip(product: Product, radars: number, vehicles = registeredVehicles): Promise<void> {
	await inLanes(inFlight, radars, async (index) => {
		const { id, latitude, longitude, lightKmh } = radarSite(index);
		const certificate = { number: `C-${index}`, validFrom: "2023-06-01T00:00:00Z", validUntil: "2026-06-01T00:00:00Z" };
		await product.post("/api/radars", { id, kind: "fixed", latitude, longitude, limits: { lightKmh } });
		await product.post(`/api/radars/${id}/calibrate`, certificate);
		await product.post(`/api/radars/${id}/activate`, { from: "2024-01-01T00:00:00Z" });
	});
	await inLanes(inFlight, Math.min(owners, vehicles), (index) =>
		product.post("/api/owners", { id: ownerId(index), kind: "person", name: `Owner ${index}`, email: `owner${index}@example.org` }),
	);
	await inLanes(inFlight, vehicles, (index) =>
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
	await until("vehicles shown", vehicles, () => total(product, "/api/vehicles?pageSize=1"));
}

export function* lines(traffic: Traffic, detections: number): Generator<string> {
	while (traffic.sent < detections) {
		let chunk = "";
		for (let line = 0; line < linesPerChunk && traffic.sent < detections; line++) chunk += `${JSON.stringify(traffic.next())}\n`;
		yield chunk;
	}
}

export async function allShown(
	product: Product,
	traffic: Traffic,
	{ detections, radars }: Pick<Plan, "detections" | "radars">,
): Promise<void> {
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

/** Runs outside the measured time: checks every radar's counters, and that the cases of registered vehicles have their holder. */
async function verify(product: Product, traffic: Traffic, detections: number): Promise<void> {
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

/** Repeats the visits of the plan until `end`, which rejects if one of them failed. */
export function visiting(product: Product, { meanwhile }: Plan): { readonly end: () => Promise<void> } {
	if (!meanwhile) return { end: async () => undefined };
	const visits: Promise<void>[] = [];
	const visitor = setInterval(() => visits.push(meanwhile.visit(product)), meanwhile.everyMs);
	const end = async (): Promise<void> => {
		clearInterval(visitor);
		await Promise.all(visits);
	};
	return { end };
}

async function measure(product: Product, plan: Plan): Promise<Omit<ProductRun, "stoppedCleanly">> {
	const { detections, radars } = plan;
	const traffic = new Traffic(radars, plan.vehicles);
	const samples = [product.memory().rssMb];
	const sampler = setInterval(() => samples.push(product.memory().rssMb), sampleMs);
	const visits = visiting(product, plan);
	try {
		const cpu = product.cpuSeconds();
		const start = performance.now();
		const answer = await product.stream<BulkAnswer>("/api/detections", lines(traffic, detections));
		const acknowledgedSeconds = (performance.now() - start) / 1_000;
		if (answer.received !== detections || answer.recorded !== detections)
			throw new Error(`not all was recorded: ${JSON.stringify(answer)}`);
		await allShown(product, traffic, plan);
		const seconds = (performance.now() - start) / 1_000;
		const cpuMicrosPerDetection = cents(((product.cpuSeconds() - cpu) * 1e6) / detections);
		const { rssMb, peakMb } = product.memory();
		samples.push(rssMb);
		await visits.end();
		const rssOverTimeMb = [0, 1, 2, 3, 4].map((quarter) => samples[Math.round((quarter * (samples.length - 1)) / 4)] ?? Number.NaN);
		await verify(product, traffic, detections);
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
		await visits.end();
	}
}

async function inTime<T>(work: Promise<T>, withinMs = 2 ** 31 - 1): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(`not finished after ${withinMs / 1_000} s`)), withinMs);
	});
	return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

export async function runProduct(plan: Plan): Promise<ProductRun> {
	const product = await Product.start(plan.setup);
	let measured: Omit<ProductRun, "stoppedCleanly">;
	try {
		const whole = async () => {
			await equip(product, plan.radars, plan.vehicles);
			return measure(product, plan);
		};
		measured = await inTime(whole(), plan.withinMs);
	} catch (error) {
		say(product.output().slice(-1_000));
		await product.kill();
		throw error;
	}
	return { ...measured, stoppedCleanly: await product.stop() };
}
