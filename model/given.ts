/**
 * Given - the grammar of every aggregate test: given these facts, when this command or ask comes, then this is the result. The model types
 * it, so an unknown command, a wrong param or a fact of another aggregate does not compile. It only throws, so any test runner can use it.
 *
 * `given(radar, installed()).at(noon).when("activate", { from: noon }).then(activated(noon))`
 */
import { decide, evolve, frozen } from "./decide.ts";
import { type AnyCommand, type Asks, type Fact, type Model, UNKNOWN } from "./define.ts";
import type { ParamsOf, Shape } from "./params.ts";
import { isRefusal, type Refusal } from "./codes.ts";
import { sameJson } from "./text.ts";
import type { Instant } from "./time.ts";

type DataOf<Step> = Step extends (state: never, data: infer D, at: Instant) => unknown ? D : never;
/** The facts of a model. */
export type FactIn<M extends Model> = { [K in keyof M["evolve"] & string]: Fact<K, DataOf<M["evolve"][K]>> }[keyof M["evolve"] & string];

/** The params with an optional id, for tests that do not depend on the id. */
type Anonymous<P> = Omit<P, "id"> & { readonly id?: string };
type ShapeOf<L> = L extends { readonly shape: infer S extends Shape } ? S : never;
/** The params of a command in a test. */
export type Given<M extends Model, K extends keyof M["commands"]> = Anonymous<ParamsOf<ShapeOf<M["commands"][K]>>>;
/** The params of an ask in a test. */
export type Asked<M extends Model, K extends keyof M["asks"]> = Anonymous<AskParams<M["asks"][K]>>;
type AskParams<L> = L extends { answer(state: never, params: infer P, facts: never): unknown } ? P : never;
type AskAnswer<L> = L extends { answer(...given: never): infer A } ? A : never;

type Both<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;
type AnswerOf<K> = K extends keyof Asks ? (Asks[K] extends { readonly answer: infer A } ? A : never) : never;
type Answers<L> = L extends { readonly consult?: infer C }
	? { readonly [N in keyof C as string extends N ? never : N]?: C[N] extends { readonly ask: infer K } ? AnswerOf<K> | Refusal : never }
	: never;
/** The answers of the consulted actors, by the name the command gives them; a refusal is an answer too. */
export type Consulting<M extends Model> = Both<Answers<M["commands"][keyof M["commands"]]>>;

/** Makes typed facts of a model: `const fact = factsOf(radar)`, `fact("radar.activated", { from })`. */
export const factsOf =
	<M extends Model>(_model: M) =>
	<K extends keyof M["evolve"] & string>(type: K, data: DataOf<M["evolve"][K]>): Fact<K, DataOf<M["evolve"][K]>> => ({ type, data });

/** The previous facts of one actor, in order; none if it does not exist yet. */
export const given = <M extends Model>(model: M, ...facts: readonly FactIn<M>[]): Setting<M> => new Setting(model, { facts });

const ITS_ID = "it";

interface Scene {
	readonly facts: readonly Fact[];
	readonly now?: Instant;
	readonly by?: string;
	readonly consulted?: Readonly<Record<string, unknown>>;
}

class Setting<M extends Model> {
	readonly #model: M;
	readonly #scene: Scene;

