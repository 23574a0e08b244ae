/**
 * Outbox - the commands a process is asking for: one at a time per row, many in one call, a failure tried again with growing
 * pauses and parked after ten attempts, a refusal parked at once.
 */
import type { Sending } from "../model/index.ts";
import type { Item, Outcome } from "./event-sourced.ts";
import type { Parked } from "./process-runner.ts";

/** Gives a command to many actors at once; resolves to an outcome each. */
export type Send = (action: string, items: readonly Item[]) => Promise<readonly Outcome[]>;

const MANY = 1000;
const CALLS = 4;
/** Rows waiting beyond which the followers wait too. */
const FULL = 5000;
const ATTEMPTS = 10;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;

interface Entry {
	readonly id: string;
	readonly sending: Sending;
	readonly cause: string;
}

export class Outbox {
	readonly #name: string;
	readonly #send: Send;
	readonly #rows: { again(id: string): void; park(id: string, parked: Parked): Promise<void> };
	readonly #asking = new Set<string>();
	readonly #answered = new Map<string, (() => void)[]>();
	readonly #attempts = new Map<string, number>();
	readonly #timers = new Set<NodeJS.Timeout>();
	#waiting: Entry[] = [];
	#calls = 0;
	#scheduled = false;
	#roomy: (() => void)[] = [];
	stopped = false;

	constructor(name: string, send: Send, rows: { again(id: string): void; park(id: string, parked: Parked): Promise<void> }) {
		this.#name = name;
		this.#send = send;
		this.#rows = rows;
	}

	get size(): number {
		return this.#asking.size;
	}
	/** Whether a command of this row is on its way. */
	has(id: string): boolean {
		return this.#asking.has(id);
	}
	/** Sends the first; what else the row needs shows when the answer's fact comes back. */
	add(id: string, [sending]: readonly Sending[], cause: string): void {
		if (!sending || this.#asking.has(id) || this.stopped) return;
		this.#asking.add(id);
		this.#waiting.push({ id, sending, cause });
		this.#schedule();
	}
	/** Resolves when the row's command is answered or parked; at once if there is none. */
	answered(id: string): Promise<void> {
		if (!this.#asking.has(id) && !this.#attempts.has(id)) return Promise.resolve();
		return new Promise((resolve) => this.#answered.set(id, [...(this.#answered.get(id) ?? []), resolve]));
	}
	/** The row needs nothing any more, or its command is answered. */
	free(id: string): void {
		this.#asking.delete(id);
		this.#attempts.delete(id);
		const waiting = this.#answered.get(id);
		this.#answered.delete(id);
		for (const resolve of waiting ?? []) resolve();
	}
	/** Resolves when there is room for more. */
	room(): Promise<void> {
		return this.#asking.size < FULL || this.stopped ? Promise.resolve() : new Promise((resolve) => this.#roomy.push(resolve));
	}
	stop(): void {
		this.stopped = true;
		this.#waiting = [];
		for (const timer of this.#timers) clearTimeout(timer);
		for (const resolve of this.#roomy.splice(0)) resolve();
	}

	/** Once for all that was added in this turn. */
	#schedule(): void {
		if (this.#scheduled) return;
		this.#scheduled = true;
		setImmediate(() => {
			this.#scheduled = false;
			while (this.#waiting.length > 0 && this.#calls < CALLS) void this.#call();
		});
	}

	async #call(): Promise<void> {
		const action = this.#waiting[0]?.sending.action ?? "";
		const batch: Entry[] = [];
		const rest: Entry[] = [];
		for (const entry of this.#waiting) (entry.sending.action === action && batch.length < MANY ? batch : rest).push(entry);
		this.#waiting = rest;
		this.#calls++;
		const items = batch.map(({ id, sending, cause }) => ({
			params: { ...sending.params },
			commandId: `${this.#name}/${id}/${sending.cause}`,
			cause,
		}));
		const outcomes = await this.#send(action, items).catch((error: unknown) =>
			items.map((): Outcome => ({ failure: error instanceof Error ? error.message : String(error) })),
		);
		this.#calls--;
		await Promise.all(batch.map(({ id }, i) => this.#outcome(id, outcomes[i] ?? { failure: "no answer" })));
		this.#schedule();
		if (this.#asking.size < FULL) for (const resolve of this.#roomy.splice(0)) resolve();
	}

	async #outcome(id: string, outcome: Outcome): Promise<void> {
		if ("done" in outcome) return this.free(id);
		const attempts = (this.#attempts.get(id) ?? 0) + 1;
		if ("refusal" in outcome || attempts >= ATTEMPTS) {
			const [code, detail] = "refusal" in outcome ? [outcome.refusal.code, outcome.refusal.detail] : ["FAILED", outcome.failure];
			await this.#rows.park(id, { code, detail, attempts });
			return this.free(id);
		}
		this.#attempts.set(id, attempts);
		const timer = setTimeout(
			() => {
				this.#timers.delete(timer);
				this.#asking.delete(id);
				this.#rows.again(id);
			},
			Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempts),
		).unref();
		this.#timers.add(timer);
	}
}
