/** npm run demo - runs the whole system in one process, sends a day of simulated traffic through it, and shows the outcome. */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client } from "../demo/client.ts";
import { type Outcome, readOutcome } from "../demo/outcome.ts";
import { importRadars, slicesOf } from "../demo/radar-import.ts";
import { type Sent, sendDay, totals, type Totals, waitUntilRead } from "../demo/send-day.ts";
import { commission, register } from "../demo/set-up.ts";
import { arrivals, startOfDayBefore } from "../demo/traffic.ts";
import { type World, worldOf } from "../demo/world.ts";
import { start } from "../node/start.ts";
import { guardOutput, tell, warn } from "./common/output.ts";
import { onStop } from "../node/stopping.ts";
import { tokenIn } from "./common/token.ts";
import { bold, count, dim, type Line, money, oneLine, red, table, withProgress } from "./common/terminal.ts";

const USAGE = `Usage: npm run demo [-- --detections NUMBER] [--seed NUMBER] [--url URL] [--exit]

Starts the whole system in one process, sends a day of simulated traffic through it, shows the outcome, and stays up to be explored.
Its data is in a temporary folder that is removed at the end, or in DATA_DIR.

  --detections  passages to send, 20000 by default
  --seed        another number gives another day
  --url         sends the traffic to a running system, e.g. http://127.0.0.1:3000/api, with VIGIE_TOKEN or the token of DATA_DIR
  --exit        ends after the table`;

const FAILED = 1;
const BROKEN_OFF = 130;

interface Options {
	readonly detections: number;
	readonly seed: number;
	/** URL of a running system, instead of starting one. */
	readonly url: string | undefined;
	/** Ends after the table instead of staying up. */
	readonly exit: boolean;
}
interface Told {
	/** The day (UTC) of the traffic. */
	readonly day: string;
	readonly world: World;
	readonly sent: Sent;
	readonly reached: Totals;
	readonly outcome: Outcome;
	/** Seconds from the first passage sent until the last case was readable. */
	readonly seconds: number;
}

async function main(): Promise<void> {
	const options = readOptions();
	if (options === null) return tell(USAGE);
	const system =
		options.url === undefined ? await startHere() : { url: options.url, token: tokenIn(process.env), stop: async () => undefined };
	const client = new Client(system.url, system.token);
	const work = simulate(client, options);
	work.catch(() => undefined); // a step interrupted by Ctrl-C reports nothing
	try {
		const told = await Promise.race([work, askedToStop]);
		if (typeof told === "number") process.exitCode = told;
		else {
			show(told, client.url, system.token);
			if (told.sent.refused > 0) process.exitCode = FAILED;
			if (!options.exit && options.url === undefined) await stayUp(client.url);
		}
	} finally {
		client.close();
		await system.stop();
	}
}

function show(told: Told, url: string, token = ""): void {
	tell(table(whatBecameOfIt(told)));
	tell(`\n${bold("Explore")}\nexport VIGIE_TOKEN=${token}\n${explore(url, told).join("\n")}`);
}

async function stayUp(url: string): Promise<void> {
	const kept = process.env["DATA_DIR"] ? "." : " and removes its data (set DATA_DIR to keep it).";
	tell(`\n${url} stays up; Ctrl-C stops it${kept}`);
	await askedToStop;
}

/** Null if only help was requested. */
function readOptions(): Options | null {
	const [text, flag] = [{ type: "string" }, { type: "boolean", default: false }] as const;
	const { values } = parseArgs({ options: { detections: text, seed: text, url: text, exit: flag, help: { ...flag, short: "h" } } });
	if (values.help) return null;
	const whole = (name: "detections" | "seed", given = "1"): number => {
		if (!/^\d{1,8}$/.test(given) || Number(given) < 1) throw new Error(`--${name} takes a whole number from 1 to 99999999, not ${given}`);
		return Number(given);
	};
	return {
		detections: whole("detections", values.detections ?? "20000"),
		seed: whole("seed", values.seed),
		url: values.url,
		exit: values.exit,
	};
}

/** Without DATA_DIR, the data is in a temporary folder that is removed when the process exits. */
async function startHere() {
	if (process.env["DATA_DIR"]) return { ...(await start()), token: tokenIn(process.env) };
	const folder = mkdtempSync(join(tmpdir(), "vigie-demo-"));
	process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
	return { ...(await start({ ...process.env, DATA_DIR: folder })), token: tokenIn({ DATA_DIR: folder }) };
}

