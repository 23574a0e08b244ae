/** Outcome - one command of a bulk call, and its outcome. */
import type { Done } from "./envelope.ts";
import { type FieldError, fieldsOf, isOfStore, isOutage, isUnreadable } from "../common/errors.ts";

/** One command of a bulk call: its params and the metadata of its own. */
export interface Item {
	readonly params: Record<string, unknown>;
	readonly commandId?: string;
	/** Positions of the facts that caused the command. */
	readonly cause?: string;
}
export type Outcome =
	| { readonly done: Done }
	| {
			readonly refusal: {
				readonly status: number;
				readonly code: string;
				readonly detail: string;
				readonly errors?: readonly FieldError[];
			};
	  }
	/**
	 * `unavailable`: temporary, to be retried. `undecided`: temporary and not a failure of the store, so that an immediate retry makes sense.
	 * `unreadable`: a retry does not help.
	 */
	| { readonly failure: string; readonly unavailable?: true; readonly undecided?: true; readonly unreadable?: true };

export function outcomeOf(error: unknown): Outcome {
	const invalid = fieldsOf(error);
	if (invalid) return { refusal: { status: 422, ...invalid } };
	const failure = error instanceof Error ? error.message : String(error);
	if (isUnreadable(error)) return { failure, unreadable: true };
	if (!isOutage(error)) return { failure };
	return { failure, unavailable: true, ...(isOfStore(error) ? {} : { undecided: true as const }) };
}
