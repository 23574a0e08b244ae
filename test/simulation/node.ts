/**
 * Node - one process of a cluster, made of the product's own parts: logs with writers and followers, actors, and the read models and
 * processes that run here. A crash loses its memory and all its pending work.
 */
import type { Consulting } from "../../mixins/actors/envelope.ts";
import { Actors } from "../../mixins/actors/actors.ts";
import type { Item, Outcome } from "../../mixins/actors/outcome.ts";
import { INTERVENTIONS } from "../../mixins/processes/interventions.ts";
import type { Batches, Send } from "../../mixins/processes/outbox.ts";
import { Performer } from "../../mixins/processes/performer.ts";
import { ProcessRunner } from "../../mixins/processes/runner.ts";
import { Projector } from "../../mixins/read-models/projector.ts";
import type { Followed } from "../../mixins/following/following.ts";
import { ContextLog } from "../../mixins/logs/context-log.ts";
import { every } from "../../mixins/common/timers.ts";
import { type AnyProcess, type AnyProjection, isRefusal, COMMON_CODES } from "../../model/index.ts";
import { SeenPartition } from "./log.ts";
import { postFor } from "./post.ts";
import type { Owner } from "./scheduler.ts";
import { SeenTable } from "./table.ts";
import type { World } from "./world.ts";

/** Same as in mixins/processes/processing.ts. */
const RECOVER_EVERY = 5000;
const DUE_EVERY = 1000;

export class Node {
	readonly number: number;
	readonly name: string;
	readonly #world: World;
	life: Owner = { alive: false };
	#expected = 0;
	/** Number of performers so far. */
	#performers = 0;
	isLeaving = false;
	logs = new Map<string, ContextLog>();
	actors = new Map<string, Actors>();
	projectors = new Map<string, Projector>();
	runners = new Map<string, ProcessRunner>();

	constructor(world: World, number: number) {
		this.#world = world;
		this.number = number;
		this.name = `N${number}`;
	}

