/** Chaos - what befalls the processes of a cluster, drawn by chance: killed, paused until the others think them dead, left and joined. */
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "../http/random.ts";
import type { Cluster } from "../support/cluster.ts";

/** The others think a node dead after six seconds of silence. */
const THOUGHT_DEAD = 7_500;
type Fault = "kill" | "pause" | "leave" | "join";

export class Chaos {
	readonly #cluster: Cluster;
	readonly #dice: Dice;
	/** Those something happens to, or a copy of which is about to join. */
	readonly #busy = new Set<string>();
	readonly #names: readonly string[];
	readonly #running: Promise<void>[] = [];
	readonly #waiting: Fault[];
	readonly #every: number;
	#answered = 0;
	#joined = 0;
	/** What happened, in words. */
	readonly story: string[] = [];

	/** A fault each so many answers. */
	constructor(cluster: Cluster, dice: Dice, faults: readonly Fault[], every: number) {
		this.#cluster = cluster;
		this.#names = cluster.names;
		this.#dice = dice;
		this.#waiting = dice.shuffle(faults);
		this.#every = every;
	}
	/** A command was answered. */
	answered(): void {
		if (++this.#answered % this.#every === 0) this.#strike();
	}
	/** Resolves when everything that was to happen has, and all nodes are there again. */
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
