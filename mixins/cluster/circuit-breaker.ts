/**
 * CircuitBreaker - an action of another node that mostly fails is left alone for a moment, then tried with a single call. What the law
 * refuses and what a node that is well puts off are answers: they never open a circuit, and close one. In place of Moleculer's, which
 * does not count them, and holds on to nodes that are gone (docs/decisions/0018-calls-between-nodes.md).
 */
import type { Context, Middleware, ServiceBroker } from "moleculer";
import { sideOf } from "./placement.ts";
import { nodeTimers, type Timers } from "../common/timers.ts";

export interface Limits {
	/** The share of failures that opens it. */
	readonly threshold: number;
	/** Milliseconds over which calls are counted. */
	readonly windowTime: number;
	/** Calls below which it stays closed. */
	readonly minRequestCount: number;
	/** Milliseconds it stays open, or waits for what a trial comes to. */
	readonly halfOpenTime: number;
}
/** What a test takes over. */
export interface Time extends Pick<Timers, "later"> {
	/** Milliseconds of a clock that is never set back. */
	clock(): number;
}
const REAL: Time = { clock: () => performance.now(), later: nodeTimers.later };

/** As much of Moleculer's endpoint as is used here; `state` is what `isAvailable` and the REPL go by. */
type Endpoint = NonNullable<Context["endpoint"]>;
type State = "closed" | "open" | "half-open" | "trying" | "forgotten";

/** Moleculer's own names. */
const OPENED = "moleculer.circuit-breaker.opened.active";
const OPENED_TOTAL = "moleculer.circuit-breaker.opened.total";
const HALF_OPENED = "moleculer.circuit-breaker.half-opened.active";

/** Codes of a node that is well: it says "not now", or that one stream cannot be read. */
const WELL = new Set([
	"READ_MODEL_LAGGING",
	"READ_MODEL_OUTDATED",
	"NOT_STARTED",
	"QUEUE_FULL",
	"REQUEST_SKIPPED",
	"CALLER_GONE",
	"STREAM_UNREADABLE",
]);

/** Whether an error says that the node itself fails; one of a node beyond it says nothing about it. */
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
					for (const [endpoint, circuit] of circuits) if (endpoint.id === node.id && circuits.delete(endpoint)) circuit.forget(); // when it is back, it has other endpoints
				});
			},
			remoteAction: (next, definition) =>
				async function circuitBreaker(ctx: Context) {
					const { endpoint } = ctx;
					if (!endpoint) return next.call(ctx.service as never, ctx); // moleculer's type; a call always has one
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

/** A call that failed, and the side it was for. */
interface Failed {
	readonly side: number | undefined;
}

interface Labels {
	readonly affectedNodeID: string;
	readonly service: string | null;
	readonly action: string;
}

/** What is known of one action on one node. */
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

	/** A call goes out; whether it is the one that shows how the node is. */
	begin(): boolean {
		if (this.#state !== "half-open") return false;
		this.#enter("trying", false);
		this.#halfOpenLater(); // a trial may take long, or never end
		return true;
	}
	/** What was sent before it opened says nothing any more; nor does one partition that fails alone say that the node does. */
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
		told.catch((error: unknown) => this.#broker.logger.debug(`Nobody heard that a circuit is ${what}: ${String(error)}`));
	}
}

function register({ metrics }: ServiceBroker): void {
	const labelNames = ["affectedNodeID", "service", "action"];
	metrics.register({ name: OPENED, type: "gauge", labelNames, description: "Circuits that are open" });
	metrics.register({ name: OPENED_TOTAL, type: "counter", labelNames, description: "Circuits that were opened" });
	metrics.register({ name: HALF_OPENED, type: "gauge", labelNames, description: "Circuits that wait for what a trial comes to" });
}
