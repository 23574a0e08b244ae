/**
 * Outbox - sends the commands of a process: one at a time per row, many in one call. A failure is retried with growing pauses and
 * parked after ten attempts; a refusal is parked at once, except NOT_YET, which is retried. While the service or the store is unavailable, retries do not count.
 */
import { PARKED } from "../common/codes.ts";
import { COMMON_CODES, type Sending } from "../../model/index.ts";
import type { Item, Outcome } from "../actors/outcome.ts";
import { commandIdOf, type Parked } from "./rows.ts";
import type { Timers } from "../common/timers.ts";

/** Sends a command to many actors in one call; resolves to one outcome per item, in order. */
export type Send = (action: string, items: readonly Item[]) => Promise<readonly Outcome[]>;

const MANY = 1000;
const CALLS = 4;
export interface Batches {
	/** The number of commands in a call. */
	readonly many: number;
	/** The number of calls at once. */
	readonly calls: number;
	/** Whether nothing is sent until all logs were read up to their ends at the start: facts that are read later may cancel a command. */
	readonly afterCatchUp?: true;
}
/** Rows with a pending command from which on the followers wait. */
const FULL = 5000;
const ATTEMPTS = 10;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** A command to park, which is not retried automatically; `id` is the row's. */
export type Refused = Omit<Parked, "at"> & { readonly id: string };
interface Entry {
	readonly id: string;
	sending: Sending;
	cause: string;
	/** A waiting command can still be replaced or cancelled. */
	phase: "waiting" | "sent" | "cancelled";
}
/** How often a command was sent, and how often it failed without an outage. */
interface Tries {
	/** The id of the command; another command of the row starts from zero. */
	readonly command: string;
	readonly asked: number;
	readonly failed: number;
}

/** The rows whose commands are sent. */
interface Rows {
	/** Evaluates a row again, and adds its commands or frees it. */
	again(id: string): Promise<void>;
	park(refused: Refused): Promise<void>;
}

/** The batches of a running process: it sends nothing before it has read what the logs held at its start, or a rebuild moves cases to and fro. */
export const CAUGHT_UP: Batches = { many: MANY, calls: CALLS, afterCatchUp: true };

export class Outbox {
	readonly #name: string;
	readonly #send: Send;
	readonly #rows: Rows;
	/** The pending command of each row: waiting, sent, or between two attempts. */
	readonly #asking = new Map<string, Entry>();
	/** Rows that changed while their command was pending. */
	readonly #stale = new Set<string>();
	readonly #answered = new Map<string, (() => void)[]>();
	readonly #tries = new Map<string, Tries>();
	readonly #timers: Timers;
	readonly #cancels = new Set<() => void>();
	readonly #many: number;
	readonly #atOnce: number;
	readonly #holds: boolean;
	#isHeld = false;
	#waiting: Entry[] = [];
	#calls = 0;
	#scheduled = false;
	#roomy: (() => void)[] = [];
	stopped = false;

	constructor(name: string, send: Send, rows: Rows, timers: Timers, { many, calls, afterCatchUp }: Batches = { many: MANY, calls: CALLS }) {
		this.#holds = afterCatchUp === true;
		this.#many = many;
		this.#atOnce = calls;
		this.#name = name;
		this.#send = send;
		this.#rows = rows;
		this.#timers = timers;
	}

