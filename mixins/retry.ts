/**
 * Retry - a call to another node that comes to nothing for a reason that may pass is sent again, with growing pauses, while its caller
 * waits: all attempts together never outlast the call's own timeout. In place of Moleculer's, which gives every attempt all of it
 * (docs/decisions/0018-calls-between-nodes.md).
 */
import type { ActionSchema, Context, Middleware, ServiceBroker } from "moleculer";
import { overAfter } from "./sent.ts";
import { nodeTimers } from "./timers.ts";

/** Moleculer's own name. */
const COUNTED = "moleculer.request.retry.attempts.total";
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;
/** Milliseconds without which no further attempt is made: it would only time out, and hide why. */
const LEAST = 500;

/** What a test takes over. */
export interface Time {
	/** Milliseconds of a clock that is never set back. */
	clock(): number;
	wait(milliseconds: number): Promise<void>;
	/** From 0 to 1: who failed together does not come again together. */
	chance(): number;
}
const REAL: Time = { clock: () => performance.now(), wait: nodeTimers.wait, chance: Math.random };

type Next = (ctx: Context) => Promise<unknown>;

/** Outside the timeout of each attempt; only for calls to other nodes: an action of this one would begin anew with a request half used up. */
export const RetryMiddleware =
	(time: Time = REAL) =>
	(broker: ServiceBroker): Middleware =>
		({
			name: "Retry",
			created() {
				const description = "Calls to other nodes that were sent again";
				if (broker.isMetricsEnabled())
					broker.metrics.register({ name: COUNTED, type: "counter", labelNames: ["service", "action"], description, rate: true });
			},
			remoteAction: (next: Next, action: ActionSchema) => (ctx: Context) => {
				const { timeout, retries, nodeID } = ctx.options;
				const given = timeout ?? action.timeout ?? broker.options.requestTimeout ?? 0;
				if (given <= 0 || retries === 0 || nodeID !== undefined) return next(ctx);
				return new Insisting(broker, action, ctx, time.clock() + given, time).from(next, given);
			},
		}) as unknown as Middleware; // moleculer's type says less of a handler than is known here

class Insisting {
	readonly #broker: ServiceBroker;
	readonly #action: ActionSchema;
	readonly #ctx: Context;
	readonly #headers: Context["headers"];
	readonly #until: number;
	readonly #time: Time;

	constructor(broker: ServiceBroker, action: ActionSchema, ctx: Context, until: number, time: Time) {
		this.#broker = broker;
		this.#action = action;
		this.#ctx = ctx;
		this.#headers = ctx.headers; // before an attempt adds its own
		this.#until = until;
		this.#time = time;
	}

	/** Resolves to the first answer, or rejects with the failure of the last attempt. */
	async from(first: Next, timeout: number): Promise<unknown> {
		const { clock } = this.#time;
		let begun = clock();
		let left = timeout;
		let attempt = () => first(this.#ctx);
		for (let pauses = 0; ;) {
			try {
				return await attempt();
			} catch (error) {
				if (!mayPass(error)) throw error;
				const over = isLost(error) ? begun + overAfter(left) : 0;
				do await this.#pause(error, pauses++, over);
				while (!this.#offered);
			}
			begun = clock();
			left = this.#until - begun;
			attempt = () => this.#again(left);
		}
	}

	/** Rejects with what went wrong where no time is left; but not before the attempt is over, or whoever hears of it asks again too early. */
	async #pause(error: unknown, pauses: number, over: number): Promise<void> {
		const { clock, wait, chance } = this.#time;
		const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** pauses) * (1 - chance() / 2);
		const asked = Math.max(clock() + pause, over);
		const fits = asked + LEAST <= this.#until;
		const ends = fits ? asked : over;
		if (ends > clock()) await wait(ends - clock());
		if (!fits || clock() + LEAST > this.#until) throw error;
	}

	/** While nobody offers it there is nothing to send, and the last failure says more. */
	get #offered(): boolean {
		return this.#broker.registry.actions.isAvailable(this.#action.name ?? "");
	}

	/** To whoever is the right one by now, as the same call: its id, if it has one, is in its metadata. */
	#again(timeout: number): Promise<unknown> {
		const { name = "", service } = this.#action;
		this.#broker.metrics.increment(COUNTED, { service: service?.fullName ?? null, action: name });
		const ctx = this.#ctx.copy();
		ctx.headers = this.#headers;
		ctx.options = { ...this.#ctx.options, timeout, retries: 0 };
		return this.#broker.call(name, ctx.params, { ctx });
	}
}

interface Failure {
	readonly type?: unknown;
	readonly retryable?: unknown;
}
const failureOf = (error: unknown): Failure => (error instanceof Error ? (error as Failure) : {}); // Moleculer's own fields, on any error

/** What has waited already: a time-out for all the time there was, wherever it happened; a read for its facts. */
const WAITED: ReadonlySet<unknown> = new Set(["REQUEST_TIMEOUT", "READ_MODEL_LAGGING"]);
function mayPass(error: unknown): boolean {
	const { type, retryable } = failureOf(error);
	return retryable === true && !WAITED.has(type);
}

/** Nobody said what became of it: the node may be dead, or asleep and about to go on. */
const isLost = (error: unknown): boolean => failureOf(error).type === "REQUEST_REJECTED";
