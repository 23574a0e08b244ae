/**
 * Outcome - the outcome of one item of a batch: as its node has it, as other nodes get it, and as an action of one returns or throws it. A
 * refusal is a plain value until then, so a refused item costs no more than an accepted one.
 */
import type { Seen } from "../../model/decide.ts";
import { receivedRefusal, type Refusal } from "../../model/index.ts";
import { CODES } from "../common/codes.ts";
import type { Done } from "./envelope.ts";
import {
	broken,
	failureError,
	type FieldError,
	invalid,
	isOfStore,
	isOutage,
	isUnreadable,
	refusalError,
	unavailable,
} from "../common/errors.ts";

/** One command of a batch: its params and the metadata of its own. */
export interface Item {
	readonly params: Record<string, unknown>;
	readonly commandId?: string;
	/** The version the caller has seen. */
	readonly ifMatch?: Seen;
	/** Digest of the params, if the caller chose the command id. */
	readonly digest?: string;
	/** Positions of the facts that caused the command. */
	readonly cause?: string;
}
interface Refused {
	readonly status: number;
	readonly code: string;
	readonly detail: string;
	/** The fields that are not valid. */
	readonly errors?: readonly FieldError[];
}
/**
 * `unavailable`: temporary, to be retried. `undecided`: temporary and not a failure of the store, so that an immediate retry makes sense.
 * `unreadable`: a retry does not help.
 */
interface Failure {
	readonly failure: string;
	readonly unavailable?: true;
	readonly undecided?: true;
	readonly unreadable?: true;
	/** The node that failed. */
	readonly node?: string;
}
/** The outcome of a command or of an ask, as it is sent between nodes. */
export type Outcome<T = Done> = { readonly done: T } | { readonly refusal: Refused } | Failure;
/** The outcome on the node that carries out the item. */
export type Verdict<T> = { readonly done: T } | { readonly refusal: Refused } | { readonly error: unknown };

export const refused = ({ status, code, detail }: Refusal): { readonly refusal: Refused } => ({ refusal: { status, code, detail } });
const NOT_VALID = CODES.VALIDATION_ERROR;
/** The refusal of an item whose fields are not as expected. */
export const notValid = (errors: readonly FieldError[]): { readonly refusal: Refused } => ({
	refusal: { status: NOT_VALID.status, code: NOT_VALID.name, detail: "The content is not valid", errors },
});

/** The outcome of an item that failed, or whose call failed as a whole. */
export function failed(error: unknown): Failure {
	const failure = error instanceof Error ? error.message : String(error);
	if (isUnreadable(error)) return { failure, unreadable: true };
	if (!isOutage(error)) return { failure };
	return { failure, unavailable: true, ...(isOfStore(error) ? {} : { undecided: true }) };
}
export const outcomeOf = <T>(verdict: Verdict<T>, node: string): Outcome<T> =>
	"error" in verdict ? { ...failed(verdict.error), node } : verdict;

/** The result of a batch of one; throws its refusal or failure. */
export function onlyOf<T>([verdict]: readonly Verdict<T>[]): T {
	if (verdict === undefined) throw new Error("A batch of one has no outcome");
	if ("done" in verdict) return verdict.done;
	if ("error" in verdict) throw failureError(verdict.error);
	const { status, code, detail, errors } = verdict.refusal;
	throw errors ? invalid(errors, detail) : refusalError(receivedRefusal(code, status, detail));
}

/** The answer of an ask of another actor; a refusal counts as an answer, a failure is thrown. */
export function answerIn(outcome: Outcome<unknown> = { failure: "no answer" }): unknown {
	if ("done" in outcome) return outcome.done;
	if ("refusal" in outcome) return receivedRefusal(outcome.refusal.code, outcome.refusal.status, outcome.refusal.detail);
	throw Object.assign(errorOf(outcome), { nodeID: outcome.node }); // Moleculer's field: not the asking node fails
}
function errorOf({ failure, unavailable: later, undecided, unreadable }: Failure): Error {
	if (unreadable) return broken(CODES.STREAM_UNREADABLE, failure);
	return later ? unavailable(undecided ? CODES.CALLER_GONE : CODES.STORE_UNAVAILABLE, failure) : new Error(failure);
}
