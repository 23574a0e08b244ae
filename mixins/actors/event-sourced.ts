/**
 * EventSourced - turns the model of an aggregate into an ordinary Moleculer service: one action per command and per ask, routes that
 * all follow one rule, and the history of every actor.
 */
import type { Context, Service, ServiceSchema } from "moleculer";
import { CODES } from "../common/codes.ts";
import type { Seen } from "../../model/decide.ts";
import {
	type AnyAsk,
	type AnyCommand,
	creates,
	idOf,
	isRefusal,
	kebab,
	type Model,
	type Refusal,
	type Rule,
	rulesOf,
	type Shape,
} from "../../model/index.ts";
import type { Consulting, Done, Envelope } from "./envelope.ts";
import { actorFigures } from "./figures.ts";
import { Actors } from "./actors.ts";
import { consultingIn, gathered } from "./consults.ts";
import { failureError, fieldErrors, invalid, refusalError } from "../common/errors.ts";
import { clockOf } from "../common/clock.ts";
import { isObserving, PerService } from "../common/per-service.ts";
import { historyAction, stateAction } from "./history.ts";
import { newId } from "../common/ids.ts";
import { type Item, type Outcome, outcomeOf } from "./outcome.ts";
import type { Give } from "../common/metric-names.ts";
import type { RouteNote } from "../common/routes.ts";
import { patienceOf } from "../cluster/deadline.ts";
import type { ContextLog } from "../logs/context-log.ts";
import { storageOf } from "../logs/storage.ts";

/** Actors of one service kept in memory by default; at most twice as many. */
const REMEMBERED = 5000;

/** Milliseconds of a monotonic clock, so that a correction of the wall clock does not change how long a caller waits. */
const steady = (): number => performance.now();

/** Metadata of one command. */
interface Meta {
	commandId?: string;
	ifMatch?: Seen;
	digest?: string;
	by?: string;
	now?: string;
}
/** The parts of one running service. */
interface Host {
	readonly actors: Actors;
	readonly log: ContextLog;
	readonly checks: ReadonlyMap<string, (params: Record<string, unknown>) => unknown>;
}
const hosts = new PerService<Host>();
type Params = Readonly<Record<string, unknown>>;

export function EventSourced(model: Model, { remembered = REMEMBERED }: { readonly remembered?: number } = {}): Partial<ServiceSchema> {
	const actorsOf = (service: Service) => hosts.of(service).actors;
	const actions: NonNullable<ServiceSchema["actions"]> = { history: historyAction(model, actorsOf), state: stateAction(actorsOf) };
	for (const [name, law] of Object.entries(model.commands)) {
		actions[name] = commandAction(model, name, law);
		if (law.bulk) actions[`${name}Many`] = manyAction(name, law);
	}
	for (const [name, law] of Object.entries(model.asks)) {
		actions[name] = askAction(model, law);
		actions[`${name}Many`] = askManyAction(law);
	}
	return {
		metadata: { context: model.context, facts: Object.keys(model.evolve) },
		actions,
		methods: {
			figures(this: Service, give: Give) {
				const host = hosts.find(this);
				if (host) actorFigures(model.name, host.actors, give);
			},
		},
		async started(this: Service) {
			const log = await storageOf(this.broker).context(model.context);
			const actors = new Actors(model, {
				writer: (stream) => log.writer(stream),
				clock: steady,
				capacity: remembered,
				freeze: process.env["NODE_ENV"] === "test",
			});
			const compile = (rules: object) => this.broker.validator?.compile(rules) ?? (() => true);
			const checks = new Map(Object.entries(model.commands).map(([name, { shape }]) => [name, compile(paramsOf(model, shape))]));
			log.host(model.name, actors, !isObserving(this.broker));
			hosts.set(this, { actors, log, checks });
		},
	};
}

function commandAction(model: Model, name: string, law: AnyCommand) {
	const begins = creates(law);
	const params = paramsOf(model, law.shape);
	const note: RouteNote = {
		kind: begins ? "creation" : "command",
		of: model.name,
		...(law.bulk ? { bulk: `${model.name}.${name}Many` } : {}),
		...(law.identity ? { named: true } : {}),
	};
	return {
		params: begins ? { ...params, id: { ...params.id, optional: true } } : params,
		decides: true as const,
		...(law.internal ? {} : { rest: `POST /${model.plural}${begins ? "" : `/:id/${kebab(name)}`}`, note }),
		async handler(this: Service, ctx: Context<Params, Meta>) {
			const envelope = takeEnvelope(ctx);
			const result = await give(hosts.of(this), name, law, ctx.params, envelope, consultingIn(ctx)).catch((error: unknown) =>
				Promise.reject(failureError(error)),
			);
			if (isRefusal(result)) throw refusalError(result);
			return result;
		},
	};
}

