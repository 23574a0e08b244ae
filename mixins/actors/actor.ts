/** Actor - one `(service, id)` in memory, and all of one kind as a job sees them. */
import type { Answers } from "./answers.ts";
import { type Model, type Refusal, UNKNOWN } from "../../model/index.ts";
import { CommandMemory, type Remembered } from "./command-memory.ts";
import type { Commit } from "../../store/log.ts";
import type { Writer } from "../../store/writer.ts";
import type { Done } from "./envelope.ts";

export interface Actor {
	readonly state: { readonly status: string };
	readonly version: number;
	readonly position: string;
	/** Those it has carried out; grows with the actor, and is never changed by a decision. */
	readonly commands: CommandMemory;
}
export const NEVER_WRITTEN: Actor = { state: UNKNOWN, version: 0, position: "", commands: new CommandMemory() };

/** All actors of one kind, as a job sees them. */
export interface ActorHost {
	readonly model: Model;
	/** Milliseconds. */
	readonly clock: () => number;
	writer(stream: string): Writer;
	readonly answers: Answers;
	get(stream: string): Actor | undefined;
	/** The command a commit carried out, and what it was answered. */
	remembered(commit: Commit): Remembered;
	/** The commit is durable: the actor moves. */
	landed(actor: Actor, commit: Commit): Done;
	/** The next of the mailbox may go. */
	next(stream: string): void;
	/** For the metrics, like the two below: how a command ended. */
	refused(refusal: Refusal): void;
	unchanged(): void;
	failed(): void;
}
