/**
 * Define - the vocabulary that defines an aggregate. Its types reject a fact missing from `evolve`, a status that does not exist, and a
 * command or ask that no actor offers (test/model/types.ts).
 */
import type { May } from "./access.ts";
import type { Code, Invariant } from "./codes.ts";
import { type Field, id, type ParamsOf, type Shape } from "./params.ts";
import type { AnyPersonal, PersonalFields, Sealable, Subject } from "./personal.ts";
import type { Instant } from "./time.ts";

/** Asks offered by actors, by full name; each aggregate file adds its own. */
export interface Asks {}
/** Commands that processes may send, by full name; each aggregate file adds its own. */
export interface Commands {}

/** The state of every actor without facts. */
export interface Unknown {
	readonly status: "unknown";
}
type WithStatus = { readonly status: string };
type Known<S> = Exclude<S, Unknown>;
type In<S extends WithStatus, Status> = Extract<S, { readonly status: Status }>;

/** An event: named in the past tense and stored permanently. */
export interface Fact<K extends string = string, D = unknown> {
	readonly type: K;
	readonly data: D;
}
export type FactOf<F> = { [K in keyof F & string]: Fact<K, F[K]> }[keyof F & string];

/** All that a decision may depend on besides the state; `decide` reads nothing else. */
export interface Situation<S = unknown, P = unknown, C = unknown> {
	readonly id: string;
	readonly state: S;
	readonly params: P;
	readonly now: Instant;
	readonly by: string;
	readonly commandId: string;
	readonly consulted: C;
}

type Answer<K> = K extends keyof Asks ? (Asks[K] extends { answer: infer A } ? A : never) : never;
type AskParams<K> = K extends keyof Asks ? (Asks[K] extends { params: infer P } ? P : never) : never;
/** An ask of another actor whose answer a decision needs. */
export interface Consult<P, K extends keyof Asks> {
	readonly ask: K;
	readonly params: (params: P) => AskParams<K> | null;
}
/** Deliberately loose: naming every ask here would make each aggregate's type depend on all others. */
type Consults<P> = Readonly<Record<string, { readonly ask: string; readonly params: (params: P) => object | null }>>;
type Consulted<C> = { readonly [N in keyof C]: C[N] extends Consult<never, infer K> ? Answer<K> : never };

/** `consult: { radar: consult("radar.enforcementAt", (params) => ({ id: params.radar, at: params.capturedAt })) }`; null skips the ask. */
export const consult = <K extends keyof Asks, P>(name: K, params: (params: P) => AskParams<K> | null): Consult<P, K> => ({
	ask: name,
	params,
});

export interface CommandDefinition<S extends WithStatus, F, P, From extends S["status"], C, D> {
	/** The statuses in which the command is allowed; any other one refuses it with `<NAME>_<STATUS>`. */
	readonly allowedIn: readonly From[];
	/** The roles that may send it; all others are refused with FORBIDDEN. */
	readonly may: May;
	/** Whether the state already is what the command wants; if so, the answer is 200 and nothing is written. Not called for "unknown". */
	readonly already?: (state: Known<S>, params: P, situation: { readonly now: Instant }) => boolean;
	readonly consult?: C;
	readonly require?: readonly Invariant<Situation<In<S, From>, P, Consulted<C>>>[];
	/** Pure. Returns the facts, none if nothing changes. */
	readonly decide: (state: In<S, From>, params: P, situation: Situation<In<S, From>, P, Consulted<C>>) => readonly D[];
	/** The fields of the answer besides id, version and position. Depends only on the facts, so a replay answers the same. */
	readonly answer?: (facts: readonly FactOf<F>[]) => Readonly<Record<string, unknown>>;
	/** The same fields, described for a reader. */
	readonly answers?: string;
	/** Computes the actor's id from the params. */
	readonly identity?: (params: P) => string;
	/** Normalizes the params before anything else sees them. */
	readonly normalise?: (params: P) => P;
	/** At least one of these fields is required. */
	readonly oneOf?: readonly (keyof P & string)[];
	/** No route: only other services send it. */
	readonly internal?: true;
	/** Accepts NDJSON over HTTP: many commands in one request. */
	readonly bulk?: true;
}

export interface AskDefinition<S, P, A> {
	readonly shape: Shape;
	readonly may: May;
	readonly answer: (state: Known<S>, params: P, situation: { readonly now: Instant; readonly id: string }) => A;
	/** `GET /<plural>/:id/<route>`; without it there is no route. */
	readonly route?: string;
}

