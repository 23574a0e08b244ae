/** Slowed - suspends a process most of the time, and measures the memory of processes. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { System } from "../support/system.ts";

export class Slowed {
	readonly #system: System;
	#over = false;
	readonly #running: Promise<void>;

	/** `runs` and `stands`: milliseconds for which the process runs and is suspended in turn. */
	constructor(system: System, runs: number, stands: number) {
		this.#system = system;
		this.#running = this.#run(runs, stands);
	}
	async #run(runs: number, stands: number): Promise<void> {
		while (!this.#over) {
			this.#system.signal("SIGSTOP");
			await pause(stands);
			this.#system.signal("SIGCONT");
			await pause(runs);
		}
	}
	/** Lets the process run normally again. */
	async end(): Promise<void> {
		this.#over = true;
		await this.#running;
	}
}

/** Megabytes of resident memory, by the name of the node. */
export const memoryOf = (nodes: Readonly<Record<string, System>>): Record<string, number> =>
	Object.fromEntries(Object.entries(nodes).map(([name, { pid }]) => [name, residentMb(pid)]));
const residentMb = (pid: number): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