	start(): void {
		const { server, config, scheduler, scenario, partitions } = this.#world;
		this.life = { alive: true };
		this.isLeaving = false;
		this.logs = new Map();
		this.actors = new Map();
		this.projectors = new Map();
		this.runners = new Map();
		const timers = scheduler.timersOf(this.life);
		for (const [context, all] of partitions)
			this.logs.set(
				context,
				new ContextLog(
					all.map((one) => new SeenPartition(one, server, this.life, this.name, true)),
					timers,
				),
			);
		for (const model of scenario.models) {
			const log = this.log(model.context);
			const actors = new Actors(model, {
				writer: (stream) => log.writer(stream),
				clock: () => scheduler.now,
				capacity: config.capacity,
				freeze: true,
			});
			log.host(model.name, actors);
			this.actors.set(model.name, actors);
		}
		const here = ({ name }: { readonly name: string }): boolean => config.on[name]?.includes(this.number) ?? false;
		this.#expected = scenario.projections.filter(here).length + scenario.processes.filter(here).length;
		for (const projection of scenario.projections.filter(here)) void this.#project(projection);
		for (const manager of scenario.processes.filter(here)) void this.#process(manager);
	}
	die(): void {
		if (!this.life.alive) return;
		this.life.alive = false;
		const { scheduler } = this.#world;
		scheduler.count("node crashes");
		scheduler.say(() => `--- ${this.name} crashes`);
		scheduler.postLate(() => this.revive());
	}
	/** Stalls for a while without noticing it. */
	stall(): void {
		const { scheduler } = this.#world;
		const milliseconds = scheduler.chance.of([100, 400, 2000]);
		this.life.still = scheduler.now + milliseconds;
		scheduler.count("node stalls");
		scheduler.say(() => `--- ${this.name} stalls for ${milliseconds} ms`);
	}
	/** A clean stop, which finishes pending work. */
	async leave(): Promise<void> {
		const { life } = this;
		if (!life.alive || this.isLeaving) return;
		this.isLeaving = true;
		this.#world.scheduler.count("clean stops");
		this.#world.scheduler.say(() => `--- ${this.name} stops`);
		await Promise.all([
			...[...this.runners.values()].map((runner) => runner.stop().catch(() => undefined)),
			...[...this.projectors.values()].flatMap(({ followers }) => followers.map((follower) => follower.stop())),
		]);
		if (this.life === life) this.die();
	}
	revive(): void {
		if (this.life.alive) return;
		this.#world.scheduler.say(() => `--- ${this.name} starts again`);
		this.start();
	}
	/** Whether all read models and processes of this node run. */
	get isReady(): boolean {
		return this.life.alive && !this.isLeaving && this.projectors.size + this.runners.size === this.#expected;
	}
	/** Evicts all actors of one kind. */
	forget(): void {
		const all = [...this.actors.values()];
		all[this.#world.scheduler.chance.pick(all.length)]?.clear();
	}

	log(context: string): ContextLog {
		const log = this.logs.get(context);
		if (!log) throw new Error(`there is no log ${context}`);
		return log;
	}
	actorsOf(service: string): Actors {
		const actors = this.actors.get(service);
		if (!actors) throw new Error(`there is no actor ${service}`);
		return actors;
	}

	#followed(contexts: readonly string[]): Followed[] {
		const { server, partitions } = this.#world;
		return contexts.flatMap((context) =>
			(partitions.get(context) ?? []).map((one, partition) => {
				const log = new SeenPartition(one, server, this.life, this.name, true);
				return { context, partition, log, contextLog: this.log(context) };
			}),
		);
	}
	async #project(projection: AnyProjection): Promise<void> {
		const { scheduler, server } = this.#world;
		const table = new SeenTable(this.#world.rows(projection.name), server, this.life, this.name);
		const timers = scheduler.timersOf(this.life);
		const projector = new Projector(projection, table, () => new Date(scheduler.now).toISOString(), timers);
		await this.#started(() => projector.start(this.#followed(projection.follows), (error) => this.#stopped(projection.name, error)));
		this.projectors.set(projection.name, projector);
	}
	async #process(manager: AnyProcess): Promise<void> {
		const { scheduler, server } = this.#world;
		const table = new SeenTable(this.#world.rows(manager.name), server, this.life, this.name);
		const timers = scheduler.timersOf(this.life);
		const [send, batches] = this.#wayOf(manager.name);
		const runner = new ProcessRunner(manager, table, send, timers, () => new Date(scheduler.now).toISOString(), batches);
		await this.#started(() =>
			runner.start(this.#followed([...manager.follows, INTERVENTIONS.log]), (error) => this.#stopped(manager.name, error)),
		);
		this.runners.set(manager.name, runner);
		const recover = (): void => void runner.recover().catch(() => undefined);
		every(timers, RECOVER_EVERY, recover);
		every(timers, DUE_EVERY, () => void runner.deadlines.send().catch(() => undefined));
		recover();
	}
	/** Retries a failed start, like a process supervisor. */
	async #started(start: () => Promise<void>): Promise<void> {
		for (;;) {
			try {
				return await start();
			} catch {
				await this.#world.scheduler.timersOf(this.life).wait(100);
			}
		}
	}
	#stopped(name: string, error: Error): void {
		this.#world.violated("stopped", `${name} on ${this.name}: ${error.message}`);
	}

	/** Like in mixins/processes/performing.ts: the work of an effect goes through its port, one in each call. */
	#wayOf(manager: string): readonly [Send, Batches?] {
		const { scheduler, scenario, config } = this.#world;
		const [send, effect] = [this.#send(manager), scenario.effects[manager]?.(config.promise)];
		if (!effect) return [send];
		const [port, self] = [postFor(this.#world, this.life, this.name), `${this.name}.${++this.#performers}`];
		const performer = new Performer(effect, send, port, scheduler.timersOf(this.life), self, () => scheduler.now);
		return [performer.perform, { many: 1, calls: config.atOnce, afterCatchUp: true }];
	}
	/** Sends many commands in one call, like the `...Many` actions of mixins/actors/event-sourced.ts. */
	#send(by: string): Send {
		return async (action, items) => {
			const [service = "", name = ""] = action.split(".");
			const world = this.#world;
			for (const { commandId = "", params } of items) world.noted(commandId, { service, name, params: params as { id: string } }); // sendings have ids
			const to = world.placed(service, String(items[0]?.params["id"]));
			const answer = await world.call(this.life, to, `${by} ${action}`, (deadline) =>
				Promise.all(items.map((item) => to.#one(service, name, item, by, deadline))),
			);
			if (answer === "no answer") return items.map((): Outcome => ({ failure: "timed out", unavailable: true }));
			return answer;
		};
	}
	#one(service: string, name: string, { params, commandId = "", cause }: Item, by: string, deadline: number): Promise<Outcome> {
		const at = new Date(this.#world.scheduler.now).toISOString();
		const envelope = { commandId, by, at, deadline, ...(cause === undefined ? {} : { cause }) };
		return this.actorsOf(service)
			.command(name, params as { id: string }, envelope, this.consulting) // sendings have ids
			.then(
				(result): Outcome => {
					if (isRefusal(result) && result.code === COMMON_CODES.NOT_YET.name)
						this.#world.violated("early", `${by} sent ${service}.${name} ${commandId} at ${at}`);
					return isRefusal(result) ? { refusal: result } : { done: result };
				},
				(error: unknown): Outcome => ({ failure: String(error), unavailable: true }),
			);
	}

	/** Asks an actor on any node; a refusal is an answer. */
	readonly consulting: Consulting = async (ask, params) => {
		const [service = "", name = ""] = ask.split(".");
		const { id } = params as { id: string }; // each ask names an actor
		const to = this.#world.placed(service, id);
		const answer = await this.#world.call(this.life, to, `ask ${ask} ${id}`, () => to.#asked(service, name, id, params));
		if (answer === "no answer") throw new Error(`${ask} was not answered`);
		return answer.said;
	};
	async #asked(service: string, name: string, id: string, params: object): Promise<{ readonly said: unknown }> {
		const actors = this.actorsOf(service);
		const now = new Date(this.#world.scheduler.now).toISOString();
		const definition = actors.model.asks[name];
		return { said: await actors.ask(id, (actor) => (actor ? definition?.answer(actor.state, params, { now, id }) : actors.unknown(id))) };
	}
}
