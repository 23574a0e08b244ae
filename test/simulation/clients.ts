/**
 * Clients - callers that send one command or ask after another, time out, and retry under the same command id, possibly at another
 * node. They record all answers, with the steps of request and answer.
 */
import type { Done } from "../../mixins/actors/envelope.ts";
import { isRefusal, type Refusal } from "../../model/index.ts";
import type { Node } from "./node.ts";
import { meddle } from "./operators.ts";
import { readBack } from "./reading.ts";
import type { Ordered } from "./scenario.ts";
import type { World } from "./world.ts";

/** A command of a client; the same for every attempt. */
export interface Command extends Ordered {
	readonly commandId: string;
	readonly at: string;
	readonly ifMatch: number | undefined;
	/** Step of the first attempt. */
	readonly since: number;
}
/** The answer to one attempt. */
export interface Answered {
	readonly command: Command;
	readonly answer: Done | Refusal;
	/** Steps. */
	readonly from: number;
	readonly to: number;
}
/** The answer to an ask. */
export interface Asked {
	readonly service: string;
	readonly id: string;
	/** State as JSON; null if there is no actor. */
	readonly state: string | null;
	readonly version: number;
	readonly from: number;
	readonly to: number;
	readonly of: string;
}

const TRIES = 40;
const LOOKS = 4;

export class Clients {
	readonly #world: World;
	/** Clients that are not finished. */
	busy = 0;
	readonly commands: Command[] = [];
	readonly answers: Answered[] = [];
	readonly asks: Asked[] = [];

	constructor(world: World) {
		this.#world = world;
	}
	start(): void {
		for (let client = 0; client < this.#world.config.clients; client++) {
			this.busy++;
			this.#world.scheduler.post(() => void this.#live(client));
		}
		if (this.#world.scheduler.chance.pick(3) < 2) return;
		this.busy++;
		void this.#operate();
	}
	/** An operator checks parked work a few times. */
	async #operate(): Promise<void> {
		const { scheduler } = this.#world;
		const timers = scheduler.timersOf({ alive: true });
		for (let n = 0; n < LOOKS; n++) {
			await timers.wait(100 + scheduler.chance.pick(300));
			await meddle(this.#world, `person.${n}`);
		}
		this.busy--;
	}
	async #live(client: number): Promise<void> {
		const { chance } = this.#world.scheduler;
		for (let n = 0; n < this.#world.config.commands; n++) {
			const ordered = this.#world.scenario.order(chance, this.#world.config.ids, n === 0);
			if (chance.pick(10) > 9 - this.#world.config.asks) await this.#ask(ordered.service, ordered.params.id);
			else await this.#command(client, n, ordered);
		}
		this.busy--;
	}

	async #command(client: number, n: number, ordered: Ordered): Promise<void> {
		const { scheduler } = this.#world;
		const { chance } = scheduler;
		const command: Command = {
			...ordered,
			commandId: `c${client}.${n}`,
			at: new Date(scheduler.now).toISOString(),
			ifMatch: chance.pick(12) === 11 ? chance.pick(4) : undefined,
			since: scheduler.steps,
		};
		this.commands.push(command);
		for (let attempt = 0; attempt < TRIES; attempt++) {
			const from = scheduler.steps;
			const to = this.#world.placed(ordered.service, ordered.params.id);
			scheduler.say(() => `client ${client} calls ${to.name}: ${told(command)}${attempt > 0 ? " again" : ""}`);
			const answer = await this.#world.call(null, to, command.commandId, (deadline) => this.#give(to, command, deadline));
			scheduler.say(() => `client ${client} gets for ${command.commandId}: ${JSON.stringify(answer)}`);
			if (answer === "no answer") {
				scheduler.count("commands retried");
				continue;
			}
			this.answers.push({ command, answer, from, to: scheduler.steps });
			scheduler.count(isRefusal(answer) ? "refusals" : answer.replayed ? "replays" : answer.written ? "acknowledged" : "already so");
			if (!isRefusal(answer) && answer.written && chance.pick(4) === 3) await readBack(this.#world, answer);
			return;
		}
	}
	#give(to: Node, { service, name, params, commandId, at, ifMatch }: Command, deadline: number): Promise<Done | Refusal> {
		const envelope = { commandId, by: "a client", at, deadline, ...(ifMatch === undefined ? {} : { ifMatch }) };
		return to.actorsOf(service).command(name, params, envelope, to.consulting);
	}

	async #ask(service: string, id: string, to = this.#world.placed(service, id)): Promise<boolean> {
		const { scheduler } = this.#world;
		const from = scheduler.steps;
		scheduler.say(() => `a client asks ${to.name} about ${service} ${id}`);
		const answer = await this.#world.call(null, to, `ask ${service} ${id}`, () =>
			to.actorsOf(service).ask(id, (actor) => ({ state: actor && JSON.stringify(actor.state), version: actor?.version ?? 0 })),
		);
		scheduler.say(() => `a client gets for ${service} ${id}: ${JSON.stringify(answer)}`);
		if (answer === "no answer") return false;
		this.asks.push({ service, id, ...answer, from, to: scheduler.steps, of: to.name });
		return true;
	}
	async lastQuestions(): Promise<void> {
		const { nodes, partitions } = this.#world;
		const streams = new Set([...partitions.values()].flatMap((all) => all.flatMap(({ kept }) => kept.map(({ commit }) => commit.stream))));
		const about = [...streams].map((stream) => [stream.slice(0, stream.indexOf("-")), stream.slice(stream.indexOf("-") + 1)] as const);
		/** Retries, because a late fault may still reach a node that was stalled. */
		const insist = async (service: string, id: string, node: Node): Promise<boolean> =>
			(await this.#ask(service, id, node)) || (await this.#ask(service, id, node)) || this.#ask(service, id, node);
		const answered = await Promise.all(nodes.flatMap((node) => about.map(([service, id]) => insist(service, id, node))));
		if (answered.includes(false)) this.#world.violated("stuck", "some final asks were not answered");
	}
}

const told = ({ service, name, params, commandId, ifMatch }: Command): string =>
	`${service}.${name} ${JSON.stringify(params)}${ifMatch === undefined ? "" : ` at version ${ifMatch}`} (${commandId})`;
