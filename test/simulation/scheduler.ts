/**
 * Scheduler - decides which task runs next, and the virtual time. All ready tasks (requests, replies, due timers) are in one list; each
 * step runs one of them, and all code that follows at once runs before the next step.
 */
import type { Timers } from "../../mixins/common/timers.ts";
import type { Chance } from "./chance.ts";

/** The owner of tasks: one life of a node or of the database; tasks of a dead owner do not run. */
export interface Owner {
	alive: boolean;
	/** The owner stalls until then, and its tasks are delayed. */
	still?: number;
}
interface Task {
	readonly run: () => void;
	readonly owner: Owner | null;
}
interface Timer extends Task {
	readonly due: number;
}

/** The next task is one of so many of the oldest ready tasks. */
const WINDOW = 16;
export const START = Date.parse("2026-03-01T08:00:00.000Z");

export class Scheduler {
	readonly chance: Chance;
	/** Virtual milliseconds: one per step, more if no task is ready. */
	now = START;
	steps = 0;
	/** No more faults; late tasks run in order. */
	calm = false;
	readonly trace: string[] | null;
	readonly counts = new Map<string, number>();
	readonly #ready: Task[] = [];
	readonly #late: Task[] = [];
	readonly #timers: Timer[] = [];

	constructor(chance: Chance, traced: boolean) {
		this.chance = chance;
		this.trace = traced ? [] : null;
	}

	/** Counts an event for the summary of a run. */
	count(kind: string): void {
		this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
	}
	say(text: () => string): void {
		this.trace?.push(`${String(this.steps).padStart(5)} ${text()}`);
	}
	/** Adds a ready task; the picks decide its order. */
	post(run: () => void, owner: Owner | null = null): void {
		this.#ready.push({ run, owner });
	}
	/** Adds a task that runs much later, or if no other task is ready. */
	postLate(run: () => void, owner: Owner | null = null): void {
		this.#late.push({ run, owner });
	}
	/** Adds a timer that runs at `due` or later. */
	at(due: number, run: () => void, owner: Owner | null = null): () => void {
		let isCancelled = false;
		const timer = { run: () => !isCancelled && run(), owner, due };
		let place = this.#timers.length;
		while (place > 0 && (this.#timers[place - 1]?.due ?? 0) > due) place--;
		this.#timers.splice(place, 0, timer);
		return () => {
			isCancelled = true;
			const found = this.#timers.indexOf(timer);
			if (found >= 0) this.#timers.splice(found, 1);
		};
	}
	/** The timers of one life. */
	timersOf(owner: Owner): Timers {
		const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => this.at(this.now + milliseconds, resolve, owner));
		return {
			soon: (run) => this.post(run, owner),
			later: (milliseconds, run) => this.at(this.now + milliseconds, run, owner),
			wait,
			delay: wait,
		};
	}

	/** Runs one ready or late task; false if there is none. */
	step(): boolean {
		this.now++;
		this.#ripen();
		if (this.#ready.length > 0) {
			this.#run(this.#ready.splice(this.chance.pick(Math.min(this.#ready.length, WINDOW)), 1)[0]);
			return true;
		}
		return this.late(0);
	}
	/** Runs one of the late tasks; false if there is none. */
	late(which = this.chance.pick(this.#late.length)): boolean {
		const [task] = this.#late.splice(which, 1);
		this.#run(task);
		return task !== undefined;
	}
	/** Advances the time to the next timer; false if there is none. */
	skip(): boolean {
		const next = this.#timers[0];
		if (!next) return false;
		this.now = Math.max(this.now, next.due);
		this.#ripen();
		return true;
	}

	#ripen(): void {
		while (this.#timers[0] && this.#timers[0].due <= this.now) {
			const timer = this.#timers.shift();
			if (timer && timer.owner?.alive !== false) this.#ready.push(timer);
		}
	}
	#run(task: Task | undefined): void {
		if (!task || task.owner?.alive === false) return;
		const still = task.owner?.still ?? 0;
		if (still > this.now) this.at(still, task.run, task.owner);
		else task.run();
	}
}