// -- The steps ---------------------------------------------------------------------------
async function simulate(client: Client, { seed, detections }: Options): Promise<Told> {
	const now = new Date();
	const file = await readFile(new URL("../demo/radars.csv", import.meta.url));
	const world = worldOf(file, { seed });
	const people = world.owners.length + world.vehicles.length;

	const radars = await withProgress("radars imported", world.sites.length, (advance) => importRadars(client, slicesOf(file), advance));
	if (radars.errors[0]) throw new Error(`the demo's radars were rejected: line ${radars.errors[0].line} ${radars.errors[0].detail}`);
	await withProgress("radars commissioned", world.sites.length, (advance) => commission(client, world, now, advance));
	await withProgress("owners and vehicles", people, (advance) => register(client, world, advance));

	const before = await totals(client);
	const began = performance.now();
	const sent = await withProgress("passages", detections, (advance) =>
		sendDay(client, arrivals(world, { seed, detections, now }), (done) => advance(done, Math.max(done, detections))),
	);
	const expected = before.detections + sent.recorded;
	const reached = await withProgress("detections and cases", expected, (advance) => waitUntilRead(client, expected, advance));
	const seconds = (performance.now() - began) / 1000;

	const rows = reached.detections - reached.qualified + reached.infractions + world.sites.length;
	const outcome = await withProgress("reading the outcome", rows, (advance) =>
		readOutcome(client, sent.sales, sent.position, (done) => advance(done, Math.max(done, rows))),
	);
	return { day: new Date(startOfDayBefore(now)).toISOString().slice(0, 10), world, sent, reached, outcome, seconds };
}

// -- Output ---------------------------------------------------------------------------------
function whatBecameOfIt({ day, sent, reached, outcome, seconds }: Told): Line[] {
	const { discarded, byStatus, byClass, standardMinor, busiest, qualified } = outcome;
	const share = (part: number, whole: number): string => (whole === 0 ? "" : `${((100 * part) / whole).toFixed(1)} %`);
	const late = sent.sales.filter((sale) => sale.late).length;
	return [
		[`Sent: the traffic of ${day}`],
		[
			"passages",
			sent.received,
			`${count(Math.round(sent.received / sent.seconds))}/s acknowledged, ${count(Math.round(sent.received / seconds))}/s until every case could be read`,
		],
		["recorded", sent.recorded],
		["duplicates", sent.duplicates, "recorded once"],
		...(sent.refused > 0 ? [["refused", sent.refused, whyRefused(sent)] as const] : []),
		["vehicles sold", sent.sales.length, `${late} reported hours later`],
		["seconds", seconds.toFixed(1)],
		["Detections in the system"],
		["qualified", qualified, share(qualified, reached.detections)],
		...byCount(discarded).map(([reason, number]): Line => [`discarded, ${reason}`, number, share(number, reached.detections)]),
		["Cases in the system"],
		...byCount(byStatus).map(([status, number]): Line => [status, number]),
		...[...byClass].toSorted().map(([name, number]): Line => [`class ${name}`, number, share(number, reached.infractions)]),
		...[...standardMinor].map(([currency, minor]): Line => ["standard amounts", money(minor, currency)]),
		...(busiest
			? [["busiest radar", busiest.detections ?? 0, [busiest.id, busiest.name, busiest.road].filter(Boolean).join(", ")] as const]
			: []),
	];
}

function whyRefused({ errors }: Sent): string {
	const first = errors[0];
	return first ? `the first: line ${first.line} ${first.code} ${first.detail ?? ""}` : "";
}

const byCount = (tally: ReadonlyMap<string, number>): [string, number][] => [...tally].toSorted(([, a], [, b]) => b - a);

/** A route that needs no login, and the option of curl for all others. */
const OPEN = "/health/ready";
const CREDENTIALS = '-H "Authorization: Bearer $VIGIE_TOKEN"';

/** Commands to paste, with ids that exist. */
function explore(url: string, { world, outcome: { busiest, example } }: Told): string[] {
	const { sale, infraction, holder } = example;
	const lines: [comment: string, path: string, flags?: string][] = [["the busiest radar", `/radars/${busiest?.id ?? world.sites[0]?.id}`]];
	if (sale) {
		const id = encodeURIComponent(sale.vehicle);
		const before = new Date(Date.parse(sale.from) - 1).toISOString();
		const late = sale.late ? ", which was reported hours later" : "";
		lines.push([`a vehicle sold at ${sale.from}${late}: its holder just before`, `/vehicles/${id}/holder?at=${before}`]);
		lines.push(["and from then on", `/vehicles/${id}/holder?at=${sale.from}`]);
		lines.push(["its cases, each with who held it at that instant", `/infractions?vehicle=${id}&pageSize=100`]);
	}
	if (infraction) {
		lines.push([sale ? "the first case after the sale" : "a case", `/infractions/${infraction}`]);
		lines.push(["all that happened to it", `/infractions/${infraction}/history`]);
	}
	if (holder) lines.push([`the cases of the ${sale ? "buyer" : "holder"}`, `/owners/${holder}/infractions?pageSize=3`]);
	lines.push(["the live feed", "/live", "-N"], ["whether everything is running", OPEN]);
	return lines.map(
		([comment, path, flags = "-s"]) => `${dim(`# ${comment}`)}\ncurl ${flags} ${path === OPEN ? "" : `${CREDENTIALS} `}'${url}${path}'`,
	);
}

// -- The end -------------------------------------------------------------------------------
/** Resolves to the exit code of an early end: by a signal, or because the reader of stdout is gone. */
const askedToStop = new Promise<number>((resolve) => {
	onStop(() => resolve(BROKEN_OFF));
	guardOutput({ unread: () => resolve(0) });
});

try {
	await main();
} catch (error) {
	warn(red(oneLine(error)));
	process.exitCode = FAILED;
}
process.exit(); // ends even if the system left something open
