/** Flame - the evaluation of a profile and its flame graph, with pure functions. */
import { describe, expect, it } from "@jest/globals";
import { flameOf } from "../../bench/flame/flame-svg.ts";
import { type Frame, hottest, type Profile, type Span, spentIn } from "../../bench/flame/profile.ts";

const root = "/home/somebody/vigie";
const always: Span = { from: 0, to: Number.MAX_SAFE_INTEGER };
const node = (id: number, functionName: string, url: string, lineNumber: number, children: readonly number[] = []) => ({
	id,
	callFrame: { functionName, url, lineNumber },
	children,
});
const nodes: Profile["nodes"] = [
	node(1, "(root)", "", -1, [2, 3, 4, 5, 10]),
	node(2, "(idle)", "", -1),
	node(3, "(program)", "", -1),
	node(4, "(garbage collector)", "", -1),
	node(5, "turn", `file://${root}/store/turn.ts`, 9, [6, 7, 8]),
	node(6, "call", `file://${root}/node_modules/moleculer/src/broker.js`, 0, [9]),
	node(7, "", `${root}/node_modules/fastest-validator/index.js`, 4),
	node(8, "call", `file://${root}/node_modules/moleculer/src/broker.js`, 0),
	node(9, "write", "", -1),
	node(10, "check", "", 0),
];
/** Each frame for this many microseconds, in this order, from 1,000 on. */
function profile(...spent: readonly (readonly [id: number, micros: number])[]): Profile {
	return { nodes, startTime: 1_000, samples: [...spent.map(([id]) => id), 2], timeDeltas: [0, ...spent.map(([, micros]) => micros)] };
}
const timesOf = (frames: readonly Frame[]): unknown[] =>
	frames.map(({ name, self, total, children }) => [name, self, total, ...timesOf(children)]);

describe("the time of a thread", () => {
	it("includes called functions, the longest first", () =>
		expect(timesOf(spentIn(profile([4, 50], [5, 10], [6, 20], [9, 30], [7, 5]), always, root).frames)).toEqual([
			["turn", 10, 65, ["call", 20, 50, ["write", 30, 30]], ["(anonymous)", 5, 5]],
			["(garbage collector)", 50, 50],
		]));
	it("combines the same function under the same caller", () =>
		expect(timesOf(spentIn(profile([6, 20], [8, 1]), always, root).frames)).toEqual([["turn", 0, 21, ["call", 21, 21]]]));
	it("separates idle time and native code from work", () =>
		expect(spentIn(profile([2, 7], [5, 2], [3, 1], [2, 10]), always, root)).toMatchObject({ busy: 2, idle: 17, program: 1 }));
	it("excludes samples outside the span, to the microsecond", () => {
		const spent = profile([5, 100], [2, 100], [5, 100]);
		expect(spentIn(spent, { from: 1_099, to: 1_201 }, root)).toMatchObject({ busy: 2, idle: 100 });
		expect(spentIn(spent, { from: 1_100, to: 1_200 }, root)).toMatchObject({ busy: 0, idle: 100, frames: [] });
	});
	it("gives file and origin of each function", () => {
		const { frames } = spentIn(profile([5, 9], [6, 8], [7, 7], [9, 1], [4, 6], [10, 5]), always, root);
		const all = (of: readonly Frame[]): readonly Frame[] => of.flatMap((frame) => [frame, ...all(frame.children)]);
		expect(all(frames).map(({ name, where, origin }) => [name, where, origin])).toEqual([
			["turn", "store/turn.ts:10", "product"],
			["call", "node_modules/moleculer/src/broker.js:1", "moleculer"],
			["write", "", "node"],
			["(anonymous)", "node_modules/fastest-validator/index.js:5", "package"],
			["(garbage collector)", "", "collector"],
			["check", "generated:1", "package"],
		]);
	});
	it("contains no folder outside the project", () => {
		const { frames } = spentIn(profile([5, 1]), always, "/home/somebody/else");
		expect(frames.map(({ where }) => where)).toEqual(["turn.ts:10"]);
	});
});

it("the hottest functions are those with the most time of their own, over all callers", () => {
	const again = [
		...nodes.slice(0, 9),
		node(9, "write", "", -1, [11]),
		node(10, "check", "", 0, [12]),
		node(11, "check", "", 0),
		node(12, "write", "", -1),
	];
	const spent = spentIn({ ...profile([9, 3], [12, 4], [10, 5], [5, 6]), nodes: again }, always, root);
	expect(hottest(spent, 2).map(({ name, self }) => [name, self])).toEqual([
		["write", 7],
		["turn", 6],
	]);
});

describe("a flame graph", () => {
	const drawn = (...spent: readonly (readonly [id: number, micros: number])[]) =>
		flameOf(spentIn(profile(...spent), always, root), "A <thread>", "a run");
	const rects = (svg: string) =>
		[...svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="17"><title>([^<]*)</g)].map(
			([, origin, x, y, wide, title]) => ({ origin, x: Number(x), y: Number(y), wide: Number(wide), title }),
		);
	it("draws each function as wide as its time, above its caller", () => {
		const [turn, call, collector] = rects(drawn([5, 25], [6, 50], [4, 25], [2, 900]));
		expect(turn).toMatchObject({ x: 10, wide: 885, title: "turn store/turn.ts:10: 75.0 %, itself 25.0 %" });
		expect(call).toMatchObject({ x: 10, wide: 590, y: (turn?.y ?? 0) - 17, origin: "moleculer" });
		expect(collector).toMatchObject({ x: 895, wide: 295, y: turn?.y, origin: "collector" });
	});
	it("omits frames below three per mille, and keeps their space", () => {
		expect(rects(drawn([5, 9_970], [4, 30])).map(({ origin }) => origin)).toEqual(["product", "collector"]);
		expect(rects(drawn([5, 9_971], [4, 29])).map(({ origin, wide }) => [origin, wide])).toEqual([["product", 1_176.6]]);
	});
	it("labels frames with their name, or their line, if there is room", () => {
		expect(drawn([5, 1], [7, 1])).toMatch(/>turn<\/text>[^]*>index\.js:5<\/text>/);
		expect(drawn([5, 970], [7, 30])).toContain(">ind…</text>");
		expect(drawn([5, 985], [7, 15])).not.toContain(">i");
	});
	it("shows the idle time", () =>
		expect(drawn([5, 25], [2, 70], [3, 5])).toContain(
			"a run: busy 25.0 % of the time, shown here; idle 70.0 %, outside JavaScript 5.0 %.",
		));
	it("escapes names, and contains nothing about the machine", () => {
		const svg = drawn([5, 1], [7, 1]);
		expect(svg).toContain("A &#60;thread&#62;");
		expect(svg).not.toContain("somebody");
	});
	it("has no frames for an idle thread", () => expect(rects(drawn([2, 5]))).toEqual([]));
});
