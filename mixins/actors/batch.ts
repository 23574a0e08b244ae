/**
 * Batch - carries out many commands or asks of one kind in one call, each with an outcome of its own. An action of one is a batch of one, so
 * both have the same validation, the same decisions and the same errors (docs/decisions/0038-one-is-a-batch-of-one.md).
 */
import type { AnyAsk, AnyCommand, Instant, Refusal } from "../../model/index.ts";
import { isRefusal } from "../../model/index.ts";
import type { Actors } from "./actors.ts";
import type { Consulting, Done, Envelope } from "./envelope.ts";
import { type Guarding, withOnce } from "./guard.ts";
import { type Item, notValid, refused, type Verdict } from "./outcome.ts";
import type { FieldError } from "../common/errors.ts";

type Params = Readonly<Record<string, unknown>>;
/** Checks params by the rules of a shape, and normalizes them in place. */
export type Check = (params: unknown) => true | readonly FieldError[];

/** Parts that a command needs: asks of other actors, the guard of its secrets if it has any, and the rights of its caller. */
export interface Helpers {
	readonly consulting: Consulting;
	readonly guarding?: Guarding | undefined;
	/** Why the caller may not send an item with these params; null if it may. */
	readonly refusing?: ((params: Params) => Refusal | null) | null;
}
/** The metadata that all commands of a call share. */
export type Shared = Pick<Envelope, "by" | "at" | "deadline" | "trace">;

export class CommandBatch {
	readonly #actors: Actors;
	readonly #name: string;
	readonly #definition: AnyCommand;
	readonly #check: Check;

	constructor(actors: Actors, name: string, definition: AnyCommand, check: Check) {
		this.#actors = actors;
		this.#name = name;
		this.#definition = definition;
		this.#check = check;
	}

	/** One outcome per item, in order. `id`: the id of the call, from which items without a command id derive theirs. */
	async run(items: readonly Item[], id: string, shared: Shared, helpers: Helpers): Promise<Verdict<Done>[]> {
		const one = (item: Item, i: number) => this.#one(item, `${id}/${i}`, shared, helpers);
		if (!helpers.guarding) return Promise.all(items.map(one));
		const verdicts: Verdict<Done>[] = []; // a guard compares with the state that the command before left
		for (const [i, item] of items.entries()) verdicts.push(await one(item, i));
		return verdicts;
	}

	async #one(item: Item, derived: string, shared: Shared, helpers: Helpers): Promise<Verdict<Done>> {
		try {
			const { commandId = derived, ifMatch, digest, cause } = item;
			const params = item.params ?? {}; // items of other nodes may be anything
			const wrong = this.#wrong(params);
			if (wrong) return notValid(wrong);
			const normal = (this.#definition.normalise?.(params) ?? params) as Params; // the compiler has checked these types in the model
			const forbidden = helpers.refusing?.(normal);
			if (forbidden) return refused(forbidden);
			const own = this.#definition.identity?.(normal);
			const { id } = normal;
			if (own !== undefined && id !== undefined && id !== own) return notValid([notOwn(own, id)]);
			const envelope: Envelope = {
				...shared,
				commandId,
				...(ifMatch === undefined ? {} : { ifMatch }),
				...(digest === undefined ? {} : { digest: this.#actors.options.keyed?.(digest) ?? digest }),
				...(cause === undefined ? {} : { cause }),
			};
			const result = await this.#carriedOut({ ...normal, id: own ?? String(id) }, envelope, helpers);
			return isRefusal(result) ? refused(result) : { done: result };
		} catch (error) {
			return { error };
		}
	}
	async #carriedOut(
		params: Params & { readonly id: string },
		envelope: Envelope,
		{ consulting, guarding }: Helpers,
	): Promise<Done | Refusal> {
		if (!guarding) return this.#actors.command(this.#name, params, envelope, consulting);
		const { commandId, digest } = envelope;
		const kept = await guarding({ command: this.#name, params, commandId, digest });
		const whole = kept.digest === undefined ? envelope : { ...envelope, digest: kept.digest };
		return withOnce(await this.#actors.command(this.#name, kept.params, whole, consulting), kept.once);
	}
	#wrong(params: Params): readonly FieldError[] | null {
		const found = this.#check(params);
		if (found !== true) return found;
		const { oneOf } = this.#definition;
		return oneOf && !oneOf.some((field) => params[field] !== undefined) ? nothingGiven(oneOf) : null;
	}
}

export class AskBatch {
	readonly #actors: Actors;
	readonly #definition: AnyAsk;
	readonly #check: Check;

	constructor(actors: Actors, definition: AnyAsk, check: Check) {
		this.#actors = actors;
		this.#definition = definition;
		this.#check = check;
	}

	/** One outcome per item, in order. */
	run(items: readonly Params[], now: Instant): Promise<Verdict<unknown>[]> {
		return Promise.all(items.map((params) => this.#one(params, now)));
	}
	async #one(params: Params, now: Instant): Promise<Verdict<unknown>> {
		try {
			const found = this.#check(params ?? {});
			if (found !== true) return notValid(found);
			const id = String(params["id"]);
			const answer = await this.#actors.ask(id, (actor) =>
				actor ? this.#definition.answer(actor.state, params, { now, id }) : this.#actors.unknown(id),
			);
			return isRefusal(answer) ? refused(answer) : { done: answer };
		} catch (error) {
			return { error };
		}
	}
}

const notOwn = (own: string, id: unknown): FieldError => ({
	field: "id",
	message: "must match the id derived from the content",
	expected: own,
	actual: id,
});
const nothingGiven = (fields: readonly string[]): readonly FieldError[] =>
	fields
		.slice(0, 1)
		.map((field) => ({ field, message: "a field to change is required", expected: `at least one of: ${fields.join(", ")}` }));
