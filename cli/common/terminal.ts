/** Terminal - progress and tables for people: a moving bar on a terminal, a plain line now and then where output goes to a file. */
import { createRequire } from "node:module";
import { escaped, painted } from "./output.ts";

/** `note`: a word on how it goes, behind the figures. */
export type Advance = (done: number, total?: number, note?: string) => void;

/** As much of cli-progress as is used here; the package brings no types. */
interface CliProgress {
	readonly SingleBar: new (options: object) => {
		start(total: number, startValue: number, payload?: object): void;
		update(value: number, payload?: object): void;
		setTotal(total: number): void;
		stop(): void;
	};
}
interface Progress {
	readonly advance: Advance;
	readonly end: () => void;
}

const LABEL_WIDTH = 22;
const PLAIN_LINE_EVERY_MS = 2_000;

export interface ProgressOptions {
	/** Shows the rate and the time left as well. */
	readonly pace?: boolean;
}

/** Shows how far the work is while it runs. `total` may turn out larger on the way. */
export async function withProgress<T>(
	label: string,
	total: number,
	work: (advance: Advance) => Promise<T>,
	{ pace = false }: ProgressOptions = {},
): Promise<T> {
	const told = pace ? paceOf(Date.now) : () => "";
	const { advance, end } = process.stderr.isTTY ? bar(label, total, told) : plainLines(label, total, told);
	try {
		return await work(advance);
	} finally {
		end();
	}
}

type Pace = (done: number, total: number) => string;
/** ` · 12,345/s · 8 s left`, counted from where the work began to be watched: what was done before took no time here. */
export function paceOf(clock: () => number): Pace {
	let first: { readonly done: number; readonly at: number } | null = null;
	return (done, total) => {
		first ??= { done, at: clock() };
		const seconds = (clock() - first.at) / 1000;
		const rate = seconds > 0 ? (done - first.done) / seconds : 0;
		return rate > 0 ? ` · ${count(Math.round(rate))}/s · ${timeText(Math.ceil((total - done) / rate))} left` : "";
	};
}
const timeText = (seconds: number): string =>
	seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;

function bar(label: string, total: number, pace: Pace): Progress {
	const { SingleBar } = createRequire(import.meta.url)("cli-progress") as CliProgress; // it has no types of its own
	const shown = new SingleBar({
		stream: process.stderr,
		hideCursor: true,
		barsize: 32,
		barCompleteChar: "█",
		barIncompleteChar: "░",
		format: `${label.padEnd(LABEL_WIDTH)} {bar} {percentage} % · {value}/{total} · {duration_formatted}{pace}`,
		formatValue: (value: number, _options: object, type: string) => (type === "value" || type === "total" ? count(value) : String(value)),
	});
	const begin = (of: number): void => shown.start(of, 0, { pace: "" });
	let all = total;
	if (total > 0) begin(total);
	return {
		advance: (done, of = all, note = "") => {
			if (all === 0 && of > 0)
				begin(of); // what is all there is was not known before
			else if (of !== all) shown.setTotal(of);
			all = of;
			shown.update(done, { pace: `${pace(done, all)}${note && ` · ${note}`}` });
		},
		end: () => shown.stop(),
	};
}

function plainLines(label: string, total: number, pace: Pace): Progress {
	let state = { done: 0, total, more: "" };
	let said = Date.now();
	const say = (): void => void process.stderr.write(`${label}: ${count(state.done)} of ${count(state.total)}${state.more}\n`);
	return {
		advance: (done, of = state.total, note = "") => {
			state = { done, total: of, more: `${pace(done, of)}${note && ` · ${note}`}` };
			if (Date.now() - said < PLAIN_LINE_EVERY_MS) return;
			said = Date.now();
			say();
		},
		end: say,
	};
}

/** A line of a table: what it is, how much, and a word on it; without a value it heads the lines below. */
export type Line = readonly [label: string, value?: string | number, note?: string];

/** Values stand right-aligned under one another; numbers get thousands separators. */
export function table(lines: readonly Line[]): string {
	const cells = lines.map(([label, value, note = ""]) => ({
		label: escaped(label),
		value: typeof value === "number" ? count(value) : value === undefined ? value : escaped(value),
		note: escaped(note),
	}));
	const width = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));
	const labels = width(cells.map(({ label }) => label));
	const values = width(cells.map(({ value }) => value ?? ""));
	return cells
		.map(({ label, value, note }) =>
			value === undefined ? `\n${bold(label)}` : `  ${label.padEnd(labels)}  ${value.padStart(values)}${note && `  ${dim(note)}`}`,
		)
		.join("\n");
}

export const count = (number: number): string => number.toLocaleString("en");

/** Minor units to a reader's amount: 123456 EUR is 1,234.56 EUR. */
export function money(minor: number, currency: string): string {
	const whole = Math.trunc(minor / 100);
	return `${count(whole)}.${String(Math.abs(minor % 100)).padStart(2, "0")} ${currency}`;
}

export const bold = (text: string): string => painted("bold", text, process.stdout);
export const dim = (text: string): string => painted("dim", text, process.stdout);
export const red = (text: string): string => painted("red", text, process.stderr);

/** Why it ends, in one line and without a stack. */
export function oneLine(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	return escaped(message.replaceAll(/\s*\n\s*/g, " ").trim());
}
