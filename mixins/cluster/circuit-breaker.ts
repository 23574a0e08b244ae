/**
 * CircuitBreaker - avoids an action of another node that mostly fails for a moment, then tries it with a single call. Refusals, and
 * temporary errors of a healthy node, count as answers: they never open a circuit, and close one. Replaces Moleculer's, which does not
 * count them as answers, and keeps circuits of nodes that have left (docs/decisions/0018-calls-between-nodes.md).
 */
import type { Context, Middleware, ServiceBroker } from "moleculer";
import { CODES } from "../common/codes.ts";
import { sideOf } from "./placement.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

export interface Limits {
	/** The share of failed calls that opens a circuit, from 0 to 1. */
	readonly threshold: number;
	/** Length of the counting window in milliseconds. */
	readonly windowTime: number;
	/** With fewer calls in the window a circuit stays closed. */
	readonly minRequestCount: number;
	/** Milliseconds that a circuit stays open, and that it waits for the result of a trial call. */
	readonly halfOpenTime: number;
}
/** The clock and timers, replaced in tests. */
export interface Time extends Pick<Timers, "later"> {
	/** Milliseconds of a monotonic clock. */
	clock(): number;
}
const REAL: Time = { clock: () => performance.now(), later: nodeTimers.later };

/** An endpoint of Moleculer's registry; `isAvailable` and the REPL read its `state`. */
type Endpoint = NonNullable<Context["endpoint"]>;
type State = "closed" | "open" | "half-open" | "trying" | "forgotten";

/** Names of Moleculer's metrics. */
const OPENED = "moleculer.circuit-breaker.opened.active";
const OPENED_TOTAL = "moleculer.circuit-breaker.opened.total";
const HALF_OPENED = "moleculer.circuit-breaker.half-opened.active";

/** Codes of a healthy node: the call came at a bad time, or concerns a stream that cannot be read. */
const WELL: ReadonlySet<string> = new Set([
	CODES.READ_MODEL_LAGGING.name,
	CODES.READ_MODEL_OUTDATED.name,
	CODES.NOT_STARTED.name,
	CODES.CALLER_GONE.name,
	CODES.STREAM_UNREADABLE.name,
	"QUEUE_FULL",
	"REQUEST_SKIPPED",
]);

/** Whether an error means that the node itself fails. An error that the node received from another one does not. */
export function isFailure(error: unknown, node: string): boolean {
	const { code, type, nodeID } = (error ?? {}) as { readonly code?: unknown; readonly type?: unknown; readonly nodeID?: unknown }; // any error
	if (typeof nodeID === "string" && nodeID !== node) return false;
	return !(typeof code === "number" && code < 500) && !WELL.has(String(type));
}

export const CircuitBreakerMiddleware =
	(limits: Limits, time: Time = REAL) =>
	(broker: ServiceBroker): Middleware => {
		const circuits = new Map<Endpoint, Circuit>();
		const circuitOf = (endpoint: Endpoint, labels: Labels): Circuit => {
			const circuit = circuits.get(endpoint) ?? new Circuit(broker, endpoint, labels, limits, time);
			circuits.set(endpoint, circuit);
			return circuit;
		};
		return {
			name: "CircuitBreaker",
			created() {
				if (broker.isMetricsEnabled()) register(broker);
				broker.localBus.on("$node.disconnected", ({ node }: { readonly node: { readonly id: string } }) => {
					for (const [endpoint, circuit] of circuits) if (endpoint.id === node.id && circuits.delete(endpoint)) circuit.forget(); // a node that returns has new endpoints
				});
			},
			remoteAction: (next, definition) =>
				async function circuitBreaker(ctx: Context) {
					const { endpoint } = ctx;
					if (!endpoint) return next.call(ctx.service as never, ctx); // moleculer's type of `this`; a call always has an endpoint
					const { name: action = "", service } = definition;
					const circuit = circuitOf(endpoint, { affectedNodeID: endpoint.id, service: service?.fullName ?? null, action });
					const trial = circuit.begin();
					try {
						const answer: unknown = await next.call(ctx.service as never, ctx); // as above
						circuit.end(null, trial);
						return answer;
					} catch (error) {
						circuit.end(isFailure(error, endpoint.id) ? { side: sideOf(definition, ctx.params) } : null, trial);
						throw error;
					}
				},
		};
	};

