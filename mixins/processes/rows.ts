/** ProcessRows - the rows of a process: a subject is a piece of work, a reference what it depends on; both stand inside fields of the runner's own. */
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

/** A command a piece of work waits with for a person, and why. */
export interface Parked {
	/** The command's id: what is dropped is this one and no other. */
	readonly command: string;
	readonly action: string;
	readonly params: object;
	/** The facts it follows from, as positions. */
	readonly cause: string;
	/** Of the refusal, or FAILED. */
	readonly code: string;
	readonly detail: string;
	readonly attempts: number;
	/** When it was parked. */
	readonly at: Instant;
}
/** One that waits no more: asked for again, given up by a person, or not needed after what has become known since. */
export interface Ended extends Parked {
	readonly ended: "retried" | "dropped" | "resolved";
	readonly until: Instant;
}
export interface Subject {
	readonly subject: object | null;
	readonly parked?: Parked;
	/** Nothing that was parked is forgotten. */
	readonly ended?: readonly Ended[];
	/** Commands given up by a person (interventions.ts). */
	readonly dropped?: readonly string[];
}
export const commandIdOf = (process: string, id: string, { cause }: Sending): string => `${process}/${id}/${cause}`;

/** The row with its parked command moved to those that wait no more. */
export function unparked(row: Subject, ended: Ended["ended"], until: Instant): Subject {
	const { parked, ...rest } = row;
	return parked ? { ...rest, ended: [...(row.ended ?? []), { ...parked, ended, until }] } : row;
}
/** The row once it is known what is still to be done: what was given up, or is not needed any more, does not wait. */
export function reconsidered(row: Subject, due: readonly Sending[], now: Instant): Subject {
	if (!row.parked) return row;
	if (row.dropped?.includes(row.parked.command)) return unparked(row, "dropped", now);
	return due.length === 0 ? unparked(row, "resolved", now) : row;
}

/** A span still to be looked through, and the fact that changed it. */
export interface Pending extends Span {
	readonly cause: string;
}
export interface Reference {
	readonly reference: object | null;
	/** Spans in which not every subject was woken yet. */
	readonly pending: readonly Pending[];
}

export const pendingOf = (data: object | null | undefined): readonly Pending[] => (data as Reference | null | undefined)?.pending ?? []; // our own rows
export const referenceChange = (row: Pick<Folded, "before" | "data" | "at">): Change =>
	change(row, row.data, [null, null, pendingOf(row.data).length > 0 ? "open" : null]);
/** What is settled has no state: its index holds only what somebody still has to look at. */
export const change = (
	{ before, at }: Pick<Folded, "before" | "at">,
	data: object | null,
	columns: readonly (string | null)[],
): Change => ({ before, after: { id: before.id, rev: before.rev, at, data, due: null, columns } });