/** The same command for many items in one call; one outcome per item, in order. */
function manyAction(name: string, law: AnyCommand) {
	return {
		decides: true as const,
		params: { items: { type: "array" } },
		async handler(this: Service, ctx: Context<{ readonly items: readonly Item[] }, Meta>): Promise<Outcome[]> {
			const { commandId: own, ifMatch: _seen, ...envelope } = takeEnvelope(ctx);
			const host = hosts.of(this);
			const check = host.checks.get(name);
			const consulting = gathered(ctx);
			const { status, name: code } = CODES.VALIDATION_ERROR;
			const one = async ({ params, commandId, cause }: Item, i: number): Promise<Outcome> => {
				const complaints = check?.(params) ?? true;
				if (complaints !== true)
					return { refusal: { status, code, detail: "The content is not valid", errors: fieldErrors(complaints, params) } };
				const result = await give(
					host,
					name,
					law,
					params,
					{ ...envelope, commandId: commandId ?? `${own}/${i}`, ...(cause === undefined ? {} : { cause }) },
					consulting,
				);
				return isRefusal(result) ? { refusal: { status: result.status, code: result.code, detail: result.detail } } : { done: result };
			};
			return Promise.all(ctx.params.items.map((item, i) => one(item, i).catch(outcomeOf)));
		},
	};
}

/** Normalizes the params, derives the id, then passes the command to the actor. */
function give(
	host: Host,
	name: string,
	law: AnyCommand,
	params: Params,
	envelope: Envelope,
	consulting: Consulting,
): Promise<Done | Refusal> {
	if (law.oneOf && !law.oneOf.some((field) => params[field] !== undefined)) return Promise.reject(nothingGiven(law.oneOf));
	const normal = (law.normalise?.(params) ?? params) as Params; // the compiler has checked these types in the model
	const own = law.identity?.(normal);
	if (own !== undefined && normal["id"] !== undefined && normal["id"] !== own)
		return Promise.reject(
			invalid([{ field: "id", message: "must match the id derived from the content", expected: own, actual: normal["id"] }]),
		);
	return host.actors.command(name, { ...normal, id: own ?? String(normal["id"] ?? newId()) }, envelope, consulting);
}

const nothingGiven = (fields: readonly string[]): Error =>
	invalid(
		fields
			.slice(0, 1)
			.map((field) => ({ field, message: "a field to change is required", expected: `at least one of: ${fields.join(", ")}` })),
	);

/** Removes a command's id, version and digest from the metadata, so that nested calls do not inherit them. */
function takeEnvelope(ctx: Context<unknown, Meta>): Envelope {
	const { commandId = newId(), ifMatch, digest, by = "anonymous", now = clockOf(ctx.broker).now() } = ctx.meta;
	delete ctx.meta.commandId;
	delete ctx.meta.ifMatch;
	delete ctx.meta.digest;
	const patience = patienceOf(ctx);
	return {
		commandId,
		by,
		at: now,
		...(ifMatch === undefined ? {} : { ifMatch }),
		...(digest === undefined ? {} : { digest }),
		...(patience === null ? {} : { deadline: steady() + patience }),
		...(ctx.requestID ? { trace: ctx.requestID } : {}),
	};
}

/** The validation rules of a command or an ask; the id always has the model's rule. */
const paramsOf = (model: Model, shape: Shape): { readonly $$strict: true; readonly id: Rule } => ({
	$$strict: true,
	...rulesOf(shape),
	id: { ...shape["id"]?.rule, ...idOf(model).rule },
});

function askAction(model: Model, law: AnyAsk) {
	const note: RouteNote = { kind: "read", of: model.name };
	return {
		params: paramsOf(model, law.shape),
		...(law.route ? { rest: `GET /${model.plural}/:id/${law.route}`, note } : {}),
		async handler(this: Service, ctx: Context<{ id: string }>) {
			const answer = await asked(this, law, ctx.params).catch((error: unknown) => Promise.reject(failureError(error)));
			if (isRefusal(answer)) throw refusalError(answer);
			return answer;
		},
	};
}

/** The same ask for many items, used by consults; an answer or a refusal per item, in order. */
function askManyAction(law: AnyAsk) {
	return {
		visibility: "public" as const,
		async handler(this: Service, ctx: Context<{ readonly items: readonly { id: string }[] }>) {
			return Promise.all(ctx.params.items.map((params) => asked(this, law, params))).catch((error: unknown) =>
				Promise.reject(failureError(error)),
			);
		},
	};
}

async function asked(service: Service, law: AnyAsk, params: { readonly id: string }): Promise<unknown> {
	const { actors } = hosts.of(service);
	const now = clockOf(service.broker).now();
	return actors.ask(params.id, (actor) => (actor ? law.answer(actor.state, params, { now, id: params.id }) : actors.unknown(params.id)));
}