	constructor(model: M, scene: Scene) {
		this.#model = model;
		this.#scene = scene;
	}
	/** The answers of the actors that the command consults. */
	consulting(consulted: Consulting<M> & object): Setting<M> {
		return new Setting(this.#model, { ...this.#scene, consulted: Object.fromEntries(Object.entries(consulted)) });
	}
	/** The instant of the command; 2026-01-01 at noon (UTC) by default. */
	at(now: Instant): Setting<M> {
		return new Setting(this.#model, { ...this.#scene, now });
	}
	by(who: string): Setting<M> {
		return new Setting(this.#model, { ...this.#scene, by: who });
	}

	when<K extends keyof M["commands"] & string>(name: K, params: Given<M, K>): Outcome<M> {
		const definition = lawOf(this.#model, name);
		const { facts, now = "2026-01-01T12:00:00.000Z", by = "someone", consulted = {} } = this.#scene;
		const normal = frozen(definition.normalise?.(frozen(structuredClone(params))) ?? structuredClone(params));
		const id = definition.identity?.(normal) ?? params.id ?? ITS_ID;
		const { answers, refusal } = heard(definition, normal, consulted);
		const state = this.#state(now);
		const commandId = "the-command";
		const said = decide(
			this.#model,
			definition,
			{ id, state, params: normal, now, by, commandId, consulted: answers },
			{ version: facts.length, refusal },
		);
		if (!isRefusal(said)) evolve(this.#model, state, said, now); // the model must know each of its own facts
		return new Outcome(said, isRefusal(said) ? null : (definition.answer?.(said) ?? {}));
	}

	/** Answers one of its asks from its state. */
	ask<K extends keyof M["asks"] & string>(name: K, params: Asked<M, K>): Heard<AskAnswer<M["asks"][K]>> {
		const definition = this.#model.asks[name];
		if (!definition) throw new Error(`${this.#model.name} has no ask ${name}`);
		const { now = "2026-01-01T12:00:00.000Z" } = this.#scene;
		const id = params.id ?? ITS_ID;
		const answer = definition.answer(this.#state(now), frozen({ ...params, id }), { now, id });
		return { answer: answer as AskAnswer<M["asks"][K]>, thenAnswered: (expected) => agree("it answers", answer, expected) }; // AnyAsk has no answer type
	}

	#state(now: Instant): { readonly status: string } {
		const [first] = this.#scene.facts;
		if (first && !this.#model.begins.includes(first.type)) throw new Error(`No ${this.#model.name} begins with ${first.type}`);
		return this.#scene.facts.reduce<{ readonly status: string }>(
			(state, fact) => frozen(evolve(this.#model, state, [frozen(structuredClone(fact))], now)),
			frozen(UNKNOWN),
		);
	}
}

export interface Heard<A> {
	readonly answer: A;
	thenAnswered(expected: A): void;
}

class Outcome<M extends Model> {
	readonly #said: readonly Fact[] | Refusal;
	readonly #answer: Readonly<Record<string, unknown>> | null;

	constructor(said: readonly Fact[] | Refusal, answer: Readonly<Record<string, unknown>> | null) {
		this.#said = said;
		this.#answer = answer;
	}
	/** Exactly these facts, in this order. */
	then(...facts: readonly [FactIn<M>, ...FactIn<M>[]]): void {
		agree("it says", this.#said, facts);
	}
	/** No facts: it is already so. */
	thenNothing(): void {
		agree("it says", this.#said, []);
	}
	/** A refusal, with status 409 unless another one is passed. */
	thenRefused(code: string, status = 409): void {
		const { code: said, status: of } = isRefusal(this.#said) ? this.#said : { code: this.#said, status: undefined };
		agree("it is refused with", { code: said, status: of }, { code, status });
	}
	/** The answer to the caller, without id, version and position. */
	thenAnswered(answer: Readonly<Record<string, unknown>>): void {
		agree("the answer is", this.#answer ?? this.#said, answer);
	}
}

function lawOf(model: Model, name: string): AnyCommand {
	const definition = model.commands[name];
	if (!definition) throw new Error(`${model.name} has no command ${name}`);
	return definition;
}

/** Separates the refusals from the other consulted answers; an answer missing from the test throws. */
function heard({ consult = {} }: AnyCommand, params: unknown, consulted: Readonly<Record<string, unknown>>) {
	const answers: Record<string, unknown> = {};
	let refusal: Refusal | null = null;
	for (const [name, { ask, params: asked }] of Object.entries(consult)) {
		const answer = asked(params) === null ? null : consulted[name];
		if (answer === undefined) throw new Error(`It asks ${ask}: say what the answer is, .consulting({ ${name}: ... })`);
		if (isRefusal(answer)) refusal ??= answer;
		else answers[name] = answer;
	}
	return { answers: frozen(answers), refusal };
}

/** Throws with both values if they differ as JSON. */
export function agree(what: string, actual: unknown, expected: unknown): void {
	if (!sameJson(actual, expected))
		throw new Error(`${what}\n${JSON.stringify(actual, null, 2)}\nnot\n${JSON.stringify(expected, null, 2)}`);
}
