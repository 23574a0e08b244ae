/** Rows - rows of a process: a subject is a piece of work, a reference a thing it depends on; both also hold fields of the runner. */
import type { AnyProcess, Instant, Sending, Span } from "../../model/index.ts";
import type { Change, Row, Table, TableSpec } from "../../store/rows.ts";
import type { Folded } from "../following/folding.ts";

export const SUBJECT = "subject/";
export const REFERENCE = "reference/";
/** The id of the row of a reference: `reference/vehicle/FR-AB-123-CD`. */
export const referenceRowOf = (name: string, id: string): string => `${REFERENCE}${name}/${id}`;
/** The name of a reference and its own id, from the id of its row. */
export function referenceOf(row: string): { readonly name: string; readonly id: string } {
	const cut = row.indexOf("/", REFERENCE.length);
	return { name: row.slice(REFERENCE.length, cut), id: row.slice(cut + 1) };
}

/** The columns with the id of a reference and the instant at which the subject needs it. */
export const referenceColumns = (name: string): readonly [id: string, at: string] => [`${name}Id`, `${name}At`];
export function processTableOf({ name, references = {} }: AnyProcess): TableSpec {
	const ranges = Object.keys(references).map(referenceColumns);
	return { name, columns: [...ranges.flat(), "state"], counted: ["state"], ranges };
}

/** A command that waits for an operator, and why. */
export interface Parked {
	/** Id of the command; dropping affects only this command. */
	readonly command: string;
	readonly action: string;
	readonly params: object;
	/** Positions of the facts that caused it. */
	readonly cause: string;
	/** Code of the refusal, or FAILED. */
	readonly code: string;
	readonly detail: string;
	readonly attempts: number;
	/** Instant of parking. */
	readonly at: Instant;
}
/** A command that is no longer parked: retried or dropped by an operator, or resolved by later facts. */
export interface Ended extends Parked {
	readonly ended: "retried" | "dropped" | "resolved";
	readonly until: Instant;
}
export interface Subject {
	readonly subject: object | null;
	readonly parked?: Parked;
	/** All commands that were parked before. */
	readonly ended?: readonly Ended[];
	/** Ids of commands that an operator dropped (interventions.ts). */
	readonly dropped?: readonly string[];
}
export const commandIdOf = (process: string, id: string, { cause }: Sending): string => `${process}/${id}/${cause}`;

/** The row with its parked command moved to `ended`. */
export function unparked(row: Subject, ended: Ended["ended"], until: Instant): Subject {
	const { parked, ...rest } = row;
	return parked ? { ...rest, ended: [...(row.ended ?? []), { ...parked, ended, until }] } : row;
}
/** The row after evaluation: a parked command that was dropped or is not needed any more moves to `ended`. `needed`: ids of commands. */
export function reconsidered(row: Subject, needed: readonly string[], now: Instant): Subject {
	if (!row.parked) return row;
	if (row.dropped?.includes(row.parked.command)) return unparked(row, "dropped", now);
	return needed.includes(row.parked.command) ? row : unparked(row, "resolved", now);
}

/** A span whose subjects must be woken, and the position of the fact that changed it. */
export interface Pending extends Span {
	readonly cause: string;
}
export interface Reference {
	readonly reference: object | null;
	/** Spans in which some subjects are not woken yet. */
	readonly pending: readonly Pending[];
}

export const pendingOf = (data: object | null | undefined): readonly Pending[] => (data as Reference | null | undefined)?.pending ?? []; // our own rows
/** Settled rows, and rows that wait for an instant, have no state, so that its index holds only open and parked rows. */
export type State = "open" | "parked" | null;
export const stateOf = ({ columns }: Pick<Row, "columns">): State => (columns?.at(-1) ?? null) as State; // our own rows

/** Rows in a state with ids above `after`, sorted by id. */
export const rowsIn = (table: Pick<Table, "find">, state: NonNullable<State>, after: string, limit: number): Promise<Row[]> =>
	table.find({ filters: { state }, sort: "id", descending: false, limit, after: { value: after, id: after } });

/** The change of a reference's row, whose reference columns are empty. */
export const referenceChange = (row: Pick<Folded, "before" | "data" | "at">, { references = {} }: AnyProcess): Change =>
	change(row, row.data, [...Object.keys(references).flatMap(() => [null, null]), pendingOf(row.data).length > 0 ? "open" : null]);
/** Writes a row. `due`: the instant at which it must be evaluated again without a new fact. */
export const change = (
	{ before, at }: Pick<Folded, "before" | "at">,
	data: object | null,
	columns: readonly (string | null)[],
	due: Instant | null = null,
): Change => ({ before, after: { id: before.id, rev: before.rev, at, data, due, columns } });
