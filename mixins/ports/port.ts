/**
 * Port - turns one way out of the system (a mail server, a payment provider) into a Moleculer service with its own timeout, concurrency, rate
 * and circuit breaker. Its answers are data, so that a caller on another node knows what is certain: done, refused, not sent, or unclear.
 */
import {
	BrokenCircuitError,
	bulkhead,
	BulkheadRejectedError,
	circuitBreaker,
	CircuitState,
	ConsecutiveBreaker,
	handleWhen,
} from "cockatiel";
import type { Context, Service, ServiceSchema } from "moleculer";
import pThrottle from "p-throttle";
import type { PortPromise } from "../../model/index.ts";
import { patienceOf } from "../cluster/deadline.ts";
import { PerService } from "../common/per-service.ts";
import type { PortAnswer } from "./answers.ts";

/** The world refused the work for good: an address does not exist, a card is declined. `code` is recorded as a fact. */
export class PortRefused extends Error {
	readonly code: string;
	constructor(code: string, detail: string) {
		super(detail);
		this.code = code;
	}
}
/** The work was certainly not done: there was no connection, or the limit of the provider was reached. */
export class NotSent extends Error {}

export interface PortStatement<Q extends object> {
	readonly promise: PortPromise;
	/** The rules of the request, for fastest-validator. */
	readonly request: Readonly<Record<string, unknown>>;
	/** Milliseconds after which a call is aborted. */
	readonly timeout: number;
	/** Calls at once, and calls that may wait. */
	readonly concurrency: number;
	readonly queue: number;
	/** At most `limit` calls in each `interval` of milliseconds. */
	readonly rate?: { readonly limit: number; readonly interval: number };
	/** After so many failures in a row, the port is not called for so many milliseconds. */
	readonly breaker: { readonly failures: number; readonly pause: number };
	/** Does the work. Throws PortRefused or NotSent; any other error means that the outcome is unclear. */
	perform(request: Q, call: { readonly key: string; readonly signal: AbortSignal }): Promise<{ readonly receipt: string }>;
	/** The work done under a key; null if there is none. Only for `lookup`. */
	find?(key: string, signal: AbortSignal): Promise<{ readonly receipt: string } | null>;
}
interface Performing<Q> {
	readonly key: string;
	readonly request: Q;
}

const keyParam = { type: "string", min: 1, max: 500 } as const;

export function Port<Q extends object>(statement: PortStatement<Q>): Partial<ServiceSchema> {
	if ((statement.find !== undefined) !== (statement.promise === "lookup"))
		throw new Error("A port has `find` if it promises `lookup`, else not");
	const gates = new PerService<Gate<Q>>();
	return {
		metadata: { promise: statement.promise },
		actions: {
			/** Whether calls are expected to succeed now. */
			ready: {
				visibility: "public",
				handler(this: Service) {
					return gates.of(this).isReady;
				},
			},
			perform: {
				visibility: "public",
				decides: true, // the deadline of the caller applies
				params: { $$strict: true, key: keyParam, request: { type: "object", strict: true, props: statement.request } },
				handler(this: Service, ctx: Context<Performing<Q>>) {
					return gates.of(this).perform(ctx.params, patienceOf(ctx));
				},
			},
			...(statement.find ? { find: findAction(statement.find, statement.timeout) } : {}),
		},
		created() {
			gates.set(this, new Gate(statement));
		},
	};
}

const findAction = (find: (key: string, signal: AbortSignal) => Promise<unknown>, timeout: number) => ({
	visibility: "public" as const,
	params: { $$strict: true, key: keyParam },
	handler: (ctx: Context<{ readonly key: string }>) => find(ctx.params.key, AbortSignal.timeout(timeout)),
});

/** The limits of one port on one node. */
class Gate<Q extends object> {
	readonly #timeout: number;
	readonly #breaker;
	readonly #bulkhead;
	readonly #work: PortStatement<Q>["perform"];
	/** Milliseconds of the monotonic clock. */
	#pausedUntil = 0;

	constructor({ timeout, concurrency, queue, rate, breaker: { failures, pause }, perform }: PortStatement<Q>) {
		this.#timeout = timeout;
		this.#breaker = circuitBreaker(
			handleWhen((error) => !(error instanceof PortRefused)),
			{ halfOpenAfter: pause, breaker: new ConsecutiveBreaker(failures) },
		);
		this.#breaker.onBreak(() => (this.#pausedUntil = performance.now() + pause));
		this.#bulkhead = bulkhead(concurrency, queue);
		this.#work = rate ? pThrottle({ ...rate, strict: true })(perform) : perform;
	}

	/** False until the pause of an open circuit is over: then a call is its trial. */
	get isReady(): boolean {
		return this.#breaker.state !== CircuitState.Open || performance.now() >= this.#pausedUntil;
	}

	/** `patience`: milliseconds until the caller gives up; null without a limit. */
	async perform({ key, request }: Performing<Q>, patience: number | null): Promise<PortAnswer> {
		const until = performance.now() + (patience ?? Infinity);
		try {
			return await this.#bulkhead.execute(() => this.#breaker.execute(() => this.#begin(request, key, until)));
		} catch (error) {
			return answerOf(error);
		}
	}
	/** Rejects as soon as the time is over, even if the work ignores its signal. */
	async #begin(request: Q, key: string, until: number): Promise<{ readonly receipt: string }> {
		const left = Math.floor(Math.min(this.#timeout, until - performance.now()));
		if (left <= 0) throw new NotSent("The caller does not wait any more");
		const signal = AbortSignal.timeout(left);
		const { promise: late, reject } = Promise.withResolvers<never>();
		const stop = (): void => reject(new Error(`No answer within ${left} ms`));
		signal.addEventListener("abort", stop, { once: true });
		try {
			const { receipt } = await Promise.race([this.#work(request, { key, signal }), late]);
			return { receipt };
		} finally {
			signal.removeEventListener("abort", stop);
		}
	}
}

function answerOf(error: unknown): PortAnswer {
	const detail = error instanceof Error ? error.message : String(error);
	if (error instanceof PortRefused) return { refused: { code: error.code, detail } };
	if (error instanceof NotSent || error instanceof BrokenCircuitError || error instanceof BulkheadRejectedError) return { unsent: detail };
	return { unclear: detail };
}
