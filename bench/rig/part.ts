/**
 * Part - runs one measurement as a script: `node bench/parts/growth.ts --to 200k` prints the result as text, with `--json` as one document
 * for bench.ts. All parts return the same kind of result, so that the page can show them the same way.
 */
import { parseArgs } from "node:util";
import { tableText } from "./markdown.ts";
import type { Result } from "./result.ts";

/** Parses 200k, 1M. */
export function numberIn(text: string): number {
	const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
	return digits === "" ? Number.NaN : Number(digits) * ({ k: 1e3, M: 1e6 }[unit] ?? 1);
}

/** The options of a part with their defaults: whole numbers above 0. */
export function numbers<N extends string>(defaults: Readonly<Record<N, string>>): Record<N, number> {
	const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" as const }]));
	const { values } = parseArgs({ options: { ...options, json: { type: "boolean" } } });
	const read = Object.entries<string>(defaults).map(([name, fallback]) => {
		const given = (values as Readonly<Record<string, unknown>>)[name] ?? fallback; // the options above
		const number = numberIn(String(given));
		if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} takes a whole number above 0 (200k, 1M), not ${String(given)}`);
		return [name, number] as const;
	});
	return Object.fromEntries(read) as Record<N, number>; // the names in `defaults`
}

/** Reports progress on stderr, apart from the result. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Runs the measurement of this script and prints its result. */
export async function run(measure: () => Promise<Result>): Promise<void> {
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130)); // ends the started processes too
	const result = await measure();
	if (process.argv.includes("--json")) console.log(JSON.stringify(result));
	else for (const text of [result.about, ...result.tables.map(tableText), ...(result.notes ?? [])]) console.log(`${text}\n`);
	process.exit(0); // does not wait for open connections
}
