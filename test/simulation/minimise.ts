/** Minimise - finds the simplest schedule that still fails in the same way, by deleting and zeroing choices. */
import type { Over } from "./config.ts";
import { type Options, runOne, type Verdict } from "./run-one.ts";

/** Most schedules tried. */
const BUDGET = 4000;

const stripped = (script: readonly number[]): readonly number[] => script.slice(0, script.findLastIndex((value) => value !== 0) + 1);

/** The simplest schedule found, traced; null if the seed does not fail. Must be called like runOne. */
export function minimise(seed: number, over: Over = {}): Verdict | null {
	const first = runOne(seed, { over });
	const kind = first.violations[0]?.kind;
	if (kind === undefined) return null;
	let budget = BUDGET;
	const fails = (script: readonly number[]): boolean => {
		budget--;
		return runOne(seed, { over, script }).violations[0]?.kind === kind;
	};
	let best = stripped(first.picked);
	const attempt = (script: readonly number[]): boolean => {
		const simpler = stripped(script);
		if (!fails(simpler)) return false;
		best = simpler;
		return true;
	};
	for (let size = Math.max(1, best.length >> 1); size >= 1 && budget > 0; size >>= 1)
		for (let at = 0; at < best.length && budget > 0;) {
			if (attempt([...best.slice(0, at), ...best.slice(at + size)])) continue;
			const piece = best.slice(at, at + size);
			if (piece.some((value) => value !== 0)) attempt([...best.slice(0, at), ...piece.map(() => 0), ...best.slice(at + size)]);
			at += size;
		}
	const options: Options = { over, script: best, traced: true };
	return runOne(seed, options);
}
