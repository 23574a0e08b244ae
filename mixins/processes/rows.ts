/** Rows - rows of a process: a subject is a piece of work, a reference a thing it depends on; both also hold fields of the runner. */
import type { AnyProcess, Instant, Sending, Span } from "../../model/index.ts";
import type { Change, TableSpec } from "../../store/rows.ts";
import type { Folded } from "../following/folding.ts";

export const SUBJECT = "subject/";
export const REFERENCE = "reference/";

export const processTableOf = (process: AnyProcess): TableSpec => ({
	name: process.name,
	columns: ["reference", "at", "state"],
	counted: ["state"],
	ranges: [["reference", "at"]],
});

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
/** The row after evaluation: a parked command that was dropped or is not needed any more moves to `ended`. */
export function reconsidered(row: Subject, due: readonly Sending[], now: Instant): Subject {
	if (!row.parked) return row;
	if (row.dropped?.includes(row.parked.command)) return unparked(row, "dropped", now);
	return due.length === 0 ? unparked(row, "resolved", now) : row;
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
export const referenceChange = (row: Pick<Folded, "before" | "data" | "at">): Change =>
	change(row, row.data, [null, null, pendingOf(row.data).length > 0 ? "open" : null]);
/** Writes a row; settled rows have no `state`, so that its index holds only open and parked rows. */
export const change = (
	{ before, at }: Pick<Folded, "before" | "at">,
	data: object | null,
	columns: readonly (string | null)[],
): Change => ({ before, after: { id: before.id, rev: before.rev, at, data, due: null, columns } });
