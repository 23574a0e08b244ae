/**
 * Performer - does the work of an effect through its port, and records the attempt and the outcome as facts. After a crash, a lost answer or
 * with two owners for a moment, the same work has the same key, and the promise of the port decides how it is repeated
 * (docs/decisions/0040-effects-through-ports.md). Does not depend on Moleculer.
 */
import type { AnyEffect, EffectRecords } from "../../model/index.ts";
import type { Item, Outcome } from "../actors/outcome.ts";
import { BoundedCache } from "../common/bounded-cache.ts";
import type { Timers } from "../common/timers.ts";
import type { PortAnswer, PortCalls } from "../ports/answers.ts";
import type { Send } from "./outbox.ts";

type ClearAnswer = Extract<PortAnswer, { readonly receipt: string } | { readonly refused: object }>;

/** Recorded jobs that are remembered, at most twice as many: more than the outbox holds, so that a job that is sent again has its outcome. */
const RECORDED = 10_000;

/** An attempt at a job; the process that recorded it may call the port once, before `until`. */
interface Attempt {
	readonly n: number;
	/** Differs from that of every other attempt, also of this performer: a forgotten attempt is never continued. */
	readonly name: string;
	/** Of the monotonic clock, in milliseconds. */
	readonly until: number;
	/** Whether the call may have reached the port. */
	isCalled: boolean;
}

/** The commands at one place have the same id, so only the first of them takes effect. */
const placeOf = (n: number): string => `attempted/${n}`;

export class Performer {
	readonly #effect: AnyEffect;
	readonly #send: Send;
	readonly #port: PortCalls;
	readonly #timers: Pick<Timers, "wait">;
	/** Begins the names of the attempts of this performer, and of no other one. */
	readonly #self: string;
	/** Milliseconds of a monotonic clock. */
	readonly #clock: () => number;
	/** The newest known attempt at each job. */
	readonly #attempts = new Map<string, Attempt>();
	#named = 0;
	/** Outcomes by job: a row may need its job until it has read the outcome, so the job is sent again. */
	readonly #recorded = new BoundedCache<Outcome>(RECORDED);
	/** Clear answers of the port whose outcome is not recorded yet. */
	readonly #answers = new Map<string, ClearAnswer>();

	/** `send`: sends the commands that record the work. */
	constructor(effect: AnyEffect, send: Send, port: PortCalls, timers: Pick<Timers, "wait">, self: string, clock: () => number) {
		this.#clock = clock;
		this.#effect = effect;
		this.#send = send;
		this.#port = port;
		this.#timers = timers;
		this.#self = self;
	}

	/** Does many jobs; resolves to one outcome per job, when it is recorded. */
	readonly perform: Send = (_action, items) => Promise.all(items.map((item) => this.#one(item)));

	async #one(item: Item): Promise<Outcome> {
		const { promise, port } = this.#effect;
		const { commandId: key = "" } = item;
		const recorded = this.#recorded.get(key);
		if (recorded) return recorded;
		const answer = this.#answers.get(key);
		if (answer) return this.#conclude(item, answer);
		if (promise === "once") return this.#call(item);
		if (!(await this.#port.ready())) return { failure: `${port} is not ready`, unavailable: true };
		for (let attempt = this.#attempts.get(key) ?? this.#next(key, 0); ; attempt = this.#next(key, attempt.n + 1)) {
			const attempted = await this.#record(item, "attempted", { attempt: attempt.name }, placeOf(attempt.n));
			if ("refusal" in attempted) this.#attempts.delete(key);
			if (!("done" in attempted)) return attempted;
			const isUnused = attempted.done.answer["attempt"] === attempt.name && !attempt.isCalled;
			if (isUnused && this.#clock() < attempt.until) return this.#call(item, attempt);
			if (isUnused) continue; // too late for this attempt: another process may have waited for its end
			await this.#timers.wait(this.#port.settled);
			if (promise === "never") return this.#doubt(item, "The process stopped between the attempt and its outcome");
			const known = await this.#lookUp(item);
			if (known) return known;
		}
	}

	#next(key: string, n: number): Attempt {
		const attempt = { n, name: `${this.#self}.${++this.#named}`, until: this.#clock() + this.#port.claim, isCalled: false };
		this.#attempts.set(key, attempt);
		return attempt;
	}

	/** The outcome, if the port knows the key or does not answer; null if the work is not done. */
	async #lookUp(item: Item): Promise<Outcome | null> {
		try {
			const found = await this.#port.find(item.commandId ?? "");
			return found && (await this.#conclude(item, found));
		} catch (error) {
			return { failure: error instanceof Error ? error.message : String(error), unavailable: true };
		}
	}

	/** Only the process that recorded an attempt calls the port for it, and only once. */
	async #call(item: Item, attempt?: Attempt): Promise<Outcome> {
		const { commandId: key = "", params } = item;
		if (attempt) attempt.isCalled = true;
		const answer = await this.#port.perform(key, params["request"]);
		if ("receipt" in answer || "refused" in answer) return this.#conclude(item, answer);
		if ("unsent" in answer) {
			if (attempt) attempt.isCalled = false;
			return { failure: answer.unsent, unavailable: true };
		}
		return this.#effect.promise === "never" ? this.#doubt(item, answer.unclear) : { failure: answer.unclear };
	}
	#conclude(item: Item, answer: ClearAnswer): Promise<Outcome> {
		this.#answers.set(item.commandId ?? "", answer);
		if ("receipt" in answer) return this.#finish(item, "succeeded", answer);
		const attempt = this.#attempts.get(item.commandId ?? "");
		if (this.#effect.promise !== "lookup" || !attempt) return this.#finish(item, "failed", answer.refused);
		return this.#fail(item, answer.refused, attempt.n + 1);
	}
	/** Records the refusal in the place of the next attempt. If another process has already made that one, its outcome counts. */
	async #fail(item: Item, refused: object, n: number): Promise<Outcome> {
		const outcome = await this.#record(item, "failed", refused, placeOf(n));
		if (!("done" in outcome) || !("attempt" in outcome.done.answer)) return this.#finished(item, outcome);
		this.#answers.delete(item.commandId ?? "");
		this.#next(item.commandId ?? "", n);
		return { failure: "Another process attempts it again", unavailable: true };
	}
	#doubt(item: Item, detail: string): Promise<Outcome> {
		return this.#finish(item, "doubted", { detail });
	}

	/** Records the outcome; until that succeeds, the work is repeated with the same key. */
	async #finish(item: Item, name: keyof EffectRecords, params: object): Promise<Outcome> {
		return this.#finished(item, await this.#record(item, name, params, name));
	}
	#finished({ commandId: key = "" }: Item, outcome: Outcome): Outcome {
		if (!("done" in outcome)) return outcome;
		this.#attempts.delete(key);
		this.#answers.delete(key);
		this.#recorded.set(key, outcome);
		return outcome;
	}
	async #record(
		{ params: { id }, commandId = "", cause }: Item,
		name: keyof EffectRecords,
		params: object,
		place: string,
	): Promise<Outcome> {
		const action = this.#effect.records[name];
		if (action === undefined) throw new Error(`${this.#effect.name} does not record ${name}`);
		const command: Item = { params: { id, ...params }, commandId: `${commandId}/${place}`, ...(cause === undefined ? {} : { cause }) };
		const [outcome] = await this.#send(action, [command]);
		return outcome ?? { failure: "no answer" };
	}
}
