/** ProcessRows - the rows of a process: a subject is a piece of work, a reference what it depends on; both stand inside fields of the runner's own. */
import type { AnyProcess, Span } from "../model/index.ts";
import type { Change, TableSpec } from "../store/rows.ts";
import type { Folded } from "./folding.ts";

export const SUBJECT = "subject/";
export const REFERENCE = "reference/";

export const processTableOf = (process: AnyProcess): TableSpec => ({
	name: process.name,
	columns: ["reference", "at", "state"],
	counted: ["state"],
	ranges: [["reference", "at"]],
});

/** Why a piece of work waits for a person. */
export interface Parked {
	readonly code: string;
	readonly detail: string;
	readonly attempts: number;
}
export interface Subject {
	readonly subject: object | null;
	readonly parked?: Parked;
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

/** Folds work on the inner row; the runner's own fields stand around it. */
export function within<T extends { readonly fold: (row: object | null, data: unknown, origin: never) => object | null }>(
	step: T,
	field: "subject" | "reference",
): T {
	const { fold } = step;
	return {
		...step,
		fold: (row: object | null, data: unknown, origin: never) => ({
			...row,
			// the runner's own fields
			[field]: fold((row as Readonly<Record<string, object | null>> | null)?.[field] ?? null, data, origin), // our own rows
		}),
	};
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
