/** Cell - one contestant at one kind of work: measured in one process, checked in another, both fresh; rounds come to medians. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../rig/quantile.ts";
import { type Outcome, type Task, total, type Verdict } from "./contestant.ts";
import type { Shape } from "./work.ts";

/** A process that takes longer than this hangs. */
const PATIENCE = 60_000;

export interface Cell {
	readonly contestant: string;
	readonly shape: Shape;
	readonly inFlight: number;
	readonly projection: boolean;
}
export type Length = Pick<Task, "warmMs" | "measureMs" | "most">;
export interface Round {
	readonly outcome: Outcome;
	readonly verdict: Verdict;
}
/** Null where nothing was acknowledged while the clock ran. */
type Figure = number | null;
export interface Result extends Cell {
	readonly durable: boolean;
	readonly perSecond: Figure;
	readonly p50Ms: Figure;
	readonly p99Ms: Figure;
	readonly cpuMicros: Figure;
	/** These four over all rounds, what warmed up included. */
	readonly acknowledged: number;
	readonly found: number;
	readonly lost: number;
	readonly refused: number;
	readonly retried: number;
	readonly note: string;
}

/** Runs it once; a text says why that was not possible. */
export async function run(cell: Cell, length: Length, mongoUrl: string | undefined): Promise<Round | string> {
	const folder = mkdtempSync(join(tmpdir(), "vigie-peers-"));
	const task: Task = { ...cell, ...length, folder, ...(mongoUrl === undefined ? {} : { mongoUrl }) };
	try {
		const measured = await child("measure.ts", task);
		const file = join(folder, "outcome.json");
		if (!existsSync(file)) return `measuring failed: ${lastWords(measured.complaint)}`;
		const checked = await child("check.ts", task);
		if (checked.code !== 0) return `checking failed: ${lastWords(checked.complaint)}`;
		return { outcome: JSON.parse(readFileSync(file, "utf8")) as Outcome, verdict: JSON.parse(checked.output) as Verdict };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

async function child(
	file: string,
	task: Task,
): Promise<{ readonly code: number | null; readonly output: string; readonly complaint: string }> {
	const env = { ...process.env, NODE_ENV: "production" };
	const args = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, file), JSON.stringify(task)];
	const running = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
	const abandon = (): void => void running.kill("SIGKILL");
	process.once("exit", abandon);
	const patience = setTimeout(abandon, PATIENCE);
	let [output, complaint] = ["", ""];
	running.stdout.setEncoding("utf8").on("data", (part: string) => (output += part));
	running.stderr.setEncoding("utf8").on("data", (part: string) => (complaint = (complaint + part).slice(-20_000)));
	const [code] = (await once(running, "close")) as [number | null];
	clearTimeout(patience);
	process.off("exit", abandon);
	return { code, output, complaint };
}
/** The line that says what was thrown, else the last one. */
function lastWords(complaint: string): string {
	const lines = complaint.trim().split("\n");
	return (
		(lines.find((line) => /^\s*\w*Error\b/.test(line)) ?? lines.at(-1) ?? "").trim().slice(0, 200) ||
		`no answer within ${PATIENCE / 1000} s`
	);
}

// -- What the rounds come to --------------------------------------------------------------
export function resultOf(cell: Cell, durable: boolean, rounds: readonly Round[], remarks: readonly string[]): Result {
	const figure = (of: (outcome: Outcome) => Figure): Figure =>
		rounded(median(rounds.map(({ outcome }) => of(outcome)).filter((value) => value !== null))); // of none: no number
	const sum = (of: (round: Round) => number): number => rounds.reduce((all, round) => all + of(round), 0);
	const problems = {
		"round(s) whose commands in flight were not answered within 2 s": rounds.filter(({ outcome }) => !outcome.drained).length,
		"found twice": sum(({ verdict }) => verdict.duplicated),
		"streams not whole": sum(({ verdict }) => verdict.broken),
		"rows not as the facts": sum(({ verdict }) => verdict.wrongRows ?? 0),
		...Object.fromEntries(reasons(rounds).map(([reason, count]) => [`refused: ${reason}`, count])),
	};
	const silent =
		rounds.length > 0 && rounds.every(({ outcome }) => outcome.perSecond === 0) ? ["nothing was acknowledged while the clock ran"] : [];
	const notes = Object.entries(problems).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
	return {
		...cell,
		durable,
		perSecond: figure(({ perSecond }) => perSecond),
		p50Ms: figure(({ p50Ms }) => p50Ms),
		p99Ms: figure(({ p99Ms }) => p99Ms),
		cpuMicros: figure(({ cpuMicros }) => cpuMicros),
		acknowledged: sum(({ outcome }) => outcome.acknowledged.length),
		found: sum(({ verdict }) => verdict.found),
		lost: sum(({ verdict }) => verdict.lost),
		refused: sum(({ outcome }) => total(outcome.refused)),
		retried: sum(({ outcome }) => outcome.retried),
		note: [...new Set([...remarks, ...silent, ...notes])].join("; "),
	};
}
function reasons(rounds: readonly Round[]): [string, number][] {
	const counts = new Map<string, number>();
	for (const { outcome } of rounds)
		for (const [reason, count] of Object.entries(outcome.refused)) counts.set(reason, (counts.get(reason) ?? 0) + count);
	return [...counts];
}
/** Three digits say all there is to say. */
const rounded = (figure: number): Figure =>
	Number.isNaN(figure) ? null : Number(figure.toPrecision(figure >= 1000 ? Math.ceil(Math.log10(figure)) : 3));
