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
import { type PortPromise, PROCESS } from "../../model/index.ts";
import { patienceOf } from "../cluster/deadline.ts";
import { PerService } from "../common/per-service.ts";
import { within } from "../common/within.ts";
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
	/** The number of calls at once. */
	readonly concurrency: number;
	/** The number of calls that may wait. */
	readonly queue: number;
	/** At most `limit` calls begin in `interval` milliseconds. */
	readonly rate?: { readonly limit: number; readonly interval: number };
	/** After `failures` failures in a row, the port is not called for `pause` milliseconds. */
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

/** The share of the caller's patience in which a call has to end, so that the caller gets its answer in time. */
const WAITING = 0.9;

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
				may: PROCESS,
				visibility: "public",
				handler(this: Service) {
					return gates.of(this).isReady;
				},
			},
			perform: {
				may: PROCESS,
				visibility: "public",
				decides: true, // the deadline of the caller applies
				params: { $$strict: true, key: keyParam, request: { type: "object", strict: true, props: statement.request } },
				handler(this: Service, ctx: Context<Performing<Q>>) {
					return gates.of(this).perform(ctx.params, patienceOf(ctx));
				},
			},
			...(statement.find ? { find: findAction(gates) } : {}),
		},
		created() {
			gates.set(this, new Gate(statement));
		},
	};
}

const findAction = <Q extends object>(gates: PerService<Gate<Q>>) => ({
	visibility: "public" as const,
	may: PROCESS,
	params: { $$strict: true, key: keyParam },
	handler(this: Service, ctx: Context<{ readonly key: string }>) {
		return gates.of(this).find(ctx.params.key, patienceOf(ctx));
	},
});

/** The limits of one port on one node. */
class Gate<Q extends object> {
	readonly #timeout: number;
	readonly #breaker;
	readonly #bulkhead;
	/** Resolves when the rate allows another call. */
	readonly #turn: () => Promise<void>;
	readonly #statement: Pick<PortStatement<Q>, "perform" | "find">;
	/** Milliseconds of the monotonic clock. */
	#pausedUntil = 0;

	constructor(statement: PortStatement<Q>) {
		const { timeout, concurrency, queue, rate, breaker } = statement;
		this.#statement = statement;
		this.#timeout = timeout;
		this.#breaker = circuitBreaker(
			handleWhen((error) => !(error instanceof PortRefused)),
			{ halfOpenAfter: breaker.pause, breaker: new ConsecutiveBreaker(breaker.failures) },
		);
		this.#breaker.onBreak(() => (this.#pausedUntil = performance.now() + breaker.pause));
		this.#bulkhead = bulkhead(concurrency, queue);
		this.#turn = rate ? pThrottle({ ...rate, strict: true })(async () => undefined) : () => Promise.resolve();
	}

	/** False until the pause of an open circuit is over: then a call is its trial. */
	get isReady(): boolean {
		return this.#breaker.state !== CircuitState.Open || performance.now() >= this.#pausedUntil;
	}

	/** `patience`: milliseconds until the caller gives up; null without a limit. */
	async perform({ key, request }: Performing<Q>, patience: number | null): Promise<PortAnswer> {
		try {
			const { receipt } = await this.#pass(patience, (signal) => this.#statement.perform(request, { key, signal }));
			return { receipt };
		} catch (error) {
			return answerOf(error);
		}
	}
	find(key: string, patience: number | null): Promise<{ readonly receipt: string } | null> {
		return this.#pass(patience, async (signal) => (await this.#statement.find?.(key, signal)) ?? null);
	}

	/** Runs a call when there is room and the rate allows it. A call whose caller does not wait any more is never begun. */
	#pass<T>(patience: number | null, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
		const until = performance.now() + (patience ?? Infinity) * WAITING;
		return this.#bulkhead.execute(async () => {
			await within(until - performance.now(), this.#turn(), () => {
				throw new NotSent("The rate of the port left no time for the call");
			});
			const left = Math.floor(Math.min(this.#timeout, until - performance.now()));
			if (left <= 0) throw new NotSent("The caller does not wait any more");
			return this.#breaker.execute(() =>
				within(left, call(AbortSignal.timeout(left)), () => {
					throw new Error(`No answer within ${left} ms`);
				}),
			);
		});
	}
}

function answerOf(error: unknown): PortAnswer {
	const detail = error instanceof Error ? error.message : String(error);
	if (error instanceof PortRefused) return { refused: { code: error.code, detail } };
	if (error instanceof NotSent || error instanceof BrokenCircuitError || error instanceof BulkheadRejectedError) return { unsent: detail };
	return { unclear: detail };
}
