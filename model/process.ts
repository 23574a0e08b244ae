/**
 * Process - turns facts into the commands that follow from them, in whatever order the facts arrive.
 *
 * It keeps two kinds of rows. A *subject* is one piece of work (a case to open). A *reference* is data that the work depends on and that
 * may arrive late or be corrected (who held a vehicle, from when). A subject needs each of its references at one instant. `next` is pure,
 * so recovery calls it again. A fact about a reference wakes only the subjects within the time span it changed. A command may have an
 * instant before which it is not sent; when `next` no longer returns it, it is cancelled.
 */
import type { Commands } from "./define.ts";
import type { Fold, Touch } from "./projection.ts";
import type { Instant } from "./time.ts";

/** A command to send. `cause` distinguishes two commands of one subject and gives a repeated command the same id. */
export interface Sending {
	readonly action: string;
	readonly params: { readonly id: string };
	readonly cause: string;
	/** The command is not sent before this instant; without it, the command is sent at once. */
	readonly notBefore?: Instant;
}
export const send = <K extends keyof Commands & string>(
	action: K,
	params: Commands[K] extends { readonly id: string } ? Commands[K] : never,
	cause: string,
): Sending => ({ action, params, cause });

/**
 * The same command, not sent before an instant. The actor compares its own time and refuses with NOT_YET if the command is early.
 *
 * `notBefore(endOfTerm, send("notice.increase", { id }, "overdue"))`
 */
export const notBefore = (instant: Instant, sending: Sending): Sending =>
	sending.notBefore !== undefined && sending.notBefore > instant ? sending : { ...sending, notBefore: instant };

/** A fact about a reference has at least `from`, the instant from which it holds. */
export interface Dated {
	readonly from: Instant | null;
}
/** `[from, to)`; null means no bound. */
export interface Span {
	readonly from: Instant | null;
	readonly to: Instant | null;
}

/** One reference of a subject, and the instant at which the subject needs it. */
export interface Need {
	readonly reference: string;
	readonly at: Instant;
}
export interface ReferenceKind<S extends object, R extends object, F extends object> {
	/** The reference that the subject needs, and the instant; null if it needs none. */
	readonly needs: (subject: S) => Need | null;
	readonly on: { readonly [K in keyof F]?: F[K] extends Dated ? Fold<R, F[K]> : never };
	/** The time span in which the fact may change the answer; `row` already includes the fact. */
	readonly changed: (row: R, data: Dated) => Span;
}

/** `S`: the row of a subject. `F`: the facts it follows. `R`: the rows of its references, by name. */
export interface Process<S extends object, F extends object, R extends Readonly<Record<string, object>>> {
	readonly name: string;
	readonly follows: readonly string[];
	readonly subjects: {
		/** Facts that start a piece of work, and facts that continue or close it. */
		readonly start: { readonly [K in keyof F]?: Fold<S, F[K]> | Touch<S, F[K]> };
		readonly continue: { readonly [K in keyof F]?: Fold<S, F[K]> | Touch<S, F[K]> };
	};
	readonly references?: { readonly [N in keyof R]: ReferenceKind<S, R[N], F> };
	/** Every command that it may send, by its full name. */
	readonly sends: readonly string[];
	/** The commands still to send; none when the subject is up to date. */
	readonly next: (subject: S, references: { readonly [N in keyof R]: R[N] | null }) => readonly Sending[];
}
/** A reference as the runner sees it. */
export interface AnyReference {
	needs(subject: object): Need | null;
	readonly on: Readonly<Record<string, unknown>>;
	changed(row: object, data: Dated): Span;
}
/** A process as the runner sees it. */
export interface AnyProcess {
	readonly name: string;
	readonly follows: readonly string[];
	readonly subjects: { readonly start: Readonly<Record<string, unknown>>; readonly continue: Readonly<Record<string, unknown>> };
	readonly references?: Readonly<Record<string, AnyReference>>;
	readonly sends: readonly string[];
	next(subject: object, references: Readonly<Record<string, object | null>>): readonly Sending[];
}

/** Binds the statement of a process to the types of its rows and facts. */
export const processManager = <S extends object, F extends object, R extends Readonly<Record<string, object>> = Record<never, never>>(
	statement: Process<S, F, R>,
): Process<S, F, R> => statement;

/** The facts about its references that a process folds. */
export const referenceFacts = ({ references = {} }: AnyProcess): readonly string[] =>
	Object.values(references).flatMap(({ on }) => Object.keys(on));
