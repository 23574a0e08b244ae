/**
 * Traces - prints a digest of the trace of each of the first COUNT seeds: traces.ts COUNT [turns]. With `turns`, each step is followed
 * by a turn of Node's event loop instead of the checkpoint of drain.ts.
 */
import { hash } from "node:crypto";
import { guarded } from "./guard.ts";
import { prepare, runOne, runOneInTurns, type Verdict } from "./run-one.ts";

const [count = "1", mode = ""] = process.argv.slice(2);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const once = (seed: number): Promise<Verdict> =>
	new Promise((resolve) => setImmediate(() => resolve(guarded(() => runOne(seed, { traced: true })))));

await prepare();
for (let seed = 0; seed < Number(count); seed++) {
	const { trace, violations, picked } = await (mode === "turns" ? runOneInTurns(seed, { traced: true }) : once(seed));
	console.log(hash("sha256", JSON.stringify([trace, violations, picked]), "base64url"));
	await turn();
}
