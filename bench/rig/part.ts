/**
 * Part - one measurement of the suite, a script of its own: `node bench/parts/growth.ts --to 200k` prints what it found for people to read,
 * with `--json` as the one document bench.ts keeps. What a part says of itself is here, so that the page is made of all of them alike.
 */
import { parseArgs } from "node:util";
import { tableText } from "./markdown.ts";
import type { Result } from "./result.ts";

/** 200k, 1M: what people write. */
export function numberIn(text: string): number {
	const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
	return digits === "" ? Number.NaN : Number(digits) * ({ k: 1e3, M: 1e6 }[unit] ?? 1);
}

/** The options of a part: whole numbers above 0, each with what holds where it is not given. */
export function numbers<N extends string>(defaults: Readonly<Record<N, string>>): Record<N, number> {
	const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" as const }]));
	const { values } = parseArgs({ options: { ...options, json: { type: "boolean" } } });
	const read = Object.entries<string>(defaults).map(([name, fallback]) => {
		const given = (values as Readonly<Record<string, unknown>>)[name] ?? fallback; // the options above
		const number = numberIn(String(given));
		if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} takes a whole number above 0 (200k, 1M), not ${String(given)}`);
		return [name, number] as const;
	});
	return Object.fromEntries(read) as Record<N, number>; // the names given
}

/** Progress, for whoever watches; never part of what is found. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Runs the part of this script and prints what it came to. */
export async function run(measure: () => Promise<Result>): Promise<void> {
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130)); // whoever was started goes with it
	const result = await measure();
	if (process.argv.includes("--json")) console.log(JSON.stringify(result));
	else for (const text of [result.about, ...result.tables.map(tableText), ...(result.notes ?? [])]) console.log(`${text}\n`);
	process.exit(0); // a connection somebody left open keeps nobody waiting
}
