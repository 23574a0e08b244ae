/**
 * Personal - marks the personal fields of facts and rows, and names whose data they are. The data of one subject is sealed under one key,
 * so that destroying the key forgets the subject everywhere (docs/decisions/0049-sealed-personal-data.md).
 */
import type { Instant } from "./time.ts";

/** A field whose subject may be forgotten: it is null from then on. */
export type Personal<T> = T | null;
/** Whose data it is: a person, or a period in which everything is forgotten together. `owner:o-1`, `epoch:2026-03`. */
export type Subject = `${string}:${string}`;

/** The subject of an owner, a person or a company contact. */
export const ownerSubject = (id: string): Subject => `owner:${id}`;
/** The subject of all that happened in one month (UTC). */
export const epochSubject = (at: Instant): Subject => `epoch:${at.slice(0, 7)}`;

/** The fields that can be forgotten: their type has to admit null. */
export type Forgettable<D> = { [K in keyof D & string]-?: null extends D[K] ? K : never }[keyof D & string];
/** The place of a fact that decides whose data it holds. */
export interface Sealable {
	/** Id of the actor. */
	readonly id: string;
	/** Instant of the decision. */
	readonly at: Instant;
}

/** The personal fields of a fact; with `of` they are sealed under the key of that subject, pure. */
export type PersonalFields<D> =
	| { readonly fields: readonly Forgettable<D>[]; readonly of: (data: D & Sealable) => Subject }
	/** Marked only: the field is part of ids, so it cannot be sealed alone. */
	| { readonly fields: readonly (keyof D & string)[]; readonly of?: undefined };

/** The same as the mixins see it. */
export interface AnyPersonal {
	readonly fields: readonly string[];
	of?(data: object): Subject;
}

/** The personal fields of a row: stored sealed, found only by exact match, and never sorted by. */
export interface PersonalRow<R> {
	readonly fields: readonly Forgettable<R>[];
	readonly of: (row: R, id: string) => Subject;
}
export interface AnyPersonalRow {
	readonly fields: readonly string[];
	of(row: object, id: string): Subject;
}