	get size(): number {
		return this.#asking.size;
	}
	/** Whether a command of this row is sent and not answered; if so, the row is evaluated again after the answer. */
	busy(id: string): boolean {
		const isSent = this.#asking.get(id)?.phase === "sent";
		if (isSent) this.#stale.add(id);
		return isSent;
	}
	/** Sends the first command; the others follow when the row is evaluated again. */
	add(id: string, [sending]: readonly Sending[], cause: string): void {
		if (!sending || this.stopped || this.busy(id)) return;
		const waiting = this.#asking.get(id);
		if (waiting) return void Object.assign(waiting, { sending, cause });
		const entry: Entry = { id, sending, cause, phase: "waiting" };
		this.#asking.set(id, entry);
		this.#waiting.push(entry);
		this.#schedule();
	}
	/** Cancels the command of a row that needs none any more, unless it is sent. */
	cancel(id: string): void {
		if (this.#asking.get(id)?.phase === "waiting") this.free(id);
	}
	/** Resolves when the row's command is answered or parked; at once if none is pending. */
	answered(id: string): Promise<void> {
		if (!this.#asking.has(id) && !this.#tries.has(id)) return Promise.resolve();
		return new Promise((resolve) => this.#answered.set(id, [...(this.#answered.get(id) ?? []), resolve]));
	}
	/** Forgets a row that needs no command any more. */
	free(id: string): void {
		const entry = this.#asking.get(id);
		if (entry) entry.phase = "cancelled";
		this.#asking.delete(id);
		this.#stale.delete(id);
		this.#tries.delete(id);
		const waiting = this.#answered.get(id);
		this.#answered.delete(id);
		for (const resolve of waiting ?? []) resolve();
		this.#makeRoom();
	}
	#makeRoom(): void {
		if (this.#asking.size < FULL) for (const resolve of this.#roomy.splice(0)) resolve();
	}
	/** Rows whose command is not sent yet. */
	get waiting(): readonly string[] {
		return this.#waiting.map(({ id }) => id);
	}
	/** Sends nothing until the ends of the logs are read, if it is to wait for them: a process that only answers operators sends at once. */
	hold(): void {
		this.#isHeld = this.#holds;
	}
	/** Begins to send, if it has waited for the ends of the logs. */
	release(): void {
		this.#isHeld = false;
		this.#schedule();
	}
	/** Resolves when fewer than `FULL` rows have a pending command, or while nothing is sent. */
	room(): Promise<void> {
		return this.#asking.size < FULL || this.#isHeld || this.stopped
			? Promise.resolve()
			: new Promise((resolve) => this.#roomy.push(resolve));
	}
	stop(): void {
		this.stopped = true;
		this.#waiting = [];
		for (const cancel of this.#cancels) cancel();
		for (const resolve of this.#roomy.splice(0)) resolve();
	}

	/** Schedules one run for all commands added in this turn. */
	#schedule(): void {
		if (this.#scheduled || this.#isHeld) return;
		this.#scheduled = true;
		this.#timers.soon(() => {
			this.#scheduled = false;
			while (this.#waiting.length > 0 && this.#calls < this.#atOnce) void this.#call();
		});
	}

	async #call(): Promise<void> {
		const action = this.#waiting[0]?.sending.action ?? "";
		const batch: Entry[] = [];
		const rest: Entry[] = [];
		for (const entry of this.#waiting)
			if (entry.phase === "waiting") (entry.sending.action === action && batch.length < this.#many ? batch : rest).push(entry);
		this.#waiting = rest;
		if (batch.length === 0) return;
		for (const entry of batch) entry.phase = "sent";
		this.#calls++;
		const items = batch.map(({ id, sending, cause }) => ({
			params: { ...sending.params },
			commandId: commandIdOf(this.#name, id, sending),
			cause,
		}));
		const outcomes = await this.#send(action, items).catch((error: unknown) =>
			items.map((): Outcome => ({ failure: error instanceof Error ? error.message : String(error) })),
		);
		this.#calls--;
		await Promise.all(batch.map((entry, i) => this.#outcome(entry, outcomes[i] ?? { failure: "no answer" })));
		this.#schedule();
		this.#makeRoom();
	}

	async #outcome({ id, sending, cause }: Entry, outcome: Outcome): Promise<void> {
		if ("done" in outcome && this.#stale.has(id)) return void (this.#tries.delete(id), this.#look(id));
		if ("done" in outcome) return this.free(id);
		const command = commandIdOf(this.#name, id, sending);
		const known = this.#tries.get(id);
		const before = known?.command === command ? known : { asked: 0, failed: 0 };
		const tries = { command, asked: before.asked + 1, failed: before.failed + ("failure" in outcome && outcome.unavailable ? 0 : 1) };
		this.#tries.set(id, tries);
		if ("refusal" in outcome && outcome.refusal.code === COMMON_CODES.NOT_YET.name) return this.#later(id, tries.asked); // this node's clock is ahead
		if (!("refusal" in outcome) && tries.failed < ATTEMPTS) return this.#later(id, tries.asked);
		const [code, detail] = "refusal" in outcome ? [outcome.refusal.code, outcome.refusal.detail] : [PARKED.name, outcome.failure];
		const { action, params } = sending;
		try {
			await this.#rows.park({ id, command, action, params, cause, code, detail, attempts: tries.asked });
			this.free(id);
		} catch {
			this.#later(id, tries.asked); // sent again, and parked then
		}
	}

	/** Evaluates the row again. */
	#look(id: string): void {
		const entry = this.#asking.get(id);
		this.#asking.delete(id);
		this.#stale.delete(id);
		this.#rows.again(id).then(
			() => this.#makeRoom(), // it may need nothing, or may no longer exist
			() => {
				if (entry) this.#asking.set(id, entry);
				this.#later(id, 1);
			},
		);
	}

	#later(id: string, attempts: number): void {
		const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempts, 10));
		const cancel = this.#timers.later(pause, () => {
			this.#cancels.delete(cancel);
			this.#look(id);
		});
		this.#cancels.add(cancel);
	}
}
