/** Chaos - random faults for the processes of a cluster: kill, pause until the others count them as lost, leave and join. */
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "../http/random.ts";
import type { Cluster } from "../support/cluster.ts";

/** Milliseconds of silence after which the others certainly count a node as lost. */
const THOUGHT_DEAD = 7_500;
type Fault = "kill" | "pause" | "leave" | "join";

export class Chaos {
	readonly #cluster: Cluster;
	readonly #dice: Dice;
	/** Nodes with a fault in progress. */
	readonly #busy = new Set<string>();
	readonly #names: readonly string[];
	readonly #running: Promise<void>[] = [];
	readonly #waiting: Fault[];
	readonly #every: number;
	#answered = 0;
	#joined = 0;
	/** A description of each fault. */
	readonly story: string[] = [];

	/** `every`: the number of answers between two faults. */
	constructor(cluster: Cluster, dice: Dice, faults: readonly Fault[], every: number) {
		this.#cluster = cluster;
		this.#names = cluster.names;
		this.#dice = dice;
		this.#waiting = dice.shuffle(faults);
		this.#every = every;
	}
	/** Counts an answered command. */
	answered(): void {
		if (++this.#answered % this.#every === 0) this.#strike();
	}
	/** Resolves when all faults are over and all nodes are back. */
	async over(): Promise<void> {
		while (this.#waiting.length > 0) {
			this.#strike();
			await Promise.race(this.#running);
			await pause(200);
		}
		await Promise.all(this.#running);
	}
	#strike(): void {
		const free = this.#names.filter((name) => !this.#busy.has(name));
		const fault = this.#waiting.pop();
		if (!fault || free.length === 0) return;
		const name = this.#dice.pick(free);
		this.#running.push(this.#befall(fault, name));
	}
	async #befall(fault: Fault, name: string): Promise<void> {
		this.story.push(`${fault} ${name} after ${this.#answered} answers`);
		const cluster = this.#cluster;
		this.#busy.add(name);
		if (fault === "join") await cluster.join(`${name}${++this.#joined}`, cluster.servicesOf(name));
		else if (fault === "pause") {
			cluster.pause(name);
			await pause(THOUGHT_DEAD);
			cluster.resume(name);
		} else {
			await (fault === "kill" ? cluster.kill(name) : cluster.leave(name));
			await pause(this.#dice.int(0, 2_000));
			await cluster.join(name);
		}
		this.#busy.delete(name);
	}
}
