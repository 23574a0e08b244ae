/**
 * Process - a promise the system keeps: from facts to the commands that follow from them, whatever the order of arrival.
 *
 * Two kinds of rows. A *subject* is one piece of work (a case to open). A *reference* is what the work depends on and what may
 * be learnt later or corrected (who held a vehicle, from when). A subject needs one reference at one instant. `next` is pure, so
 * recovery is asking again; a fact about a reference wakes only the subjects inside the span of time it changed.
 */
import type { Commands } from "./define.ts";
import type { Fold, Touch } from "./projection.ts";
import type { Instant } from "./time.ts";

/** A command to send; `cause` tells apart two commands of one subject, and makes a repeated one the same. */
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

/** What a fact about a reference says at least: from when it holds. */
export interface Dated {
	readonly from: Instant | null;
}
/** `[from, to)`; null is without end. */
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
		/** The reference the subject needs, and the instant; null while it needs none. */
		readonly needs: (subject: S) => { readonly reference: string; readonly at: Instant } | null;
	};
	readonly references: {
		readonly on: { readonly [K in keyof F]?: F[K] extends Dated ? Fold<R, F[K]> : never };
		/** The time for which the fact may change the answer; decided on the row with the fact applied. */
		readonly changed: (row: R, data: Dated) => Span;
	};
	/** What is still to be done; nothing when the subject is as it should be. */
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
