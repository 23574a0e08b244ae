/**
 * EventSourced - turns the model of an aggregate into an ordinary Moleculer service: one action per command and per ask, one for many of
 * each, routes that all follow one rule, and the history of every actor.
 */
import type { Context, Service, ServiceSchema } from "moleculer";
import type { Seen } from "../../model/decide.ts";
import {
	type AnyAsk,
	type AnyCommand,
	creates,
	idOf,
	type Instant,
	kebab,
	type Model,
	openShape,
	type Rule,
	rulesOf,
} from "../../model/index.ts";
import { byOf, itemRefusal } from "../access/access.ts";
import { actorFigures } from "./figures.ts";
import { Actors } from "./actors.ts";
import { AskBatch, type Check, CommandBatch, type Helpers, type Shared } from "./batch.ts";
import { consultingIn } from "./consults.ts";
import { clockOf } from "../common/clock.ts";
import { isObserving, PerService } from "../common/per-service.ts";
import { type Guard, guardedIn, secretsOf } from "./guard.ts";
import { historyAction, stateAction } from "./history.ts";
import { newId } from "../common/ids.ts";
import { type Item, onlyOf, type Outcome, outcomeOf } from "./outcome.ts";
import type { Give } from "../common/metric-names.ts";
import type { RouteNote } from "../common/routes.ts";
import { patienceOf } from "../cluster/deadline.ts";
import type { ContextLog } from "../logs/context-log.ts";
import { forgetAlong } from "../logs/forgetting.ts";
import { sealingRules, seals } from "./sealing-rules.ts";
import { storageOf } from "../logs/storage.ts";

/** Actors of one service kept in memory by default; at most twice as many. */
const REMEMBERED = 5000;

/** Milliseconds of a monotonic clock, so that a correction of the wall clock does not change how long a caller waits. */
const steady = (): number => performance.now();

/** Metadata of a call with commands; the first three belong to a single command. */
interface Meta {
	commandId?: string;
	ifMatch?: Seen;
	digest?: string;
	/** When the command arrived at the gateway. */
	now?: string;
}
/** The parts of one running service. */
interface Host {
	readonly actors: Actors;
	readonly log: ContextLog;
	readonly commands: ReadonlyMap<string, CommandBatch>;
	readonly asks: ReadonlyMap<string, AskBatch>;
}
const hosts = new PerService<Host>();
type Params = Readonly<Record<string, unknown>>;
type Compile = (rules: Rule) => Check;
/** The params of an action for many; each item is validated on its own. */
const MANY = { items: { type: "array" } };

interface EventSourcedOptions {
	readonly remembered?: number;
	/** Required if a command has a secret field. */
	readonly guard?: Guard;
}

export function EventSourced(model: Model, { remembered = REMEMBERED, guard }: EventSourcedOptions = {}): Partial<ServiceSchema> {
	const helpersOf = helpersIn(model, guard);
	const actorsOf = (service: Service) => hosts.of(service).actors;
	const actions: NonNullable<ServiceSchema["actions"]> = { history: historyAction(model, actorsOf), state: stateAction(model, actorsOf) };
	for (const [name, definition] of Object.entries(model.commands)) {
		actions[name] = commandAction(model, name, definition, helpersOf);
		actions[`${name}Many`] = manyAction(name, definition, helpersOf);
	}
	for (const [name, definition] of Object.entries(model.asks)) {
		actions[name] = askAction(model, name, definition);
		actions[`${name}Many`] = askManyAction(name, definition);
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
			await host(this, model, remembered);
		},
	};
}

/** Opens the log of its context, and lets this node decide its commands. */
async function host(service: Service, model: Model, remembered: number): Promise<void> {
	const storage = storageOf(service.broker);
	const log = await storage.context(model.context);
	if (sealingRules(model).size > 0 && !storage.vault) throw new Error(`${model.name} has personal data, but there is no vault`);
	log.codec.learn(sealingRules(model));
	const actors = new Actors(model, {
		writer: (stream) => log.writer(stream),
		clock: steady,
		capacity: remembered,
		freeze: process.env["NODE_ENV"] === "test",
		keyed: seals(model) ? (digest) => storage.vault?.blinded("command", digest) ?? digest : undefined,
	});
	const compile: Compile = (rules) => (service.broker.validator?.compile(rules) ?? (() => true)) as Check; // of mixins/common/validation.ts
	log.host(model.name, actors, !isObserving(service.broker));
	if (model.forgets && !isObserving(service.broker)) await forgetting(service, log);
	hosts.set(service, { actors, log, ...batchesOf(model, actors, compile) });
}
async function forgetting({ broker, logger }: Service, log: ContextLog): Promise<void> {
	const { vault } = storageOf(broker);
	const stopped = (error: Error) => logger.error(`Forgotten data is not destroyed any more: ${error.message}`);
	if (vault) await log.forget(() => forgetAlong(log, vault, stopped));
}

function batchesOf(model: Model, actors: Actors, compile: Compile): Pick<Host, "commands" | "asks"> {
	const commands = Object.entries(model.commands).map(
		([name, definition]) =>
			[name, new CommandBatch(actors, name, definition, compile(paramsOf(model, definition, definition.identity !== undefined)))] as const,
	);
	const asks = Object.entries(model.asks).map(
		([name, definition]) => [name, new AskBatch(actors, definition, compile(paramsOf(model, definition)))] as const,
	);
	return { commands: new Map(commands), asks: new Map(asks) };
}

