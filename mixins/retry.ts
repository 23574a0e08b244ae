/**
 * Retry - a call to another node that comes to nothing for a reason that may pass is sent again, with growing pauses, while its caller
 * waits: all attempts together never outlast the call's own timeout. In place of Moleculer's, which gives every attempt all of it
 * (docs/decisions/0018-calls-between-nodes.md).
 */
import type { ActionSchema, Context, Middleware, ServiceBroker } from "moleculer";
import { Discovery } from "./discovery.ts";
import { inVain } from "./placement.ts";
import { overAfter } from "./sent.ts";
import { nodeTimers } from "./timers.ts";

/** Moleculer's own name. */
const COUNTED = "moleculer.request.retry.attempts.total";
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;
/** Milliseconds one attempt at a command has. */
export const ATTEMPT = 2000;
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
				return new Insisting(broker, action, ctx, time).from(next, given);
			},
		}) as unknown as Middleware; // moleculer's type says less of a handler than is known here

class Insisting {
	readonly #broker: ServiceBroker;
	readonly #action: ActionSchema;
	readonly #ctx: Context;
	readonly #headers: Context["headers"];
	readonly #time: Time;
	#until = 0;
	/** Nodes that did not say in time what became of it, or that they have not done it. */
	readonly #inVain = new Set<string>();

	constructor(broker: ServiceBroker, action: ActionSchema, ctx: Context, time: Time) {
		this.#broker = broker;
		this.#action = action;
		this.#ctx = ctx;
		this.#headers = ctx.headers; // before an attempt adds its own
		this.#time = time;
	}

	/** Resolves to the first answer, or rejects with the failure of the last attempt. */
	async from(first: Next, milliseconds: number): Promise<unknown> {
		const { clock } = this.#time;
		let begun = clock();
		this.#until = begun + milliseconds;
		let send = (ctx: Context): Promise<unknown> => first(ctx);
		let ctx = this.#ctx;
		for (let pauses = 0; ; begun = clock()) {
			const timeout = this.#timeoutFrom(begun);
			ctx.options = { ...ctx.options, timeout };
			try {
				return await send(ctx);
			} catch (error) {
				this.#broker.transit?.removePendingRequest(ctx.id); // nobody waits for its answer; Moleculer would, for ever
				if (!this.#mayPass(error)) throw error;
				if (ctx.nodeID !== null && this.#isInVain(error, ctx.nodeID)) this.#inVain.add(ctx.nodeID);
				const over = this.#action.decides && isLost(error) ? begun + overAfter(timeout) : 0;
				do await this.#pause(error, pauses++, over);
				while (!this.#offered);
			}
			ctx = this.#copy();
			send = (again) => this.#broker.call(this.#action.name ?? "", again.params, { ctx: again });
		}
	}

	/** A command that is not answered is soon asked of another node; a question waits as long as it may, as its node may have to wait. */
	#timeoutFrom(now: number): number {
		const left = this.#until - now;
		return this.#action.decides ? Math.min(left, ATTEMPT) : left;
	}
	/** Whoever waited has waited, but for a command whose attempt has not had all the time there was. */
	#mayPass(error: unknown): boolean {
		const { type, retryable } = failureOf(error);
		return retryable === true && type !== LAGGING && (type !== TIMED_OUT || this.#action.decides === true);
	}

	/** Whether another node is better asked next: this one is lost, or has no time, or says nothing at all; one that is only slow is at it. */
	#isInVain(error: unknown, nodeID: string): boolean {
		const { type } = failureOf(error);
		const { discoverer } = this.#broker.registry;
		return isLost(error) || type === GONE || (type === TIMED_OUT && discoverer instanceof Discovery && discoverer.silent(nodeID));
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
	#copy(): Context {
		const { name = "", service } = this.#action;
		this.#broker.metrics.increment(COUNTED, { service: service?.fullName ?? null, action: name });
		const ctx = this.#ctx.copy();
		ctx.headers = this.#headers;
		ctx.options = { ...this.#ctx.options, retries: 0 };
		inVain.set(ctx, this.#inVain);
		return ctx;
	}
}

interface Failure {
	readonly type?: unknown;
	readonly retryable?: unknown;
}
const failureOf = (error: unknown): Failure => (error instanceof Error ? (error as Failure) : {}); // Moleculer's own fields, on any error

const TIMED_OUT = "REQUEST_TIMEOUT";
const LAGGING = "READ_MODEL_LAGGING";
const LOST = "REQUEST_REJECTED";
const GONE = "CALLER_GONE";

/** Nobody said what became of it: the node may be dead, or asleep and about to go on. */
const isLost = (error: unknown): boolean => failureOf(error).type === LOST;
