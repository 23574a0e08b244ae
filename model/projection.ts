/** Projection - facts folded into rows that people read. Pure: `fact -> (row, data, origin) -> row | null`. */
import type { Fact } from "./define.ts";
import type { Instant } from "./time.ts";

/** Where a fact comes from. */
export interface Origin {
	readonly log: string;
	readonly partition: number;
	readonly position: number;
	readonly service: string;
	readonly id: string;
	/** Of the actor, with the whole commit applied. */
	readonly version: number;
	/** When the decision was taken. */
	readonly at: Instant;
	readonly by: string;
	/** All facts of the commit: what one decision said is said together. */
	readonly facts: readonly Fact[];
}

export type Fold<R, D> = (row: R | null, data: D, origin: Origin) => R | null;
/** A fold of a row other than the actor's own. */
export interface Touch<R, D> {
	readonly row: (data: D, origin: Origin) => string | null;
	readonly fold: Fold<R, D>;
	/** A count that grows: neither what the row is filtered and sorted by nor when it reads differently hangs on it, so neither is worked out again. */
	readonly counts?: true;
}

export interface Projection<R extends object, F extends object, Shown extends object> {
	/** The read model: `radars`. */
	readonly name: string;
	/** The actor whose ids the rows carry: `radar`. */
	readonly of: string;
	/** The logs it follows; the facts are the keys of `on`. */
	readonly follows: readonly string[];
	readonly on: { readonly [K in keyof F]?: Fold<R, F[K]> | Touch<R, F[K]> };
	/** The row as read at an instant; null while there is nothing to show (a count that came before the thing it counts). */
	readonly show: (row: R, now: Instant, id: string) => Shown | null;
	/** When the row will read differently with no fact in between; null never. */
	readonly due?: (row: R, now: Instant) => Instant | null;
	/** Fields of the shown row a list may be filtered by. */
	readonly filters: readonly (keyof Shown & string)[];
	/** The values of filters that have few: a list refuses any other value. */
	readonly values?: { readonly [K in keyof Shown & string]?: readonly Shown[K][] };
	/** Filters whose value is the row's own id, under another name. */
	readonly identity?: readonly (keyof Shown & string)[];
	/** Fields it may be sorted by, besides id. */
	readonly sorts?: readonly (keyof Shown & string)[];
	/** Filters with few values: their totals are kept, not counted. */
	readonly counted?: readonly (keyof Shown & string)[];
	/** Filters with many values that come in no order (a plate): indexed so that a row costs no more the more there are. */
	readonly scattered?: readonly (keyof Shown & string)[];
}
/** A projection as the mixins see it. */
export interface AnyProjection {
	readonly name: string;
	readonly of: string;
	readonly follows: readonly string[];
	readonly on: Readonly<Record<string, unknown>>;
	show(row: object, now: Instant, id: string): object | null;
	due?(row: object, now: Instant): Instant | null;
	readonly filters: readonly string[];
	readonly values?: Readonly<Record<string, readonly unknown[] | undefined>>;
	readonly identity?: readonly string[];
	readonly sorts?: readonly string[];
	readonly counted?: readonly string[];
	readonly scattered?: readonly string[];
}

export const projection = <R extends object, F extends object, Shown extends object = R>(
	statement: Projection<R, F, Shown>,
): Projection<R, F, Shown> => statement;

/** A fact of the same commit, where one fact needs what another of the same decision says. */
export function beside<F extends object, K extends keyof F & string>(origin: Origin, type: K): F[K] | undefined {
	const found = origin.facts.find((fact): fact is Fact<K, F[K]> => fact.type === type);
	return found?.data;
}
