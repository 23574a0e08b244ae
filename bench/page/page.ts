/** Page - makes docs/performance.md and its charts from all stored results, whenever some part was measured again. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { svgOf } from "./chart.ts";
import { goalsOf } from "./goals.ts";
import type { Machine } from "../rig/machine.ts";
import { figureText, tableText } from "../rig/markdown.ts";
import { type Part, parts } from "./parts.ts";
import type { Measured, Results } from "./results.ts";

const folder = "performance";
const pathOf = (docs: string): string => join(docs, folder, "results.json");

export function resultsIn(docs: string): Results {
	try {
		return JSON.parse(readFileSync(pathOf(docs), "utf8")) as Results; // our own file
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
		throw error;
	}
}

const minute = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
const machineText = ({ cpus, model, memoryGb, platform, node, fsyncMs }: Machine): string =>
	`${cpus} × ${model}, ${memoryGb} GB, ${platform}, Node ${node.slice(1)}, fsync of 4 KiB ${figureText(fsyncMs.p50)} ms (p99 ${figureText(fsyncMs.p99)} ms)`;
/** Whether two runs used the same machine; the fsync time varies between runs. */
const alike = (one: Machine, other: Machine): boolean =>
	JSON.stringify({ ...one, fsyncMs: null }) === JSON.stringify({ ...other, fsyncMs: null });

function sectionOf({ title }: Part, measured: Measured, machine: Machine): string {
	const { result, command, at, load, seconds, quick } = measured;
	const elsewhere = alike(measured.machine, machine) ? "" : ` On another machine: ${machineText(measured.machine)}.`;
	const shown = (result.charts ?? []).map((chart) => `![${chart.title}: ${chart.y} over ${chart.x}](${folder}/${chart.file}.svg)`);
	const when = `\`${command}\`, ${minute(at)}, ${figureText(Math.round(seconds))} s, load ${figureText(load)} at the start.${quick ? " A quick run: it shows that it works, not how fast it is." : ""}${elsewhere}`;
	return [`## ${title}`, result.about, ...result.tables.map(tableText), ...shown, ...(result.notes ?? []), when].join("\n\n");
}

const introduction = `\`npm run bench\` generates this page. Each part runs in its own processes and folders, one after the other; the page shows its latest
result (\`npm run bench -- --only growth,latency\` repeats only those parts). Absolute figures are not comparable between machines,
and hardly between two hours on a shared machine; a share of a baseline measured in the same run is.
CPU is that of all threads of the measured processes, without the sending process. The load average covers the minute before the part
began: above 0.5 on two cores, something else was running.`;

export function pageOf(results: Results): string {
	const found = parts.flatMap((part) => (results[part.name] ? [{ part, measured: results[part.name] as Measured }] : [])); // checked by the condition
	const newest = found
		.map(({ measured }) => measured)
		.toSorted((a, b) => a.at.localeCompare(b.at))
		.at(-1);
	if (!newest) return "# Performance\n\nNothing has been measured yet: `npm run bench`.\n";
	const goals = goalsOf(results);
	return [
		"# Performance",
		introduction,
		`Machine: ${machineText(newest.machine)}.`,
		"## Goals",
		tableText(goals),
		...found.map(({ part, measured }) => sectionOf(part, measured, newest.machine)),
		"",
	].join("\n\n");
}

/** Writes the results, the page and its charts, and removes charts that no part draws any more. Keeps the pictures of flame.ts. */
export function publish(docs: string, results: Results): void {
	mkdirSync(join(docs, folder), { recursive: true });
	writeFileSync(pathOf(docs), `${JSON.stringify(results, null, "\t")}\n`);
	writeFileSync(join(docs, "performance.md"), pageOf(results).replace(/\n{3,}/g, "\n\n"));
	const charts = Object.values(results).flatMap(({ result }) => result.charts ?? []);
	const wanted = new Set(charts.map(({ file }) => `${file}.svg`));
	const gone = (file: string): boolean => file.endsWith(".svg") && !file.startsWith("flame-") && !wanted.has(file);
	for (const file of readdirSync(join(docs, folder)).filter(gone)) rmSync(join(docs, folder, file));
	for (const chart of charts) writeFileSync(join(docs, folder, `${chart.file}.svg`), svgOf(chart));
}
