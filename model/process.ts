/**
 * Process - turns facts into the commands that follow from them, in whatever order the facts arrive.
 *
 * It keeps two kinds of rows. A *subject* is one piece of work (a case to open). A *reference* is data that the work depends on and that
 * may arrive late or be corrected (who held a vehicle, from when). A subject needs one reference at one instant. `next` is pure, so
 * recovery calls it again. A fact about a reference wakes only the subjects within the time span it changed.
 */
import type { Commands } from "./define.ts";
import type { Fold, Touch } from "./projection.ts";
import type { Instant } from "./time.ts";

/** A command to send. `cause` distinguishes two commands of one subject and gives a repeated command the same id. */
export interface Sending {
	readonly action: string;
	readonly params: { readonly id: string };
	readonly cause: string;
}
export const send = <K extends keyof Commands & string>(
	action: K,
	params: Commands[K] extends { readonly id: string } ? Commands[K] : never,
	cause: string,
): Sending => ({ action, params, cause });

/** A fact about a reference has at least `from`, the instant from which it holds. */
export interface Dated {
	readonly from: Instant | null;
}
/** `[from, to)`; null means no bound. */
export interface Span {
	readonly from: Instant | null;
	readonly to: Instant | null;
}

export interface Process<S extends object, R extends object, F extends object> {
	readonly name: string;
	readonly follows: readonly string[];
	readonly subjects: {
		/** Facts that start a piece of work, and facts that continue or close it. */
		readonly start: { readonly [K in keyof F]?: Fold<S, F[K]> | Touch<S, F[K]> };
		readonly continue: { readonly [K in keyof F]?: Fold<S, F[K]> | Touch<S, F[K]> };
		/** The reference that the subject needs, and the instant; null if it needs none. */
		readonly needs: (subject: S) => { readonly reference: string; readonly at: Instant } | null;
	};
	readonly references: {
		readonly on: { readonly [K in keyof F]?: F[K] extends Dated ? Fold<R, F[K]> : never };
		/** The time span in which the fact may change the answer; `row` already includes the fact. */
		readonly changed: (row: R, data: Dated) => Span;
	};
	/** The commands still to send; none when the subject is up to date. */
	readonly next: (subject: S, reference: R | null) => readonly Sending[];
}
/** A process as the runner sees it. */
export interface AnyProcess {
	readonly name: string;
	readonly follows: readonly string[];
	readonly subjects: {
		readonly start: Readonly<Record<string, unknown>>;
		readonly continue: Readonly<Record<string, unknown>>;
		needs(subject: object): { readonly reference: string; readonly at: Instant } | null;
	};
	readonly references: { readonly on: Readonly<Record<string, unknown>>; changed(row: object, data: Dated): Span };
	next(subject: object, reference: object | null): readonly Sending[];
}

export const process = <S extends object, R extends object, F extends object>(statement: Process<S, R, F>): Process<S, R, F> => statement;
