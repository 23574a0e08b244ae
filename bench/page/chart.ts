/** Chart - draws lines over two axes as a small SVG with pure functions; its own background keeps it readable on light and dark pages. */
import { figureText } from "../rig/markdown.ts";
import type { Chart } from "../rig/result.ts";

const width = 760;
const height = 380;
const plot = { left: 76, right: 20, top: 44, bottom: 52 } as const;
const [innerWidth, innerHeight] = [width - plot.left - plot.right, height - plot.top - plot.bottom];
/** Each line has its own dash pattern, so that they differ without color. */
const lines = [
	{ light: "#0969da", dark: "#58a6ff", dash: "" },
	{ light: "#bc4c00", dark: "#f0883e", dash: "7 3" },
	{ light: "#1a7f37", dark: "#3fb950", dash: "2 3" },
	{ light: "#8250df", dark: "#bc8cff", dash: "9 3 2 3" },
	{ light: "#bf3989", dark: "#f778ba", dash: "4 4" },
	{ light: "#57606a", dark: "#8b949e", dash: "1 2" },
] as const;

export const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const place = (figure: number): string => String(Math.round(figure * 10) / 10);

/** Four to eight round steps from 0 to the highest value or above. */
export function roundSteps(highest: number): readonly number[] {
	if (!(highest > 0)) return [0, 1];
	const rough = highest / 5;
	const size = 10 ** Math.floor(Math.log10(rough));
	const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * size >= rough) ?? 10) * size;
	return Array.from({ length: Math.ceil(highest / step - 1e-9) + 1 }, (_, i) => i * step);
}

/** All powers of ten in the range; both ends if there are fewer than two. */
export function factorSteps(lowest: number, highest: number): readonly number[] {
	const first = Math.ceil(Math.log10(lowest) - 1e-9);
	const last = Math.floor(Math.log10(highest) + 1e-9);
	const tens = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
	return tens.length > 1 ? tens : [...new Set([lowest, ...tens, highest])];
}

/** 150000 as 150k, 20900000 as 20.9M. */
export function shortText(value: number): string {
	if (Math.abs(value) >= 1e6) return `${figureText(value / 1e6).replace(/\.0+$/, "")}M`;
	if (Math.abs(value) >= 1e4) return `${figureText(value / 1e3).replace(/\.0+$/, "")}k`;
	return figureText(value);
}

interface Scale {
	readonly steps: readonly number[];
	readonly at: (value: number) => number;
}
function across({ log, series }: Chart): Scale {
	const values = series.flatMap(({ points }) => points.map(([x]) => x));
	const [lowest, highest] = [Math.min(...values), Math.max(...values)];
	if (!log) {
		const steps = roundSteps(highest);
		const end = steps.at(-1) ?? 1;
		return { steps, at: (x) => plot.left + (x / end) * innerWidth };
	}
	const span = Math.log(highest / lowest) || 1;
	return { steps: factorSteps(lowest, highest), at: (x) => plot.left + (Math.log(x / lowest) / span) * innerWidth };
}
function up({ series }: Chart): Scale {
	const steps = roundSteps(Math.max(...series.flatMap(({ points }) => points.map(([, y]) => y))));
	const end = steps.at(-1) ?? 1;
	return { steps, at: (y) => plot.top + innerHeight - (y / end) * innerHeight };
}

function style(count: number): string {
	const of = (shade: "light" | "dark") =>
		lines
			.slice(0, count)
			.map((line, i) => `.s${i}{stroke:${line[shade]}}.f${i}{fill:${line[shade]}}`)
			.join("");
	const base = (back: string, ink: string, grid: string) => `.back{fill:${back}}text{fill:${ink}}.grid{stroke:${grid}}`;
	return (
		`text{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}.line{fill:none;stroke-width:2}` +
		`${base("#fff", "#24292f", "#d8dee4")}${of("light")}` +
		`@media(prefers-color-scheme:dark){${base("#0d1117", "#e6edf3", "#30363d")}${of("dark")}}`
	);
}

function grid(x: Scale, y: Scale): string {
	const right = plot.left + innerWidth;
	const bottom = plot.top + innerHeight;
	const levels = y.steps.map(
		(step) =>
			`<line class="grid" x1="${plot.left}" x2="${right}" y1="${place(y.at(step))}" y2="${place(y.at(step))}"/>` +
			`<text x="${plot.left - 8}" y="${place(y.at(step) + 4)}" text-anchor="end">${shortText(step)}</text>`,
	);
	const columns = x.steps.map(
		(step) =>
			`<line class="grid" x1="${place(x.at(step))}" x2="${place(x.at(step))}" y1="${bottom}" y2="${bottom + 5}"/>` +
			`<text x="${place(x.at(step))}" y="${bottom + 20}" text-anchor="middle">${shortText(step)}</text>`,
	);
	return [...levels, ...columns].join("");
}

function lineOf(points: Chart["series"][number]["points"], index: number, x: Scale, y: Scale): string {
	const dash = lines[index % lines.length]?.dash;
	const places = points.map(([at, value]) => [place(x.at(at)), place(y.at(value))] as const);
	const path = places.map(([left, top], i) => `${i === 0 ? "M" : "L"}${left} ${top}`).join("");
	const marks = places.length > 40 ? [] : places.map(([left, top]) => `<circle class="f${index}" cx="${left}" cy="${top}" r="3"/>`);
	return `<path class="line s${index}" d="${path}"${dash ? ` stroke-dasharray="${dash}"` : ""}/>${marks.join("")}`;
}

/** Entries side by side above the plot, right-aligned. */
function legend({ series }: Chart): string {
	let right = width - plot.right;
	const entries = series.toReversed().map(({ name }, back) => {
		const index = series.length - 1 - back;
		const dash = lines[index % lines.length]?.dash;
		const left = right - name.length * 6.6;
		const entry =
			`<text x="${place(left)}" y="${plot.top - 8}">${escaped(name)}</text>` +
			`<line class="line s${index}" x1="${place(left - 26)}" x2="${place(left - 6)}" y1="${plot.top - 12}" y2="${plot.top - 12}"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`;
		right = left - 40;
		return entry;
	});
	return series.length > 1 ? entries.join("") : "";
}

export function svgOf(chart: Chart): string {
	const [x, y] = [across(chart), up(chart)];
	const middle = plot.top + innerHeight / 2;
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`${chart.title}: ${chart.y} over ${chart.x}`)}">`,
		`<style>${style(chart.series.length)}</style><rect class="back" width="${width}" height="${height}"/>`,
		`<text class="title" x="${plot.left}" y="20">${escaped(chart.title)}</text>`,
		grid(x, y),
		...chart.series.map(({ points }, index) => lineOf(points, index, x, y)),
		legend(chart),
		`<text x="${plot.left + innerWidth / 2}" y="${height - 12}" text-anchor="middle">${escaped(chart.x)}</text>`,
		`<text transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle">${escaped(chart.y)}</text>`,
		"</svg>\n",
	].join("\n");
}
