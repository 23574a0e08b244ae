/**
 * Peers - runs the comparison of bench/peers with other libraries for Node developers, and puts it on the page.
 *
 * npm ci --prefix bench/peers
 *
 * node bench/parts/peers.ts [--quick] ... (its options are those of bench/peers/run.ts)
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { share } from "../rig/markdown.ts";
import { run } from "../rig/part.ts";
import type { Result, Table } from "../rig/result.ts";
import { root } from "../rig/process.ts";

type Figure = number | null;
interface Row {
	readonly contestant: string;
	readonly durable: boolean;
	readonly shape: string;
	readonly inFlight: number;
	readonly projection: boolean;
	readonly perSecond: Figure;
	readonly p50Ms: Figure;
	readonly p99Ms: Figure;
	readonly cpuMicros: Figure;
	readonly acknowledged: number;
	readonly lost: number;
	readonly refused: number;
	readonly note: string;
}
interface Report {
	readonly rows: readonly Row[];
	readonly contestants?: readonly { readonly name: string; readonly setting: string }[];
}

async function reported(): Promise<Report> {
	const args = process.argv.slice(2).filter((word) => word !== "--json");
	const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "bench/peers/run.ts", ...args], {
		cwd: root,
		stdio: ["ignore", "pipe", "inherit"],
	});
	process.once("exit", () => child.kill("SIGTERM"));
	let output = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
	const [code] = await once(child, "close");
	if (code !== 0) throw new Error(`bench/peers/run.ts ended with ${code}`);
	return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Report; // printed by run.ts
}

const streams: Readonly<Record<string, string>> = { new: "each command to a new stream", hot: "all commands to a few streams" };
const cell = (figure: Figure): number | string => figure ?? "-";

/** Collects equal remarks of rows once, for the notes below the tables. */
const remarksIn = (rows: readonly Row[]): readonly string[] => [...new Set(rows.map(({ note }) => note).filter(Boolean))];

function tablesOf(rows: readonly Row[], remarks: readonly string[]): readonly Table[] {
	const groups = Map.groupBy(rows, ({ shape, projection }) => `${streams[shape] ?? shape}${projection ? ", and one read model kept" : ""}`);
	return [...groups].map(([name, group]) => ({
		caption: `${name.charAt(0).toUpperCase()}${name.slice(1)}.`,
		columns: ["", "lasts", "in flight", "commands/s", "p50 ms", "p99 ms", "CPU µs", "acknowledged", "lost", "refused", "remark"],
		rows: group
			.toSorted((a, b) => a.inFlight - b.inFlight)
			.map((row) => [
				row.contestant,
				row.durable ? "on the disk" : "in memory",
				row.inFlight,
				...[row.perSecond, row.p50Ms, row.p99Ms, row.cpuMicros].map(cell),
				row.acknowledged,
				row.lost === 0 ? "0" : `${row.lost} (${share(row.lost, row.acknowledged)})`,
				row.refused,
				row.note === "" ? "" : `(${remarks.indexOf(row.note) + 1})`,
			]),
	}));
}

/** The ratio to its fastest setting without losses; each command to a new stream, no read model. */
function timesEmmett(rows: readonly Row[], inFlight: number): number | undefined {
	const same = rows.filter((row) => row.shape === "new" && !row.projection && row.inFlight === inFlight);
	const own = same.find(({ contestant }) => contestant === "vigie-sqlite")?.perSecond;
	const theirs = same
		.filter(({ contestant, lost }) => contestant.startsWith("emmett-sqlite") && lost === 0)
		.map(({ perSecond }) => perSecond ?? 0);
	const best = Math.max(0, ...theirs);
	return own && best > 0 ? own / best : undefined;
}

async function measure(): Promise<Result> {
	const { rows, contestants = [] } = await reported();
	const [one, many] = [timesEmmett(rows, 1), timesEmmett(rows, 64)];
	const remarks = remarksIn(rows);
	const settings = contestants.map(({ name, setting }) => `- \`${name}\`: ${setting}`).join("\n");
	return {
		about: `The same durable work: one actor kind, its stream loaded, a decision, an append, acknowledged when it is on the disk (those in memory: at once). Each in a process of its own that is killed in the middle of its work; a fresh one then counts what is left of what was acknowledged.${settings ? `\n\n${settings}` : ""}`,
		tables: tablesOf(rows, remarks),
		notes: remarks.map((remark, i) => `(${i + 1}) ${remark}`),
		figures: { ...(one === undefined ? {} : { emmettSqlite1: one }), ...(many === undefined ? {} : { emmettSqlite64: many }) },
	};
}

await run(measure);
