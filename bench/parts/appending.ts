/** Appending - measures one way to append commits, batch after batch for a given time, the same way for every store. */
import type { Commit } from "../../store/log.ts";
import { Commits } from "../rig/commits.ts";
import { median } from "../rig/quantile.ts";

export interface Cost {
	/** Commits per second. */
	readonly perSecond: number;
	/** CPU of this process per commit. */
	readonly cpuMicros: number;
	/** Median time of a batch. */
	readonly waitMs: number;
}
/** Commits made at a time, outside the measured time. */
const ahead = 2_000;

/** Rejects if an append is refused. */
export async function timed(ms: number, size: number, append: (batch: readonly Commit[]) => Promise<boolean>): Promise<Cost> {
	const commits = new Commits();
	const took: number[] = [];
	let [made, spent, cpu] = [0, 0, 0];
	while (spent < ms) {
		const batches = Array.from({ length: Math.max(4, Math.ceil(ahead / size)) }, () => commits.next(size));
		const used = process.cpuUsage();
		const begun = performance.now();
		for (const batch of batches) {
			const asked = performance.now();
			if (!(await append(batch))) throw new Error("an append was refused");
			took.push(performance.now() - asked);
			made += size;
			if (spent + performance.now() - begun > ms) break;
		}
		spent += performance.now() - begun;
		const { user, system } = process.cpuUsage(used);
		cpu += user + system;
	}
	return { perSecond: (made * 1_000) / spent, cpuMicros: cpu / made, waitMs: median(took) };
}

/** The medians of several rounds. */
export const middle = (costs: readonly Cost[]): Cost => ({
	perSecond: median(costs.map(({ perSecond }) => perSecond)),
	cpuMicros: median(costs.map(({ cpuMicros }) => cpuMicros)),
	waitMs: median(costs.map(({ waitMs }) => waitMs)),
});
