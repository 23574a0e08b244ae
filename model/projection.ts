/** Projection - folds facts into rows of a read model. Pure: `fact -> (row, data, origin) -> row | null`. */
import type { May } from "./access.ts";
import type { Fact } from "./define.ts";
import type { AnyPersonalRow, PersonalRow } from "./personal.ts";
import type { Instant } from "./time.ts";

/** The source of a fact. */
export interface Origin {
	readonly log: string;
	readonly partition: number;
	readonly position: number;
	readonly service: string;
	readonly id: string;
	/** Version of the actor after the whole commit. */
	readonly version: number;
	/** Instant of the decision. */
	readonly at: Instant;
	readonly by: string;
	/** All facts of the commit, that is, of one decision. */
	readonly facts: readonly Fact[];
}

export type Fold<R, D> = (row: R | null, data: D, origin: Origin) => R | null;
/** A fold of a row other than the actor's own. */
export interface Touch<R, D> {
	readonly row: (data: D, origin: Origin) => string | null;
	readonly fold: Fold<R, D>;
	/** Only increments counters, so index columns and the next change by time are not recomputed. */
	readonly counts?: true;
}

export interface Projection<R extends object, F extends object, Shown extends object> {
	/** Name of the read model: `radars`. */
	readonly name: string;
	/** Name of the actor whose ids the rows have: `radar`. */
	readonly of: string;
	/** The roles that may read it. */
	readonly may: May;
	/** The logs it follows; the keys of `on` are the facts it folds. */
	readonly follows: readonly string[];
	readonly on: { readonly [K in keyof F]?: Fold<R, F[K]> | Touch<R, F[K]> };
	/** The row as read at an instant; null while there is nothing to show (for example, a count that arrived before the radar). */
	readonly show: (row: R, now: Instant, id: string) => Shown | null;
	/** The instant at which the row next reads differently without a new fact; null if never. */
	readonly changesAt?: (row: R, now: Instant) => Instant | null;
	/** Fields of the shown row by which a list can be filtered. */
	readonly filters: readonly (keyof Shown & string)[];
	/** The values of filters that have few: a list refuses any other value. */
	readonly values?: { readonly [K in keyof Shown & string]?: readonly Shown[K][] };
	/** Filters on the row's own id under another name. */
	readonly identity?: readonly (keyof Shown & string)[];
	/** Sort fields besides id. */
	readonly sorts?: readonly (keyof Shown & string)[];
	/** Filters with few values; their totals are stored and not counted on each read. */
	readonly counted?: readonly (keyof Shown & string)[];
	/** No routes: only other services read it. */
	readonly internal?: true;
	/** Filters with many values in random order (plates); their index keeps the cost of a row constant as rows grow. */
	readonly scattered?: readonly (keyof Shown & string)[];
	/** Asks that commands may consult: the filters of the rows whose ids are the answer, as of the ends of the logs. */
	readonly asks?: Readonly<Record<string, (params: { readonly id: string }) => { readonly [K in keyof Shown & string]?: string }>>;
	/** Fields that are stored sealed, and read as null once their subject is forgotten. */
	readonly personal?: PersonalRow<R>;
}
/** A projection as the mixins see it. */
export interface AnyProjection {
	readonly name: string;
	readonly of: string;
	readonly may: May;
	readonly follows: readonly string[];
	readonly on: Readonly<Record<string, unknown>>;
	show(row: object, now: Instant, id: string): object | null;
	changesAt?(row: object, now: Instant): Instant | null;
	readonly filters: readonly string[];
	readonly values?: Readonly<Record<string, readonly unknown[] | undefined>>;
	readonly identity?: readonly string[];
	readonly sorts?: readonly string[];
	readonly counted?: readonly string[];
	readonly scattered?: readonly string[];
	readonly internal?: true;
	readonly asks?: Readonly<Record<string, (params: { readonly id: string }) => Readonly<Record<string, string | undefined>>>>;
	readonly personal?: AnyPersonalRow;
}

/** The answer of an ask of a read model: the ids of the first rows, at most five. */
export interface FoundIds {
	readonly ids: readonly string[];
}

export const projection = <R extends object, F extends object, Shown extends object = R>(
	statement: Projection<R, F, Shown>,
): Projection<R, F, Shown> => statement;

/** Data of another fact in the same commit. */
export function beside<F extends object, K extends keyof F & string>(origin: Origin, type: K): F[K] | undefined {
	const found = origin.facts.find((fact): fact is Fact<K, F[K]> => fact.type === type);
	return found?.data;
}
