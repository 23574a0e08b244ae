/** Actor - one `(service, id)` in memory, what travels with a command to it, and what its caller is told. */
import type { Seen } from "../model/decide.ts";
import { type Instant, type Model, type Refusal, UNKNOWN } from "../model/index.ts";
import type { Commit } from "../store/log.ts";
import type { Writer } from "../store/writer.ts";

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

export interface Remembered {
	readonly id: string;
	readonly digest: string | undefined;
	readonly done: Done;
}
export interface Actor {
	readonly state: { readonly status: string };
	readonly version: number;
	readonly position: string;
	readonly commands: readonly Remembered[];
}
export const NEVER_WRITTEN: Actor = { state: UNKNOWN, version: 0, position: "", commands: [] };

/** All actors of one kind, as a job sees them. */
export interface ActorHost {
	readonly model: Model;
	/** Milliseconds. */
	readonly clock: () => number;
	writer(stream: string): Writer;
	get(stream: string): Actor | undefined;
	/** The commit is durable: the actor moves. */
	landed(actor: Actor, commit: Commit): Actor;
	/** The next of the mailbox may go. */
	next(stream: string): void;
	/** For the metrics, like the two below: how a command ended. */
	refused(refusal: Refusal): void;
	unchanged(): void;
	failed(): void;
}
