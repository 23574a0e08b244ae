/**
 * Lives - random histories of the whole product without its infrastructure: the pure models decide commands one after another, and the
 * consulted actors answer. Returns the decisions and their cases, which general laws then check.
 */
import fc, { type Arbitrary } from "fast-check";
import { decide, evolve, frozen, unknownActor } from "../../model/decide.ts";
import {
	type AnyCommand,
	type AnyProjection,
	type Situation,
	type Fact,
	type FoundIds,
	type Instant,
	isRefusal,
	type Model,
	type Refusal,
	receivedRefusal,
	sameJson,
	UNKNOWN,
} from "../../model/index.ts";
import { modelOf, models, projections } from "./everything.ts";
import { commandParams, DAYS } from "./valid.ts";
import { day, installation, later, machine, officer, opening, passage, person, registration, secretDigest } from "./words.ts";

/** A command to one actor. */
export interface Ordered {
	readonly service: string;
	readonly name: string;
	readonly params: { readonly id: string };
	/** Milliseconds since the previous command. */
	readonly after: number;
}
type State = { readonly status: string };
/** The outcome of a command. */
export interface Told {
	readonly ordered: Ordered;
	readonly model: Model;
	readonly definition: AnyCommand;
	readonly situation: Situation<State>;
	readonly refusal: Refusal | null;
	readonly version: number;
	readonly outcome: readonly Fact[] | Refusal;
	/** The state after the decision. */
	readonly state: State;
}
/** One decision as stored in a log. */
export interface Said {
	readonly service: string;
	readonly id: string;
	readonly facts: readonly Fact[];
	readonly at: Instant;
}

const HALF_A_DAY = 12 * 60 * 60 * 1000;
export const START = later(day(1), HALF_A_DAY);

/** Decides a command of the history again, or another one in its place. */
export const decideAgain = ({ model, definition: definition, situation: situation, version, refusal }: Told): readonly Fact[] | Refusal =>
	decide(model, definition, situation, { version, refusal });

/** Runs the commands; all data is frozen, so that an unexpected write throws. */
export function live(orders: readonly Ordered[]): Told[] {
	const actors = new Map<string, { readonly state: State; readonly version: number }>();
	const actorOf = (model: Model, id: string) => actors.get(`${model.name}-${id}`) ?? { state: UNKNOWN, version: 0 };
	let now = START;
	return orders.map((ordered) => {
		const { service, name, params, after } = ordered;
		const model = modelOf(service);
		now = later(now, after);
		const definition = model.commands[name];
		if (!definition) throw new Error(`${model.name} has no command ${name}`);
		const { state, version } = actorOf(model, params.id);
		const { consulted, refusal } = consult(definition, params, now, actorOf, actors);
		const situation: Situation<State> = frozen({ id: params.id, state, params, now, by: "someone", commandId: "command", consulted });
		const outcome = frozen(outcomeOf(() => decide(model, definition, situation, { version, refusal })));
		const next = isRefusal(outcome) ? state : frozen(evolve(model, state, outcome, now));
		actors.set(`${model.name}-${params.id}`, { state: next, version: version + (isRefusal(outcome) ? 0 : outcome.length) });
		return { ordered, model, definition, situation, refusal, version, outcome, state: next };
	});
}

/** A decision that throws is a bug of its model. It becomes a refusal with an invalid code, so that the history continues. */
function outcomeOf(decision: () => readonly Fact[] | Refusal): readonly Fact[] | Refusal {
	try {
		return decision();
	} catch (error) {
		return receivedRefusal("IT_THREW", 500, String(error));
	}
}

/** The actors whose states pass the filters of an ask; the rows of a read model agree with them once it is up to date. */
function idsIn({ of }: AnyProjection, filters: object, states: ReadonlyMap<string, { readonly state: State }>): FoundIds {
	const own = [...states].filter(([stream]) => stream.startsWith(`${of}-`));
	const passing = own.filter(([, { state }]) => sameJson({ ...state, ...filters }, state));
	return { ids: passing.map(([stream]) => stream.slice(of.length + 1)) };
}
function consult(
	definition: AnyCommand,
	params: object,
	now: Instant,
	actorOf: (model: Model, id: string) => { readonly state: State },
	states: ReadonlyMap<string, { readonly state: State }>,
) {
	const consulted: Record<string, unknown> = {};
	let refusal: Refusal | null = null;
	for (const [name, { ask, params: asked }] of Object.entries(definition.consult ?? {})) {
		const [service = "", question = ""] = ask.split(".");
		const given = asked(params) as { readonly id: string } | null; // the type of `Asks` ensures it
		const readModel = projections.find((one) => one.name === service);
		if (readModel && given) {
			consulted[name] = idsIn(readModel, readModel.asks?.[question]?.(given) ?? {}, states);
			continue;
		}
		const model = modelOf(service);
		const { state } = given ? actorOf(model, given.id) : { state: UNKNOWN };
		if (!given) consulted[name] = null;
		else if (state.status === "unknown") refusal ??= unknownActor(model, given.id);
		else consulted[name] = model.asks[question]?.answer(state, given, { now, id: given.id });
	}
	return { consulted, refusal };
}

/** The decisions with facts, in order. */
export const saidIn = (told: readonly Told[]): Said[] =>
	told.flatMap(({ ordered, situation: { id, now }, outcome }) =>
		isRefusal(outcome) || outcome.length === 0 ? [] : [{ service: ordered.service, id, facts: outcome, at: now }],
	);

const order = <P extends { readonly id: string }>(service: string, name: string, params: P): Ordered => ({
	service,
	name,
	params,
	after: 0,
});
/** Initial commands that make all other outcomes likely. */
const beginnings = ["a", "b"].flatMap((id) => [
	order("radar", "install", { id, ...installation, limits: { lightKmh: 50 } }),
	order("radar", "activate", { id, from: day(2) }),
	order("radar", "calibrate", { id, number: "1", validFrom: day(2), validUntil: day(14) }),
	order("owner", "register", { id, ...person }),
	order("vehicle", "register", { id: "FR-AB-123-CD", ...registration, owner: id }),
	order("detection", "record", { id, ...passage({ radar: "a" }), vehicleClass: "light", capturedAt: DAYS[2] }),
	order("infraction", "open", { id, ...opening, holder: id }),
	order("login", "claim", { id, user: id }),
	order("user", "register", { id, ...officer, login: id, password: day(3) }),
	order("client", "register", { id, ...machine, secret: secretDigest("a") }),
	order("session", "open", { id, user: id, epoch: 0, from: day(1), until: day(2) }),
]);

/** Commands for an outcome that needs very many decisions. */
export const longLife: readonly Ordered[] = [
	order("radar", "install", { id: "long", ...installation }),
	...Array.from({ length: 1001 }, (_, n) =>
		order("radar", "calibrate", { id: "long", number: `${n}`, validFrom: day(2), validUntil: day(14) }),
	),
];

const HALF_DAYS = [0, HALF_A_DAY * 2, HALF_A_DAY * 4];
export const anyOrder: Arbitrary<Ordered> = fc.oneof(
	...models.flatMap(({ name: service, commands }) =>
		Object.entries(commands).map(([name, definition]) =>
			fc.record({
				service: fc.constant(service),
				name: fc.constant(name),
				params: commandParams(definition),
				after: fc.constantFrom(...HALF_DAYS),
			}),
		),
	),
);
/** A random history. */
export const anyLife: Arbitrary<readonly Ordered[]> = fc
	.tuple(fc.subarray(beginnings), fc.array(anyOrder, { maxLength: 60, size: "max" }))
	.map(([first, then]) => [...first, ...then]);
