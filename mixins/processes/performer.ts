/**
 * Performer - does the work of an effect through its port, and records the attempt and the outcome as facts. After a crash, a lost answer or
 * with two owners for a moment, the same work has the same key, and the promise of the port decides how it is repeated
 * (docs/decisions/0040-effects-through-ports.md). Does not depend on Moleculer.
 */
import type { AnyEffect, EffectRecords } from "../../model/index.ts";
import type { Item, Outcome } from "../actors/outcome.ts";
import type { Timers } from "../common/timers.ts";
import type { PortAnswer, PortCalls } from "../ports/answers.ts";
import type { Send } from "./outbox.ts";

type ClearAnswer = Extract<PortAnswer, { readonly receipt: string } | { readonly refused: object }>;

/** An attempt at a job; the process that recorded it may call the port once, before `until`. */
interface Attempt {
	readonly n: number;
	/** Of the monotonic clock, in milliseconds. */
	readonly until: number;
	/** Whether the call may have reached the port. */
	isCalled: boolean;
}

export class Performer {
	readonly #effect: AnyEffect;
	readonly #send: Send;
	readonly #port: PortCalls;
	readonly #timers: Pick<Timers, "wait">;
	/** Identifies this performer in the attempts that it records. */
	readonly #self: string;
	/** Milliseconds of a monotonic clock. */
	readonly #clock: () => number;
	/** The newest known attempt at each job. */
	readonly #attempts = new Map<string, Attempt>();
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
		const answer = this.#answers.get(key);
		if (answer) return this.#conclude(item, answer);
		if (promise === "once") return this.#call(item);
		if (!(await this.#port.ready())) return { failure: `${port} is not ready`, unavailable: true };
		for (let attempt = this.#attempts.get(key) ?? this.#next(key, 0); ; attempt = this.#next(key, attempt.n + 1)) {
			const attempted = await this.#record(item, "attempted", { attempt: this.#self }, `/${attempt.n}`);
			if ("refusal" in attempted) this.#attempts.delete(key);
			if (!("done" in attempted)) return attempted;
			const isUnused = attempted.done.answer["attempt"] === this.#self && !attempt.isCalled;
			if (isUnused && this.#clock() < attempt.until) return this.#call(item, attempt);
			if (isUnused) continue; // too late for this attempt: another process may have waited for its end
			await this.#timers.wait(this.#port.settled);
			if (promise === "never") return this.#doubt(item, "The process stopped between the attempt and its outcome");
			const known = await this.#lookUp(item);
			if (known) return known;
		}
	}

	#next(key: string, n: number): Attempt {
		const attempt = { n, until: this.#clock() + this.#port.claim, isCalled: false };
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
		return "receipt" in answer ? this.#finish(item, "succeeded", answer) : this.#finish(item, "failed", answer.refused);
	}
	#doubt(item: Item, detail: string): Promise<Outcome> {
		return this.#finish(item, "doubted", { detail });
	}

	/** Records the outcome; until that succeeds, the work is repeated with the same key. */
	async #finish(item: Item, name: keyof EffectRecords, params: object): Promise<Outcome> {
		const outcome = await this.#record(item, name, params);
		const { commandId: key = "" } = item;
		if (!("done" in outcome)) return outcome;
		this.#attempts.delete(key);
		this.#answers.delete(key);
		return outcome;
	}
	async #record({ params: { id }, commandId = "", cause }: Item, name: keyof EffectRecords, params: object, n = ""): Promise<Outcome> {
		const action = this.#effect.records[name];
		if (action === undefined) throw new Error(`${this.#effect.name} does not record ${name}`);
		const command: Item = { params: { id, ...params }, commandId: `${commandId}/${name}${n}`, ...(cause === undefined ? {} : { cause }) };
		const [outcome] = await this.#send(action, [command]);
		return outcome ?? { failure: "no answer" };
	}
}
