/** Goals - the performance goals beside the current figures, each from the part that measures it. */
import { figureText } from "../rig/markdown.ts";
import type { Cell, Table } from "../rig/result.ts";
import type { Results } from "./results.ts";

interface Goal {
	readonly what: string;
	readonly part: string;
	readonly figure: string;
	readonly unit: string;
	/** Whether the figure must be at least the bound, or below it. */
	readonly is: "at least" | "below";
	readonly bound: number;
}
const goals: readonly Goal[] = [
	{
		what: "A year of France through HTTP in bulk to all read models",
		part: "growth",
		figure: "yearMinutes",
		unit: "min",
		is: "below",
		bound: 30,
	},
	{
		what: "The same pipeline against the bare prototype, 400,000 detections",
		part: "pipeline",
		figure: "sharePercent",
		unit: "%",
		is: "at least",
		bound: 60,
	},
	{
		what: "Longest wait of a client of two gateways after kill -9 of any one node, or a restart of NATS",
		part: "failover",
		figure: "longestWaitSeconds",
		unit: "s",
		is: "below",
		bound: 4,
	},
	{
		what: "Durable commands/s against Emmett on SQLite in its fastest setting that loses nothing, 1 in flight",
		part: "peers",
		figure: "emmettSqlite1",
		unit: "×",
		is: "at least",
		bound: 10,
	},
	{ what: "The same, 64 in flight", part: "peers", figure: "emmettSqlite64", unit: "×", is: "at least", bound: 30 },
	{ what: "MongoDB append against bare insertMany", part: "mongo", figure: "sharePercent", unit: "%", is: "at least", bound: 70 },
	{ what: "Rebuild of a read model, facts/s", part: "kept", figure: "rebuildFactsPerSecond", unit: "/s", is: "at least", bound: 100_000 },
	{
		what: "Write to visible at half the highest sustained rate, p99",
		part: "latency",
		figure: "halfVisibleP99Ms",
		unit: "ms",
		is: "below",
		bound: 50,
	},
];

const rowOf = ({ what, part, figure, unit, is, bound }: Goal, results: Results): readonly Cell[] => {
	const found = results[part]?.result.figures?.[figure];
	const wanted = `${is} ${figureText(bound)} ${unit}`;
	if (found === undefined) return [what, wanted, "not measured", ""];
	const holds = is === "below" ? found < bound : found >= bound;
	const quick = results[part]?.quick ? " (quick run)" : "";
	return [what, wanted, `${figureText(found)} ${unit}${quick}`, holds ? "yes" : "no"];
};

export const goalsOf = (results: Results): Table => ({
	columns: ["what", "goal", "measured", "holds"],
	rows: goals.map((goal) => rowOf(goal, results)),
});
