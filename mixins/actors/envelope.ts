/** Envelope - what travels with a command to its actor, what its caller is told, and how other actors are asked meanwhile. */
import type { Seen } from "../../model/decide.ts";
import type { Instant } from "../../model/index.ts";

/** What travels with a command besides its params; the same for every attempt. */
export interface Envelope {
	readonly commandId: string;
	readonly by: string;
	/** When it arrived: the `now` of its decision. */
	readonly at: Instant;
	/** What the caller has seen. */
	readonly ifMatch?: Seen;
	/** Of name and params, where the caller chose the command id. */
	readonly digest?: string;
	/** Milliseconds of the clock after which nobody waits. */
	readonly deadline?: number;
	readonly cause?: string;
	readonly trace?: string;
}
/** What the caller of a command is told. */
export interface Done {
	readonly id: string;
	/** Facts in the stream, with this command's. */
	readonly version: number;
	/** Where to read from to see it; empty when nothing was ever written. */
	readonly position: string;
	/** Whether it brought something into being. */
	readonly begun: boolean;
	readonly replayed: boolean;
	readonly written: boolean;
	readonly answer: Readonly<Record<string, unknown>>;
}

/** Asks another actor; refusals are answers here. */
export type Consulting = (ask: string, params: object) => Promise<unknown>;