/** A command as the mixins see it, without its specific types. */
export interface AnyCommand {
	readonly shape: Shape;
	readonly allowedIn: readonly string[];
	readonly may: May;
	already?(state: unknown, params: unknown, situation: { readonly now: Instant }): boolean;
	readonly consult?: Readonly<Record<string, { readonly ask: string; params(params: unknown): object | null }>>;
	readonly require?: readonly { readonly code: Code; holds(situation: Situation): boolean; says?(situation: Situation): string }[];
	decide(state: unknown, params: unknown, situation: Situation): readonly Fact[];
	answer?(facts: readonly Fact[]): Readonly<Record<string, unknown>>;
	readonly answers?: string;
	identity?(params: unknown): string;
	normalise?(params: unknown): unknown;
	readonly oneOf?: readonly string[];
	readonly internal?: true;
	readonly bulk?: true;
}
export interface AnyAsk {
	readonly shape: Shape;
	readonly may: May;
	answer(state: unknown, params: unknown, situation: { readonly now: Instant; readonly id: string }): unknown;
	readonly route?: string;
}
/** An aggregate as the mixins see it. */
export interface Model {
	/** Name of the service, and the prefix of its streams: `radar`. */
	readonly name: string;
	/** Name of the read model beside it, and of its routes: `radars`. */
	readonly plural: string;
	/** Name of the bounded context and of its log. */
	readonly context: string;
	/** The rule for its ids in every command and ask; `id()` by default. */
	readonly id?: Field<string>;
	/** Every status but "unknown", with its meaning. */
	readonly statuses: Readonly<Record<string, string>>;
	/** The facts that create an actor. */
	readonly begins: readonly string[];
	/** The fields of each fact that are personal data, and whose they are. */
	readonly personal?: Readonly<Record<string, AnyPersonal>>;
	/** The facts after which the key of a subject is destroyed. */
	readonly forgets?: Readonly<Record<string, (data: never) => Subject>>;
	/** The roles that may read its history and its states. */
	readonly reads: May;
	readonly commands: Readonly<Record<string, AnyCommand>>;
	readonly asks: Readonly<Record<string, AnyAsk>>;
	readonly evolve: Readonly<Record<string, (state: never, data: never, at: Instant) => WithStatus>>;
}

interface Statement<S extends WithStatus, F, N extends string, B, C, A> {
	readonly name: N;
	readonly plural: string;
	readonly context: string;
	readonly id?: Field<string>;
	readonly personal?: { readonly [K in keyof F]?: PersonalFields<F[K]> };
	/** The facts after which the key of a subject is destroyed: all that is sealed under it is blank from then on. */
	readonly forgets?: { readonly [K in keyof F]?: (data: F[K] & Sealable) => Subject };
	/** The roles that may read its history and its states. */
	readonly reads: May;
	/** Total: a missing status does not compile. The meaning of each follows "it is <status>:", in the reference and in the code `<NAME>_<STATUS>`. */
	readonly statuses: { readonly [K in Known<S>["status"]]: string };
	/** The facts that create an actor; all others apply to an existing one. */
	readonly begins: readonly B[];
	readonly commands: C;
	readonly asks: A;
	/** Total: a missing fact does not compile. `at` is the instant of the decision. */
	readonly evolve: { readonly [K in keyof F]: (state: K extends B ? S : Known<S>, data: F[K], at: Instant) => Known<S> };
}

/** The vocabulary of one aggregate, bound to its state and facts. */
export function aggregate<S extends WithStatus, F extends object>() {
	return {
		fact: <K extends keyof F & string>(type: K, data: F[K]): Fact<K, F[K]> => ({ type, data }),
		command: <P extends Shape, const From extends S["status"], D extends FactOf<F>, C extends Consults<ParamsOf<P>> = Record<never, never>>(
			shape: P,
			definition: CommandDefinition<S, F, ParamsOf<P>, From, C, D>,
		) => ({ shape, ...definition }),
		ask: <P extends Shape, A>(
			shape: P,
			may: May,
			definition: (state: Known<S>, params: ParamsOf<P>, situation: { readonly now: Instant; readonly id: string }) => A,
			route?: string,
		): AskDefinition<S, ParamsOf<P>, A> => ({ shape, may, answer: definition, ...(route ? { route } : {}) }),
		define: <
			const N extends string,
			const B extends keyof F & string,
			C extends Readonly<Record<string, AnyCommand>>,
			A extends Readonly<Record<string, AnyAsk>>,
		>(
			statement: Statement<S, F, N, B, C, A>,
		): Statement<S, F, N, B, C, A> => statement,
	};
}

/** The params and the answer of an ask, for `Asks`. */
export type AskOf<M extends { readonly asks: object }, K extends keyof M["asks"]> =
	M["asks"][K] extends AskDefinition<infer _S, infer P, infer A> ? { params: { readonly id: string } & P; answer: A } : never;
/** The params of a command, for `Commands`. */
export type CommandOf<M extends { readonly commands: object }, K extends keyof M["commands"]> = M["commands"][K] extends {
	readonly shape: infer P extends Shape;
}
	? { readonly id: string } & ParamsOf<P>
	: never;

export const UNKNOWN: Unknown = { status: "unknown" };
/** The rule for an actor's ids. */
export const idOf = (model: Pick<Model, "id">): Field<string> => model.id ?? id();
/** Whether the command creates an actor. */
export const creates = (command: { readonly allowedIn: readonly string[] }): boolean => command.allowedIn.includes("unknown");
/** `change-limits` for `changeLimits`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