/** A failed call, and its partition. */
interface Failed {
	readonly side: number | undefined;
}

interface Labels {
	readonly affectedNodeID: string;
	readonly service: string | null;
	readonly action: string;
}

/** The state of one action on one node. */
class Circuit {
	readonly #broker: ServiceBroker;
	readonly #endpoint: Endpoint;
	readonly #labels: Labels;
	readonly #limits: Limits;
	readonly #time: Time;
	#state: State = "closed";
	#since: number;
	#count = 0;
	#failures = 0;
	readonly #sides = new Set<number | undefined>();
	#cancel = (): void => {};

	constructor(broker: ServiceBroker, endpoint: Endpoint, labels: Labels, limits: Limits, time: Time) {
		this.#broker = broker;
		this.#endpoint = endpoint;
		this.#labels = labels;
		this.#limits = limits;
		this.#time = time;
		this.#since = time.clock();
	}

	/** Registers a call; returns whether it is the trial. */
	begin(): boolean {
		if (this.#state !== "half-open") return false;
		this.#enter("trying", false);
		this.#halfOpenLater(); // a trial may take long, or never end
		return true;
	}
	/** Ignores results of calls sent before the circuit opened. Failures of a single partition do not open the circuit. */
	end(failed: Failed | null, trial: boolean): void {
		if (this.#state === "forgotten") return;
		if (this.#state !== "closed" && trial) return failed ? this.#open() : this.#close();
		if (this.#state !== "closed") return;
		if (this.#time.clock() - this.#since >= this.#limits.windowTime) this.#begin();
		this.#count++;
		if (!failed) return;
		this.#failures++;
		const broad = this.#sides.add(failed.side).size > 1 || failed.side === undefined;
		if (broad && this.#count >= this.#limits.minRequestCount && this.#failures / this.#count >= this.#limits.threshold) this.#open();
	}
	forget(): void {
		this.#enter("forgotten", true);
		this.#show(0, 0);
	}

	#begin(): void {
		this.#since = this.#time.clock();
		this.#count = this.#failures = 0;
		this.#sides.clear();
	}
	#open(): void {
		if (this.#state === "open") return;
		const counted = { failures: this.#failures, count: this.#count, rate: this.#failures / this.#count };
		this.#enter("open", false);
		this.#halfOpenLater();
		this.#show(1, 0);
		this.#broker.metrics.increment(OPENED_TOTAL, { ...this.#labels });
		this.#tell("opened", counted);
	}
	#halfOpenLater(): void {
		this.#cancel = this.#time.later(this.#limits.halfOpenTime, () => {
			this.#enter("half-open", true);
			this.#show(0, 1);
			this.#tell("half-opened");
		});
	}
	#close(): void {
		this.#enter("closed", true);
		this.#begin();
		this.#show(0, 0);
		this.#tell("closed");
	}

	#enter(state: State, available: boolean): void {
		this.#cancel();
		this.#state = state;
		this.#endpoint.state = available;
	}
	#show(opened: 0 | 1, halfOpened: 0 | 1): void {
		this.#broker.metrics.set(OPENED, opened, { ...this.#labels });
		this.#broker.metrics.set(HALF_OPENED, halfOpened, { ...this.#labels });
	}
	#tell(what: string, more: object = {}): void {
		const { affectedNodeID: nodeID, service, action } = this.#labels;
		const told = this.#broker.broadcast(`$circuit-breaker.${what}`, { nodeID, service, action, ...more });
		told.catch((error: unknown) => this.#broker.logger.debug(`The event that a circuit is ${what} was not sent: ${String(error)}`));
	}
}

function register({ metrics }: ServiceBroker): void {
	const labelNames = ["affectedNodeID", "service", "action"];
	metrics.register({ name: OPENED, type: "gauge", labelNames, description: "Circuits that are open" });
	metrics.register({ name: OPENED_TOTAL, type: "counter", labelNames, description: "Circuits that were opened" });
	metrics.register({ name: HALF_OPENED, type: "gauge", labelNames, description: "Circuits that wait for a trial call" });
}
