/**
 * Retry - repeats a remote call that failed for a temporary reason, with growing pauses; all attempts together never exceed the timeout of
 * the call. Replaces Moleculer's middleware, which gives each attempt the whole timeout (docs/decisions/0018-calls-between-nodes.md).
 */
import type { ActionSchema, Context, Middleware, ServiceBroker } from "moleculer";
import { CODES } from "../common/codes.ts";
import { avoidedNodes } from "./placement.ts";
import { overAfter } from "./deadline.ts";
import { nodeTimers } from "../common/timers.ts";

/** The name of Moleculer's metric. */
const COUNTED = "moleculer.request.retry.attempts.total";
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;
/** Timeout of one attempt at a command, in milliseconds. */
export const ATTEMPT = 2000;
/** Milliseconds that must be left for another attempt: a shorter one would time out and hide the reason. */
const MIN_LEFT = 500;

/** Replaced in tests. */
export interface Time {
	/** Milliseconds of a monotonic clock. */
	clock(): number;
	wait(milliseconds: number): Promise<void>;
	/** A random number from 0 to 1, so that calls that failed together are not retried together. */
	chance(): number;
}
const REAL: Time = { clock: () => performance.now(), wait: nodeTimers.wait, chance: Math.random };

type Next = (ctx: Context) => Promise<unknown>;

/** Local calls are not retried: the gateway's action would restart with a request that is partly consumed. */
export const RetryMiddleware =
	(time: Time = REAL) =>
	(broker: ServiceBroker): Middleware => ({
		name: "Retry",
		created() {
			const description = "Retries of calls to other nodes";
			if (broker.isMetricsEnabled())
				broker.metrics.register({ name: COUNTED, type: "counter", labelNames: ["service", "action"], description, rate: true });
		},
		remoteAction: (next: Next, action: ActionSchema) => (ctx: Context) => {
			const { timeout, retries, nodeID } = ctx.options;
			const given = timeout ?? action.timeout ?? broker.options.requestTimeout ?? 0;
			if (given <= 0 || retries === 0 || nodeID !== undefined) return next(ctx);
			return new Attempts(broker, action, ctx, time).run(next, given);
		},
	});

class Attempts {
	readonly #broker: ServiceBroker;
	readonly #action: ActionSchema;
	readonly #ctx: Context;
	readonly #headers: Context["headers"];
	readonly #time: Time;
	#deadline = 0;
	/** Nodes that were lost or too late in an earlier attempt, or whose store failed. */
	readonly #avoided = new Set<string>();

	constructor(broker: ServiceBroker, action: ActionSchema, ctx: Context, time: Time) {
		this.#broker = broker;
		this.#action = action;
		this.#ctx = ctx;
		this.#headers = ctx.headers; // before an attempt adds its own
		this.#time = time;
	}

	/** Resolves to the first answer, or rejects with the error of the last attempt. */
	async run(first: Next, milliseconds: number): Promise<unknown> {
		const { clock } = this.#time;
		let begun = clock();
		this.#deadline = begun + milliseconds;
		let send = (ctx: Context): Promise<unknown> => first(ctx);
		let ctx = this.#ctx;
		for (let pauses = 0; ; begun = clock()) {
			const timeout = this.#timeoutFrom(begun);
			ctx.options = { ...ctx.options, timeout };
			try {
				return await send(ctx);
			} catch (error) {
				this.#broker.transit?.removePendingRequest(ctx.id); // Moleculer never removes it
				if (!this.#isTemporary(error)) throw error;
				if (ctx.nodeID !== null && this.#isToAvoid(error, ctx.nodeID)) this.#avoided.add(ctx.nodeID);
				const over = this.#action.decides && isLost(error) ? begun + overAfter(timeout) : 0;
				do await this.#pause(error, pauses++, over);
				while (!this.#offered);
			}
			ctx = this.#copy();
			send = (again) => this.#broker.call(this.#action.name ?? "", again.params, { ctx: again });
		}
	}

	/** Commands have short attempts, so that another node is tried soon; a read may have to wait for its read model. */
	#timeoutFrom(now: number): number {
		const left = this.#deadline - now;
		return this.#action.decides ? Math.min(left, ATTEMPT) : left;
	}
	/** A read that timed out has used the whole timeout; a command may have time for another attempt. */
	#isTemporary(error: unknown): boolean {
		const { type, retryable } = failureOf(error);
		return retryable === true && type !== LAGGING && (type !== TIMED_OUT || this.#action.decides === true);
	}

	/** The node was lost, did not answer in time, or has a failed store, which may be that of one node only. */
	#isToAvoid(error: unknown, nodeID: string): boolean {
		const { type, nodeID: failing = nodeID } = failureOf(error);
		return isLost(error) || type === TIMED_OUT || type === GONE || (type === STORE && failing === nodeID);
	}

	/** Rejects with the error when no time is left, but not before the attempt is over: the caller might repeat the command too early. */
	async #pause(error: unknown, pauses: number, over: number): Promise<void> {
		const { clock, wait, chance } = this.#time;
		const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** pauses) * (1 - chance() / 2);
		const next = Math.max(clock() + pause, over);
		const fits = next + MIN_LEFT <= this.#deadline;
		const ends = fits ? next : over;
		if (ends > clock()) await wait(ends - clock());
		if (!fits || clock() + MIN_LEFT > this.#deadline) throw error;
	}

	/** False while no node offers the action; the last error is then more precise. */
	get #offered(): boolean {
		return this.#broker.registry.actions.isAvailable(this.#action.name ?? "");
	}

	/** The same call for another attempt; the command ID is in the metadata. */
	#copy(): Context {
		const { name = "", service } = this.#action;
		this.#broker.metrics.increment(COUNTED, { service: service?.fullName ?? null, action: name });
		const ctx = this.#ctx.copy();
		ctx.headers = this.#headers;
		ctx.options = { ...this.#ctx.options, retries: 0 };
		avoidedNodes.set(ctx, this.#avoided);
		return ctx;
	}
}

interface Failure {
	readonly type?: unknown;
	readonly retryable?: unknown;
	/** The node that failed, which may be one behind the called node. */
	readonly nodeID?: unknown;
}
const failureOf = (error: unknown): Failure => (error instanceof Error ? (error as Failure) : {}); // Moleculer's own fields, on any error

const TIMED_OUT = CODES.REQUEST_TIMEOUT.name;
const LAGGING = CODES.READ_MODEL_LAGGING.name;
const LOST = "REQUEST_REJECTED";
const GONE = CODES.CALLER_GONE.name;
const STORE = CODES.STORE_UNAVAILABLE.name;

/** The outcome is unknown: the node may be dead, or stopped and about to continue. */
const isLost = (error: unknown): boolean => failureOf(error).type === LOST;