type HelpersOf = (ctx: Context, command: string) => Helpers;
function helpersIn(model: Model, guard: Guard | undefined): HelpersOf {
	const guarded = guardedIn(model);
	if (guarded.size > 0 && !guard) throw new Error(`${model.name} has commands with secrets, but no guard`);
	return (ctx, name) => ({
		consulting: consultingIn(ctx, model),
		refusing: itemRefusal(ctx, `${model.name}.${name}`, model.commands[name]?.may ?? {}),
		...(guard && guarded.has(name) ? { guarding: (one) => guard(ctx, one) } : {}),
	});
}
function commandAction(model: Model, name: string, definition: AnyCommand, helpersOf: HelpersOf) {
	const begins = creates(definition);
	const secrets = secretsOf(definition.shape);
	const note: RouteNote = {
		kind: begins ? "creation" : "command",
		of: model.name,
		...(definition.bulk ? { bulk: `${model.name}.${name}Many` } : {}),
		...(definition.identity ? { named: true } : {}),
		...(secrets.length > 0 ? { secrets } : {}),
	};
	return {
		params: paramsOf(model, definition, begins),
		may: definition.may,
		validates: true as const,
		decides: true as const,
		...(definition.internal ? {} : { rest: `POST /${model.plural}${begins ? "" : `/:id/${kebab(name)}`}`, note }),
		async handler(this: Service, ctx: Context<Params, Meta>) {
			const { own, id, shared } = takeMeta(ctx);
			const makesId = begins && !definition.identity && ctx.params["id"] === undefined;
			const params = makesId ? { ...ctx.params, id: newId() } : ctx.params;
			return onlyOf(
				await batchOf(hosts.of(this).commands, name).run([{ params, commandId: id, ...own }], id, shared, helpersOf(ctx, name)),
			);
		},
	};
}

/** The same command for many items in one call; one outcome per item, in order. */
function manyAction(name: string, { may }: AnyCommand, helpersOf: HelpersOf) {
	return {
		params: MANY,
		may,
		decides: true as const,
		async handler(this: Service, ctx: Context<{ readonly items: readonly Item[] }, Meta>): Promise<Outcome[]> {
			const { id, shared } = takeMeta(ctx);
			const verdicts = await batchOf(hosts.of(this).commands, name).run(ctx.params.items, id, shared, helpersOf(ctx, name));
			return verdicts.map((verdict) => outcomeOf(verdict, this.broker.nodeID));
		},
	};
}

/** How long before now a command may have arrived at its gateway, and how far that gateway's clock may be ahead, in milliseconds. */
const ARRIVED_WITHIN = 60_000;
const AHEAD = 5000;
/** The instant of the decision: that of its arrival at the gateway, unless that is too far from the time of this node. */
function atOf(arrived: string | undefined, now: Instant): Instant {
	const ago = Date.parse(now) - Date.parse(arrived ?? "");
	return arrived !== undefined && ago <= ARRIVED_WITHIN && ago >= -AHEAD ? arrived : now;
}

/** Removes a command's id, version and digest from the metadata, so that nested calls do not inherit them. */
function takeMeta(ctx: Context<unknown, Meta>) {
	const { commandId: id = newId(), ifMatch, digest, now } = ctx.meta;
	delete ctx.meta.commandId;
	delete ctx.meta.ifMatch;
	delete ctx.meta.digest;
	const patience = patienceOf(ctx);
	const shared: Shared = {
		by: byOf(ctx),
		at: atOf(now, clockOf(ctx.broker).now()),
		...(patience === null ? {} : { deadline: steady() + patience }),
		...(ctx.requestID ? { trace: ctx.requestID } : {}),
	};
	return { id, own: { ...(ifMatch === undefined ? {} : { ifMatch }), ...(digest === undefined ? {} : { digest }) }, shared };
}

/** The validation rules of a command or an ask; the id always has the model's rule. */
const paramsOf = (model: Model, { shape }: Pick<AnyCommand, "shape">, idOptional = false) => ({
	$$strict: true as const,
	...rulesOf(openShape(shape)),
	id: { ...shape["id"]?.rule, ...idOf(model).rule, ...(idOptional ? { optional: true } : {}) },
});

function askAction(model: Model, name: string, definition: AnyAsk) {
	const note: RouteNote = { kind: "read", of: model.name };
	return {
		params: paramsOf(model, definition),
		may: definition.may,
		validates: true as const,
		...(definition.route ? { rest: `GET /${model.plural}/:id/${definition.route}`, note } : {}),
		async handler(this: Service, ctx: Context<Params>) {
			return onlyOf(await batchOf(hosts.of(this).asks, name).run([ctx.params], clockOf(this.broker).now()));
		},
	};
}

/** The same ask for many items, used by consults; one outcome per item, in order. */
function askManyAction(name: string, { may }: AnyAsk) {
	return {
		params: MANY,
		may,
		visibility: "public" as const,
		async handler(this: Service, ctx: Context<{ readonly items: readonly Params[] }>): Promise<Outcome<unknown>[]> {
			const verdicts = await batchOf(hosts.of(this).asks, name).run(ctx.params.items, clockOf(this.broker).now());
			return verdicts.map((verdict) => outcomeOf(verdict, this.broker.nodeID));
		},
	};
}

function batchOf<B>(batches: ReadonlyMap<string, B>, name: string): B {
	const batch = batches.get(name);
	if (!batch) throw new Error(`There is no batch of ${name}`); // each action has one
	return batch;
}
