/** Envelope - the metadata of a command on its way to its actor, the result its caller gets, and the consult function. */
import type { Seen } from "../../model/decide.ts";
import type { Instant } from "../../model/index.ts";

/** Metadata of a command; the same for every attempt. */
export interface Envelope {
	readonly commandId: string;
	readonly by: string;
	/** Instant of arrival; the `now` of the decision. */
	readonly at: Instant;
	/** The version the caller has seen. */
	readonly ifMatch?: Seen;
	/** Digest of name and params, if the caller chose the command id. */
	readonly digest?: string;
	/** Time in milliseconds of the monotonic clock until which the caller waits. */
	readonly deadline?: number;
	readonly cause?: string;
	readonly trace?: string;
}
/** Result of a command. */
export interface Done {
	readonly id: string;
	/** Number of facts in the stream, including this command's. */
	readonly version: number;
	/** A read with this position sees the command; empty if nothing was ever written. */
	readonly position: string;
	/** Whether the command created the actor. */
	readonly begun: boolean;
	readonly replayed: boolean;
	readonly written: boolean;
	readonly answer: Readonly<Record<string, unknown>>;
}

/** Asks another actor; resolves to its answer or its refusal. */
export type Consulting = (ask: string, params: object) => Promise<unknown>;
