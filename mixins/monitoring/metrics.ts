/**
 * Metrics - fills Moleculer's metrics registry at each scrape, and renders it as Prometheus text: through the gateway, at METRICS_PORT, or
 * from another node through `$node.prometheus`.
 */
import type { Middleware, ServiceBroker, ServiceSchema } from "moleculer";
import { NODE } from "../access/may.ts";
import { clocksOf } from "../cluster/clocks.ts";
import { exposition, type Listed } from "./exposition.ts";
import { type Figure, Gathering } from "./gathering.ts";
import { Machine } from "./machine.ts";
import { NONE_DROPPED } from "../nats/dropped-packets.ts";
import { NatsTransporter } from "../nats/transporter.ts";
import { type Figured, METRICS, type MetricName } from "../common/metric-names.ts";
import type { Clocks } from "./lag-clock.ts";

export interface MetricsOptions {
	/** The data folder, to report the free space of its file system. */
	readonly folder?: string;
	/** The clocks that measure lags. */
	readonly clocks?: () => Clocks;
}
type Registry = ServiceBroker["metrics"];
/** A histogram of Moleculer's registry; `put` writes the counts of ours into it. */
interface HistogramMetric {
	readonly values: Map<string, object>;
	hashingLabels(labels: object): string;
	setDirty(): void;
}

/** Metrics of Moleculer with one series for each action, which are not useful. */
const ENDPOINTS = ["moleculer.registry.action.endpoints.total", "moleculer.registry.event.endpoints.total"];

const all = new WeakMap<ServiceBroker, Metrics>();

/** The metrics of a node; null if they are off. */
export const metricsOf = (broker: ServiceBroker): Metrics | null => all.get(broker) ?? null;

export class Metrics {
	readonly #options: MetricsOptions;
	readonly #machine: Machine;
	#registry: Registry | null = null;
	#gathering: Gathering | null = null;
	#skew = (): number => 0;
	#dropped = (): Readonly<Record<string, number>> => NONE_DROPPED;
	#collecting: Promise<void> | null = null;

	constructor(options: MetricsOptions) {
		this.#options = options;
		this.#machine = new Machine(options.folder ?? null);
	}

	/** The current figures as Prometheus text. */
	async text(): Promise<string> {
		await this.collect();
		return exposition((this.#registry?.list({ excludes: ENDPOINTS }) ?? []) as unknown as readonly Listed[]); // Moleculer types a part of it
	}

	/** Writes the current figures to Moleculer's registry; concurrent calls share one collection. Never rejects. */
	collect(): Promise<void> {
		return (this.#collecting ??= this.#collect().finally(() => (this.#collecting = null)));
	}
	async #collect(): Promise<void> {
		const [registry, gathering] = [this.#registry, this.#gathering];
		if (!registry || !gathering) return;
		const machine = this.#machine;
		const clocks: Figured["figures"] = (give) => give("vigie_clock_skew_seconds", this.#skew() / 1000, {});
		const bus: Figured["figures"] = (give) => {
			for (const [reason, count] of Object.entries(this.#dropped())) give("vigie_bus_dropped_packets_total", count, { reason });
		};
		const figures = await gathering.all([(give) => machine.figures(give), (give) => machine.disk(give), clocks, bus]);
		for (const name of Object.keys(METRICS)) registry.getMetric(name)?.clear(); // series that no longer exist disappear
		for (const figure of figures) put(registry, figure);
	}

	/** The middleware for the broker's options. */
	get middleware(): Middleware {
		return {
			name: "Metrics",
			created: (broker: ServiceBroker) => {
				all.set(broker, this);
				this.#registry = broker.metrics;
				this.#skew = () => clocksOf(broker)?.skew.largest ?? 0;
				this.#dropped = () => (broker.transit?.tx instanceof NatsTransporter ? broker.transit.tx.sealing.dropped.counts : NONE_DROPPED);
				this.#gathering = new Gathering(broker, this.#options.clocks);
				for (const name of Object.keys(METRICS)) register(broker.metrics, name as MetricName); // a key of it
			},
			starting: async () => this.#machine.start(),
			stopped: async () => this.#machine.stop(),
		};
	}

	/** Additions to `$node`, the service that Moleculer runs on every node. */
	get node(): Partial<ServiceSchema> {
		return { actions: { prometheus: { may: NODE, handler: () => this.text() } }, hooks: { before: { metrics: () => this.collect() } } };
	}
}

/** The bound with a decimal point: an object orders integer keys before all others. */
const text = (bound: number): string => (Number.isInteger(bound) ? bound.toFixed(1) : String(bound));

function register(registry: Registry, name: MetricName): void {
	const { type, help: description, labels } = METRICS[name];
	const options = { name, description, labelNames: [...labels] };
	if (type === "histogram") registry.register({ ...options, type });
	else if (type === "counter") registry.register({ ...options, type });
	else registry.register({ ...options, type });
}

function put(registry: Registry, { name, value, labels }: Figure): void {
	if (typeof value === "number") return registry.set(name, value, labels);
	const metric = registry.getMetric(name) as unknown as HistogramMetric; // registered as one
	const { count, sum } = value;
	const cumulative = value.cumulative();
	const buckets = value.bounds.map(text);
	const bucketValues = Object.fromEntries(buckets.map((bound, i) => [bound, cumulative[i] ?? 0]));
	Object.assign(metric, { buckets });
	metric.values.set(metric.hashingLabels(labels), { labels, count, sum, bucketValues });
	metric.setDirty();
}
