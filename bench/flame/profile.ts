/**
 * Profile - what `node --cpu-prof` wrote of one thread, as a tree of functions with their time in a span: samples of the same function
 * under the same caller are one frame. By pure functions.
 */
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

interface CallFrame {
	readonly functionName: string;
	readonly url: string;
	/** From 0; -1 for what is not JavaScript. */
	readonly lineNumber: number;
}
interface Node {
	readonly id: number;
	readonly callFrame: CallFrame;
	readonly children?: readonly number[];
}
/** A .cpuprofile; its times are microseconds of the machine's monotonic clock, as those of process.hrtime. */
export interface Profile {
	readonly nodes: readonly Node[];
	readonly startTime: number;
	/** Ids of nodes, and the microseconds before each. */
	readonly samples: readonly number[];
	readonly timeDeltas: readonly number[];
}
/** Both ends in the clock of the profile. */
export interface Span {
	readonly from: number;
	readonly to: number;
}
export const origins = ["product", "moleculer", "package", "node", "collector"] as const;
export type Origin = (typeof origins)[number];

/** A function under its callers; microseconds, `total` with everything it called. */
export interface Frame {
	readonly name: string;
	/** File and line, relative to the project; empty for what is not JavaScript. */
	readonly where: string;
	readonly origin: Origin;
	readonly self: number;
	readonly total: number;
	/** The longest first. */
	readonly children: readonly Frame[];
}
export interface Spent {
	/** What the thread began by itself, and what that called. */
	readonly frames: readonly Frame[];
	/** Microseconds in those frames, waiting, and in code that is not JavaScript and has no name. */
	readonly busy: number;
	readonly idle: number;
	readonly program: number;
}

/** Never with a folder of the machine in it. */
function fileOf(url: string, root: string): string {
	if (!url.startsWith("file:") && !url.startsWith(sep)) return url;
	const file = relative(root, url.startsWith("file:") ? fileURLToPath(url) : url).replaceAll(sep, "/");
	return file.startsWith("../") ? (file.split("/").at(-1) ?? "") : file;
}

function originOf({ functionName, lineNumber }: CallFrame, file: string): Origin {
	if (functionName === "(garbage collector)") return "collector";
	if (file.startsWith("node:") || (file === "" && lineNumber < 0)) return "node";
	if (/^node_modules\/moleculer(-[a-z]+)?\//.test(file)) return "moleculer";
	// Code without a file is what packages write at run time: the checks of parameters.
	return file === "" || file.startsWith("node_modules/") || file.startsWith("wasm:") ? "package" : "product";
}

/** A sample lasts until the next one. */
function timesIn({ samples, timeDeltas, startTime }: Profile, { from, to }: Span): ReadonlyMap<number, number> {
	const times = new Map<number, number>();
	let at = startTime;
	for (const [i, id] of samples.entries()) {
		at += timeDeltas[i] ?? 0;
		const lasted = Math.min(at + Math.max(0, timeDeltas[i + 1] ?? 0), to) - Math.max(at, from);
		if (lasted > 0) times.set(id, (times.get(id) ?? 0) + lasted);
	}
	return times;
}

const keyOf = ({ callFrame: { functionName, url, lineNumber } }: Node): string => `${functionName} ${url}:${lineNumber}`;
const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);

export function spentIn(profile: Profile, span: Span, root: string): Spent {
	const times = timesIn(profile, span);
	const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
	const childrenOf = ({ children = [] }: Node): readonly Node[] => children.flatMap((id) => nodes.get(id) ?? []);
	const timeOf = (group: readonly Node[]): number => sum(group.map(({ id }) => times.get(id) ?? 0));
	const framesOf = (siblings: readonly Node[]): readonly Frame[] =>
		[...Map.groupBy(siblings, keyOf).values()]
			.map(frameOf)
			.filter(({ total }) => total > 0)
			.toSorted((a, b) => b.total - a.total);
	const frameOf = (group: readonly Node[]): Frame => {
		const { functionName = "", url = "", lineNumber = -1 } = group[0]?.callFrame ?? {};
		const file = fileOf(url, root);
		const children = framesOf(group.flatMap(childrenOf));
		const self = timeOf(group);
		return {
			name: functionName || "(anonymous)",
			where: lineNumber < 0 ? file : `${file || "generated"}:${lineNumber + 1}`,
			origin: originOf({ functionName, url, lineNumber }, file),
			self,
			total: self + sum(children.map(({ total }) => total)),
			children,
		};
	};
	const outermost = profile.nodes.slice(0, 1).flatMap(childrenOf);
	const named = (name: string): readonly Node[] => outermost.filter(({ callFrame }) => callFrame.functionName === name);
	const frames = framesOf(outermost.filter(({ callFrame }) => !["(idle)", "(program)"].includes(callFrame.functionName)));
	return { frames, busy: sum(frames.map(({ total }) => total)), idle: timeOf(named("(idle)")), program: timeOf(named("(program)")) };
}

/** The functions with the most time of their own, whoever called them. */
export function hottest({ frames }: Pick<Spent, "frames">, count: number): readonly Pick<Frame, "name" | "where" | "self">[] {
	const all = (of: readonly Frame[]): readonly Frame[] => of.flatMap((frame) => [frame, ...all(frame.children)]);
	return [...Map.groupBy(all(frames), ({ name, where }) => `${name} ${where}`).values()]
		.map((same) => ({ name: same[0]?.name ?? "", where: same[0]?.where ?? "", self: sum(same.map(({ self }) => self)) }))
		.filter(({ self }) => self > 0)
		.toSorted((a, b) => b.self - a.self)
		.slice(0, count);
}
