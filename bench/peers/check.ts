/** Check - a fresh process counts what is there of what was acknowledged: each exactly once, streams whole, rows as the facts say. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Kept, Outcome, Task, Verdict } from "./contestant.ts";
import { load } from "./contestants.ts";

const task = JSON.parse(process.argv[2] ?? "") as Task;
const outcome = JSON.parse(readFileSync(join(task.folder, "outcome.json"), "utf8")) as Outcome;
const find = async (): Promise<readonly Kept[]> => (await load(task.contestant)).find?.(task) ?? [];
process.stdout.write(JSON.stringify(verdictOn(outcome, outcome.kept ?? (await find()))));

function verdictOn({ acknowledged, rows }: Outcome, kept: readonly Kept[]): Verdict {
	const times = new Map<number, number>();
	for (const { n } of kept) times.set(n, (times.get(n) ?? 0) + 1);
	const counts = acknowledged.map((n) => times.get(n) ?? 0);
	const streams = Map.groupBy(kept, ({ id }) => id);
	const whole = (facts: readonly Kept[]): boolean => {
		const versions = facts.map(({ version }) => version).toSorted((a, b) => a - b);
		return versions.every((version, i) => version === i + 1);
	};
	return {
		found: counts.filter((count) => count === 1).length,
		lost: counts.filter((count) => count === 0).length,
		duplicated: counts.filter((count) => count > 1).length,
		broken: [...streams.values()].filter((facts) => !whole(facts)).length,
		wrongRows: rows && wrong(rows, new Map([...streams].map(([id, facts]) => [id, facts.length]))),
	};
}

function wrong(rows: Readonly<Record<string, number>>, facts: ReadonlyMap<string, number>): number {
	const ids = new Set([...Object.keys(rows), ...facts.keys()]);
	return [...ids].filter((id) => rows[id] !== facts.get(id)).length;
}
