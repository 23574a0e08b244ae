/**
 * Metrics - fills Moleculer's metrics registry at each scrape, and renders it as Prometheus text: through the gateway, at METRICS_PORT
 * with Moleculer's reporter, or from another node through `$node.prometheus`.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { MetricReporters, MetricTypes, type Middleware, type ServiceBroker, type ServiceSchema } from "moleculer";
import { clocksOf } from "../cluster/clocks.ts";
import { type Figure, Gathering } from "./gathering.ts";
import { Machine } from "./machine.ts";
import { type Figured, METRICS, type MetricName } from "../common/metric-names.ts";
import type { Clocks } from "./lag-clock.ts";

export interface MetricsOptions {
	/** The port of the reporter; undefined for none, 0 for any free port. */
	readonly port?: number | undefined;
	readonly host?: string;
	/** The data folder, to report the free space of its file system. */
	readonly folder?: string;
	/** The clocks that measure lags. */
	readonly clocks?: () => Clocks;
}
type Registry = ServiceBroker["metrics"];
type HistogramMetric = InstanceType<typeof MetricTypes.Histogram>;
/** The format of our histograms in Moleculer's registry. */
interface Rendered {
	readonly labels: Readonly<Record<string, string>>;
	readonly count: number;
	readonly sum: number;
	/** Cumulative counts, by upper bound. */
	readonly bucketValues: Readonly<Record<string, number>>;
}
const isHistogram = (metric: unknown): metric is HistogramMetric => metric instanceof MetricTypes.Histogram;

/** Metrics of Moleculer with one series for each action, which are not useful. */
const ENDPOINTS = ["moleculer.registry.action.endpoints.total", "moleculer.registry.event.endpoints.total"];

/** Moleculer's reporter, which collects figures at each scrape and has a server only if a port is set. */
class PrometheusText extends MetricReporters.Prometheus {
	readonly #at: Pick<MetricsOptions, "port" | "host">;
	readonly #collect: () => Promise<void>;

	constructor({ port, host }: MetricsOptions, collect: () => Promise<void>) {
		super({ port: 0, excludes: ENDPOINTS });
		this.#at = { port, ...(host === undefined ? {} : { host }) };
		this.#collect = collect;
	}
	override init(registry: Registry): void {
		MetricReporters.Base.prototype.init.call(this, registry);
		Object.assign(this, { defaultLabels: {} }); // Prometheus adds the target itself
	}
	/** Called when the node starts; rejects if the port cannot be opened. */
	async listen(): Promise<void> {
		if (this.#at.port === undefined) return;
		Object.assign(this.opts, this.#at, { defaultLabels: {} });
		super.init(this.registry);
		await once(this.server, "listening");
	}
	/** `http://127.0.0.1:9100/metrics`; empty without a server. */
	get url(): string {
		const at = this.server?.address();
		if (typeof at !== "object" || !at) return "";
		return `http://${at.family === "IPv6" ? `[${at.address}]` : at.address}:${at.port}${this.opts.path}`;
	}
	/** Renders histograms itself, since Moleculer omits their sum and count. */
	override generatePrometheusResponse(): string {
		return [super.generatePrometheusResponse(), ...this.#histograms(), ""].join("\n");
	}
	override matchMetricName(name: string): boolean {
		return super.matchMetricName(name) && !isHistogram(this.registry.getMetric(name));
	}
	*#histograms(): Generator<string> {
		for (const metric of this.registry.store.values()) {
			if (!isHistogram(metric)) continue;
			const { name, description } = metric;
			const items = [...metric.values.values()] as Rendered[]; // written by `put`
			if (items.length > 0) yield `# HELP ${name} ${description}\n# TYPE ${name} histogram`;
			for (const { labels, count, sum, bucketValues } of items) {
				const of = this.labelsToStr(labels);
				for (const [le, value] of [...Object.entries(bucketValues), ["+Inf", count]])
					yield `${name}_bucket${this.labelsToStr(labels, { le })} ${value}`;
				yield `${name}_sum${of} ${sum}\n${name}_count${of} ${count}`;
			}
		}
	}
	override handler(req: IncomingMessage, res: ServerResponse): void {
		void this.#collect().then(() => super.handler(req, res));
	}
	override async stop(): Promise<void> {
		if (!this.server) return;
		this.server.closeAllConnections();
		await super.stop();
	}
}

const all = new WeakMap<ServiceBroker, Metrics>();

/** The metrics of a node; null if they are off. */
export const metricsOf = (broker: ServiceBroker): Metrics | null => all.get(broker) ?? null;

export class Metrics {
	readonly reporter: PrometheusText;
	readonly #options: MetricsOptions;
	readonly #machine: Machine;
	#registry: Registry | null = null;
	#gathering: Gathering | null = null;
	#skew = (): number => 0;
	#collecting: Promise<void> | null = null;

	constructor(options: MetricsOptions) {
		this.#options = options;
		this.reporter = new PrometheusText(options, () => this.collect());
		this.#machine = new Machine(options.folder ?? null);
	}

	/** The current figures as Prometheus text. */
	async text(): Promise<string> {
		await this.collect();
		return this.reporter.generatePrometheusResponse();
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
		const figures = await gathering.all([(give) => machine.figures(give), (give) => machine.disk(give), clocks]);
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
				this.#gathering = new Gathering(broker, this.#options.clocks);
				for (const name of Object.keys(METRICS)) register(broker.metrics, name as MetricName); // a key of it
			},
			starting: async () => {
				this.#machine.start();
				await this.reporter.listen();
			},
			stopped: async () => this.#machine.stop(),
		};
	}

	/** Additions to `$node`, the service that Moleculer runs on every node. */
	get node(): Partial<ServiceSchema> {
		return { actions: { prometheus: () => this.text() }, hooks: { before: { metrics: () => this.collect() } } };
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
	const metric = registry.getMetric(name);
	if (!isHistogram(metric)) return;
	const { count, sum } = value;
	const cumulative = value.cumulative();
	const buckets = value.bounds.map(text);
	const bucketValues = Object.fromEntries(buckets.map((bound, i) => [bound, cumulative[i] ?? 0]));
	Object.assign(metric, { buckets });
	metric.values.set(metric.hashingLabels(labels), { labels, count, sum, bucketValues } satisfies Rendered);
	metric.setDirty();
}
