/** Results - what was measured, by part: the document that the page is made of. */
import type { Machine } from "../rig/machine.ts";
import type { Result } from "../rig/result.ts";

/** One part as it was measured last. */
export interface Measured {
	/** When it began, ISO-8601 UTC. */
	readonly at: string;
	readonly seconds: number;
	/** Load average of the minute before it began. */
	readonly load: number;
	readonly command: string;
	readonly quick: boolean;
	readonly machine: Machine;
	readonly result: Result;
}
export type Results = Readonly<Record<string, Measured>>;
