/** Actor - one `(service, id)` in memory, and the interface through which a job uses all actors of its kind. */
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
	/** The commands the actor has carried out; only durable commits add to it, never a decision. */
	readonly commands: CommandMemory;
}
export const NEVER_WRITTEN: Actor = { state: UNKNOWN, version: 0, position: "", commands: new CommandMemory() };

/** All actors of one kind, as a job uses them. */
export interface ActorHost {
	readonly model: Model;
	/** Milliseconds. */
	readonly clock: () => number;
	writer(stream: string): Writer;
	readonly answers: Answers;
	get(stream: string): Actor | undefined;
	/** The command that a commit carried out, and its answer. */
	remembered(commit: Commit): Remembered;
	/** Moves the actor on after its commit has become durable. */
	landed(actor: Actor, commit: Commit): Done;
	/** Starts the next command of the mailbox. */
	next(stream: string): void;
	/** Counts a command's outcome for the metrics, like the two below. */
	refused(refusal: Refusal): void;
	unchanged(): void;
	failed(): void;
}
