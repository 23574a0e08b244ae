/**
 * Decide - decides one command on one state, with the checks in a fixed order, and folds the resulting facts into the next state. Actors
 * and tests both use it, so what a test proves also holds for stored facts.
 */
import { COMMON_CODES, notAllowedCode, unknownCode } from "./actor-codes.ts";
import { type AnyCommand, type Situation, creates, type Fact, type Model } from "./define.ts";
import { type Refusal, refuse } from "./codes.ts";
import type { Instant } from "./time.ts";

/** The inputs of a decision besides the case itself. */
export interface Circumstances {
	/** Number of facts of the actor so far. */
	readonly version: number;
	/** The version or versions named by the caller's `If-Match`. */
	readonly ifMatch?: Seen | undefined;
	/** The first refusal among the consulted answers. */
	readonly refusal?: Refusal | null;
}
/** One version, one of several, or `*` for any existing version. */
export type Seen = number | readonly number[] | "*";
type State = { readonly status: string };

export const unknownActor = (model: Pick<Model, "name">, id: string): Refusal =>
	refuse(unknownCode(model.name), `There is no ${model.name} ${id}`);

/**
 * Returns the facts (none if nothing changes) or the refusal. Checks in this order: the actor exists, `ifMatch`, "already so", the status
 * allows the command, the consulted answers, the invariants.
 */
export function decide(
	model: Model,
	definition: AnyCommand,
	situation: Situation<State>,
	{ version, ifMatch, refusal }: Circumstances,
): readonly Fact[] | Refusal {
	const { id, state, params, now } = situation;
	if (state.status === "unknown" && !creates(definition)) return unknownActor(model, id);
	if (ifMatch !== undefined && !isSeen(ifMatch, version)) return refuse(COMMON_CODES.VERSION_MISMATCH, unseen(model, version, ifMatch));
	if (state.status !== "unknown" && definition.already?.(state, params, { now })) return [];
	if (!definition.allowedIn.includes(state.status)) return notFrom(model, definition, id, state);
	if (refusal) return refusal;
	const broken = definition.require?.find((rule) => !rule.holds(situation));
	return broken ? refuse(broken.code, broken.says?.(situation) ?? broken.code.means) : definition.decide(state, params, situation);
}

const isSeen = (seen: Seen, version: number): boolean =>
	typeof seen === "number" ? seen === version : seen === "*" ? version > 0 : seen.includes(version);
function unseen({ name }: Model, version: number, seen: Seen): string {
	if (seen === "*") return `There is no version of the ${name} yet`;
	const versions = [seen].flat();
	return versions.length > 0
		? `The ${name} is at version ${version}, not ${versions.join(" or ")}`
		: `The ${name} is at version ${version}, and If-Match names none (a weak entity tag never matches)`;
}

function notFrom(model: Model, definition: AnyCommand, id: string, { status }: State): Refusal {
	return refuse(
		notAllowedCode(model, definition, status),
		`The ${model.name} ${id} ${creates(definition) ? "exists with other content" : `is ${status}`}`,
	);
}

/** The state after the facts of one decision, made at one instant. */
export function evolve(model: Model, state: State, facts: readonly Fact[], at: Instant): State {
	return facts.reduce<State>((before, { type, data }) => {
		const step = model.evolve[type];
		if (!step) throw new Error(`${model.name} does not know the fact ${type}`);
		return step(before as never, data as never, at); // the types were checked where the model is defined
	}, state);
}

/** Deep-freezes the value itself, so that a later write to it throws at once. */
export function frozen<T>(value: T): T {
	if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
	for (const inner of Object.values(Object.freeze(value))) frozen(inner);
	return value;
}
