/** Results - the stored results by part, from which the page is made. */
import type { Machine } from "../rig/machine.ts";
import type { Result } from "../rig/result.ts";

/** The latest result of one part. */
export interface Measured {
	/** Start time, ISO-8601 UTC. */
	readonly at: string;
	readonly seconds: number;
	/** Load average of the minute before the start. */
	readonly load: number;
	readonly command: string;
	readonly quick: boolean;
	readonly machine: Machine;
	readonly result: Result;
}
export type Results = Readonly<Record<string, Measured>>;
