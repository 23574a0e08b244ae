/**
 * Flame SVG - draws where a thread spent its time as a flame graph: each frame is as wide as its total time, above its caller. Pure
 * functions; the SVG has its own background, so it is readable on light and dark pages.
 */
import { escaped } from "../page/chart.ts";
import { type Frame, type Origin, origins, type Spent } from "./profile.ts";

const width = 1_200;
const [margin, head, rowHeight] = [10, 64, 17];
const innerWidth = width - 2 * margin;
const letterWidth = 6.4;
/** Minimum share of a frame; narrower ones would be unreadable. */
const leastShare = 0.003;
const colours: Readonly<Record<Origin, { readonly name: string; readonly light: string; readonly dark: string }>> = {
	product: { name: "product", light: "#ffd8a8", dark: "#7a4a12" },
	moleculer: { name: "Moleculer", light: "#a5d8ff", dark: "#1d4f7a" },
	package: { name: "other packages", light: "#d0bfff", dark: "#4f3f86" },
	node: { name: "Node", light: "#c3e6cb", dark: "#24592f" },
	collector: { name: "garbage collector", light: "#ffc9c9", dark: "#832f2f" },
};

interface Placed {
	readonly frame: Frame;
	readonly depth: number;
	readonly left: number;
}
/** The frames that are wide enough, side by side above their caller. */
function placed(frames: readonly Frame[], busy: number, left = 0, depth = 0): readonly Placed[] {
	const found: Placed[] = [];
	for (const frame of frames) {
		if (frame.total < leastShare * busy) continue;
		found.push({ frame, depth, left }, ...placed(frame.children, busy, left, depth + 1));
		left += frame.total;
	}
	return found;
}

const place = (figure: number): string => String(Math.round(figure * 10) / 10);
const percent = (part: number, whole: number): string => `${whole > 0 ? ((part / whole) * 100).toFixed(1) : "0.0"} %`;

/** A function without a name is labeled with its line. */
function labelOf({ name, where }: Frame, letters: number): string {
	const whole = name === "(anonymous)" ? (where.split("/").at(-1) ?? name) : name;
	return whole.length <= letters ? whole : `${whole.slice(0, letters - 1)}…`;
}

function rectOf({ frame, depth, left }: Placed, busy: number, bottom: number): string {
	const { name, where, origin, self, total } = frame;
	const [x, wide, y] = [margin + (left / busy) * innerWidth, (total / busy) * innerWidth, bottom - (depth + 1) * rowHeight];
	const letters = Math.floor((wide - 4) / letterWidth);
	const told = `${name}${where ? ` ${where}` : ""}: ${percent(total, busy)}, itself ${percent(self, busy)}`;
	const rect = `<rect class="${origin}" x="${place(x)}" y="${y}" width="${place(wide)}" height="${rowHeight}"><title>${escaped(told)}</title></rect>`;
	return letters < 3 ? rect : `${rect}<text x="${place(x + 3)}" y="${y + 12}">${escaped(labelOf(frame, letters))}</text>`;
}

function style(): string {
	const of = (shade: "light" | "dark", back: string, ink: string) =>
		`.back{fill:${back}}text{fill:${ink}}rect{stroke:${back}}${origins.map((origin) => `.${origin}{fill:${colours[origin][shade]}}`).join("")}`;
	return (
		`text{font:11px ui-monospace,monospace;pointer-events:none}.said{font:12px system-ui,sans-serif}` +
		`.said.title{font-size:15px;font-weight:600}rect{stroke-width:.5}${of("light", "#fff", "#24292f")}` +
		`@media(prefers-color-scheme:dark){${of("dark", "#0d1117", "#e6edf3")}}`
	);
}

function legend(): string {
	let x = width - margin;
	const entries = origins.toReversed().map((origin) => {
		const { name } = colours[origin];
		x -= name.length * 6.6 + 34;
		return `<rect class="${origin}" x="${place(x)}" y="10" width="12" height="12"/><text class="said" x="${place(x + 17)}" y="20">${name}</text>`;
	});
	return entries.join("");
}

/** `title`: name of the thread; `about`: description of the run. */
export function flameOf({ frames, busy, idle, program }: Spent, title: string, about: string): string {
	const shown = placed(frames, busy);
	const rows = Math.max(0, ...shown.map(({ depth }) => depth + 1));
	const height = head + rows * rowHeight + margin;
	const whole = busy + idle + program;
	const said = `${about}: busy ${percent(busy, whole)} of the time, shown here; idle ${percent(idle, whole)}, outside JavaScript ${percent(program, whole)}. Frames below ${leastShare * 100} % are left out.`;
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`${title}: flame graph`)}">`,
		`<style>${style()}</style><rect class="back" width="${width}" height="${height}"/>`,
		`<text class="said title" x="${margin}" y="22">${escaped(title)}</text><text class="said" x="${margin}" y="44">${escaped(said)}</text>`,
		legend(),
		...shown.map((one) => rectOf(one, busy, height - margin)),
		"</svg>\n",
	].join("\n");
}
