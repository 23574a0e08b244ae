/**
 * Scheduler - what happens next, and what time it is. Everything that waits (a request on its way, a reply, a timer that is due) lies
 * in one list; each step takes one thing from it, and whatever follows at once in the code under test runs before the next step.
 */
import type { Timers } from "../../mixins/common/timers.ts";
import type { Chance } from "./chance.ts";

/** Whoever something happens to: one life of a node, of the database; what was to happen to a dead one does not. */
export interface Owner {
	alive: boolean;
	/** Until then it stands still: nothing happens to it. */
	still?: number;
}
interface Task {
	readonly run: () => void;
	readonly owner: Owner | null;
}
interface Timer extends Task {
	readonly due: number;
}

/** Of the things that are ready, the next is one of so many of the oldest. */
const WINDOW = 16;
export const START = Date.parse("2026-03-01T08:00:00.000Z");

export class Scheduler {
	readonly chance: Chance;
	/** Virtual milliseconds: one a step, more when nothing else can happen. */
	now = START;
	steps = 0;
	/** No more faults: what is late comes, in the order it was sent. */
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

	/** One more of this kind; for the figures of a run. */
	count(kind: string): void {
		this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
	}
	say(text: () => string): void {
		this.trace?.push(`${String(this.steps).padStart(5)} ${text()}`);
	}
	/** Happens after what is ready now, or before it: as it is picked. */
	post(run: () => void, owner: Owner | null = null): void {
		this.#ready.push({ run, owner });
	}
	/** Happens much later, or when nothing else does. */
	postLate(run: () => void, owner: Owner | null = null): void {
		this.#late.push({ run, owner });
	}
	/** Happens when it is that late; not before. */
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
			rest: wait,
		};
	}

	/** One thing that is ready, or late; false if there is none. */
	step(): boolean {
		this.now++;
		this.#ripen();
		if (this.#ready.length > 0) {
			this.#run(this.#ready.splice(this.chance.pick(Math.min(this.#ready.length, WINDOW)), 1)[0]);
			return true;
		}
		return this.late(0);
	}
	/** One of the late things comes now. */
	late(which = this.chance.pick(this.#late.length)): boolean {
		const [task] = this.#late.splice(which, 1);
		this.#run(task);
		return task !== undefined;
	}
	/** It is as late as the next timer says; false if there is none. */
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
