/**
 * With a large log - operations that read the whole log, or must not: a start, the verification of the chain, and the rebuild of a read
 * model, on a data folder filled by the product.
 *
 * node bench/parts/kept.ts [--detections 300k] [--radars 3350]
 */
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ServiceBroker } from "moleculer";
import { start } from "../../node/start.ts";
import type { Verifying } from "../../mixins/logs/audited.ts";
import type { RebuildReport } from "../../mixins/read-models/generation-control.ts";
import { bareFold, bareWalk, factsIn } from "../bare/bare-log.ts";
import { figureText, share } from "../rig/markdown.ts";
import { numbers, run, say } from "../rig/part.ts";
import type { Result, Table } from "../rig/result.ts";
import { environment } from "../rig/process.ts";
import { freshFolder, Product } from "../rig/product.ts";
import { allShown, type BulkAnswer, equip, lines } from "../rig/run.ts";
import { Traffic } from "../rig/traffic.ts";

const { detections, radars } = numbers({ detections: "300k", radars: "3350" });

async function fill(dataDir: string): Promise<void> {
	const product = await Product.start({ dataDir });
	await equip(product, radars);
	const traffic = new Traffic(radars);
	const { recorded } = await product.stream<BulkAnswer>("/api/detections", lines(traffic, detections));
	if (recorded !== detections) throw new Error(`${recorded} of ${detections} were recorded`);
	await allShown(product, traffic, { detections, radars });
	await product.stop();
}

let owners = 0;
/** Time from the start of the process until it reports ready, and until it has answered a command after that. */
async function startup(dataDir?: string, end: "stop" | "kill" = "stop"): Promise<readonly [ready: number, answered: number]> {
	const begun = performance.now();
	const product = await Product.start({ everyMs: 5, ...(dataDir === undefined ? {} : { dataDir }) });
	const ready = performance.now() - begun;
	await product.post("/api/owners", { id: `late-${++owners}`, kind: "person", name: "Ada", email: "ada@example.org" });
	const answered = performance.now() - begun;
	await product[end]();
	return [ready, answered];
}

async function startups(dataDir: string) {
	const rows = [
		["an empty folder", ...(await startup())],
		["the large log", ...(await startup(dataDir))],
		["the large log, after a clean stop, then killed", ...(await startup(dataDir, "kill"))],
		["the large log, after the kill", ...(await startup(dataDir))],
	];
	for (const [name, ready] of rows) say(`start on ${name}: ready after ${Math.round(Number(ready))} ms`);
	return rows;
}

async function verified(broker: ServiceBroker): Promise<{ readonly commits: number; readonly seconds: number }> {
	const begun = performance.now();
	let commits = 0;
	for (const log of ["radar", "infraction", "registration"]) {
		const stream = await broker.call<Readable>(`${log}-log.verify`);
		for await (const step of stream as AsyncIterable<Verifying>) {
			if (!("findings" in step)) continue;
			if (step.findings.length > 0) throw new Error(`${log}: ${JSON.stringify(step.findings[0])}`);
			commits += step.verified;
		}
	}
	return { commits, seconds: (performance.now() - begun) / 1_000 };
}

interface Rebuilt {
	readonly building: number;
	readonly all: number;
	readonly rows: number;
}
async function rebuilt(broker: ServiceBroker, name: string): Promise<Rebuilt> {
	const begun = performance.now();
	const passed = (): number => (performance.now() - begun) / 1_000;
	let [building, rows] = [Number.NaN, 0];
	const stream = await broker.call<Readable>(`${name}.rebuild`);
	for await (const step of stream as AsyncIterable<RebuildReport>) {
		if (step.phase !== "building" && Number.isNaN(building)) building = passed();
		if (step.phase !== "switched") continue;
		if (step.differing > 0) throw new Error(`${name}: ${step.differing} rows differ`);
		rows = step.rows;
	}
	return { building, all: passed(), rows };
}

/** This process is an observer on its own, and does all the work. */
async function worked(dataDir: string) {
	const running = await start({ ...environment(), DATA_DIR: dataDir, LOG_LEVEL: "error" }, { observing: true });
	const events = join(dataDir, "events.db");
	const walk = bareWalk(events);
	const walked = await verified(running.broker);
	say(`verify: ${Math.round(walked.commits / walked.seconds)} commits/s`);
	const rows = [];
	for (const [name, context] of [
		["detections", "radar"],
		["radars", "radar"],
		["infractions", "infraction"],
	] as const) {
		const facts = factsIn(events, context);
		const bare = bareFold(events, context, name === "radars");
		const done = await rebuilt(running.broker, name);
		say(`rebuild of ${name}: ${Math.round(facts / done.building)} facts/s`);
		rows.push({ name, facts, bare, ...done });
	}
	await running.stop();
	return { walk, walked, rows };
}

type Worked = Awaited<ReturnType<typeof worked>>;
const verifyTable = ({ walk, walked: { commits, seconds } }: Worked): Table => ({
	caption: "Verification of chain, versions and signed heads of all logs; bare: every row read and hashed, nothing else.",
	columns: ["", "commits", "seconds", "commits/s", "share of bare"],
	rows: [["verify", commits, seconds, commits / seconds, share(commits / seconds, walk.perSecond)]],
});
const rebuildTable = ({ rows }: Worked): Table => ({
	caption:
		"Rebuild of a read model: folded again beside the current generation, then compared with it row by row; bare: every fact read, parsed and put into a table with three indexes (counters per radar for `radars`), in batches.",
	columns: ["read model", "facts", "facts/s", "bare facts/s", "share", "seconds folding", "seconds in all", "rows"],
	rows: rows.map(({ name, facts, bare, building, all, rows: count }) => {
		const perSecond = facts / building;
		return [name, facts, perSecond, bare, share(perSecond, bare), figureText(building), figureText(all), count];
	}),
});

async function measure(): Promise<Result> {
	const folder = freshFolder("kept");
	await fill(folder.path);
	const starts = await startups(folder.path);
	const done = await worked(folder.path);
	folder.remove();
	return {
		about: `A data folder with ${detections.toLocaleString("en")} detections and their cases.`,
		tables: [
			{
				caption: "A start, from the beginning of the process.",
				columns: ["on", "ready after ms", "a command answered after ms"],
				rows: starts,
			},
			verifyTable(done),
			rebuildTable(done),
		],
		notes: ["The rebuild runs here in its own process without other load; beside live traffic it slows down."],
		figures: {
			rebuildFactsPerSecond: Math.min(...done.rows.map(({ facts, building }) => facts / building)),
			verifyPerSecond: done.walked.commits / done.walked.seconds,
		},
	};
}

await run(measure);
