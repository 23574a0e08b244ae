/** Terminal - progress and tables for people: a moving bar on a terminal, occasional plain lines if the output goes to a file. */
import { createRequire } from "node:module";
import { escaped, painted } from "./output.ts";

/** `note`: a remark after the figures. */
export type Advance = (done: number, total?: number, note?: string) => void;

/** The part of cli-progress used here; the package has no types. */
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
	/** Also shows the rate and the time left. */
	readonly pace?: boolean;
}

/** Shows the progress of the work while it runs. `total` may increase meanwhile. */
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
/** ` · 12,345/s · 8 s left`, measured from the first call, because earlier progress took no time in this run. */
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
	const { SingleBar } = createRequire(import.meta.url)("cli-progress") as CliProgress; // the package has no types
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
				begin(of); // the total was not known before
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

/** A row of a table: label, value and note. Without a value it is the heading of the rows below. */
export type Line = readonly [label: string, value?: string | number, note?: string];

/** Right-aligns the values; numbers get thousands separators. */
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

/** Formats an amount in minor units: 123456 EUR is 1,234.56 EUR. */
export function money(minor: number, currency: string): string {
	const whole = Math.trunc(minor / 100);
	return `${count(whole)}.${String(Math.abs(minor % 100)).padStart(2, "0")} ${currency}`;
}

export const bold = (text: string): string => painted("bold", text, process.stdout);
export const dim = (text: string): string => painted("dim", text, process.stdout);
export const red = (text: string): string => painted("red", text, process.stderr);

/** The reason for an exit, on one line and without a stack. */
export function oneLine(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	return escaped(message.replaceAll(/\s*\n\s*/g, " ").trim());
}
