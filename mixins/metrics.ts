/** Metrics - Moleculer's own registry, read as Prometheus text through the gateway instead of a port of its own. */
import { MetricReporters, type ServiceBroker } from "moleculer";
import { storageOf } from "./storage.ts";

/** The parts of Moleculer's reporter that its types leave out. */
interface Reporter {
	defaultLabels: object;
	generatePrometheusResponse(): string;
}

/** The Prometheus reporter without its server. */
class PrometheusText extends MetricReporters.Prometheus {
	override init(registry: Parameters<InstanceType<typeof MetricReporters.Base>["init"]>[0]): void {
		MetricReporters.Base.prototype.init.call(this, registry);
		Object.assign(this, { defaultLabels: {} });
	}
	override async stop(): Promise<void> {}
}

export const prometheusText = (): object => new PrometheusText({ port: 0 });

const GAUGES = {
	"vigie.log.position": ["Last position of a partition this node knows of", ["partition"]],
	"vigie.log.appends": ["Appends that went in since the start", ["partition"]],
	"vigie.log.commits": ["Commits in them", ["partition"]],
	"vigie.follower.position": ["Commits taken by a read model or process", ["name", "partition"]],
	"vigie.follower.lag": ["Commits known of and not yet taken", ["name", "partition"]],
	"vigie.follower.stopped": ["1 where a fact could not be folded", ["name", "partition"]],
	"vigie.actors.cached": ["Actors in memory", ["service"]],
	"vigie.refusals": ["Commands refused since the start", ["service", "code"]],
} as const;

/** Reads the figures the parts keep anyway; nothing is counted for the sake of metrics. */
async function collect(broker: ServiceBroker): Promise<void> {
	const { metrics } = broker;
	for (const [name, [description, labelNames]] of Object.entries(GAUGES))
		if (!metrics.getMetric(name)) metrics.register({ name, type: "gauge", description, labelNames: [...labelNames] });
	for (const context of await storageOf(broker).contexts()) {
		for (const { log, position, appends, commits } of context.writers) {
			metrics.set("vigie.log.position", position, { partition: log.name });
			metrics.set("vigie.log.appends", appends, { partition: log.name });
			metrics.set("vigie.log.commits", commits, { partition: log.name });
			for (const { of: name, position: taken, known, error } of context.followers(log.name)) {
				const labels = { name, partition: log.name };
				metrics.set("vigie.follower.position", taken, labels);
				metrics.set("vigie.follower.lag", Math.max(0, known - taken), labels);
				metrics.set("vigie.follower.stopped", error ? 1 : 0, labels);
			}
		}
		for (const [service, { size, refusals }] of context.actors) {
			metrics.set("vigie.actors.cached", size, { service });
			for (const [code, count] of refusals) metrics.set("vigie.refusals", count, { service, code });
		}
	}
}

export async function metricsText(broker: ServiceBroker): Promise<string> {
	await collect(broker);
	const reporters: readonly unknown[] = broker.metrics.reporter;
	const reporter = reporters.find((one) => one instanceof PrometheusText);
	return reporter ? (reporter as unknown as Reporter).generatePrometheusResponse() : ""; // see Reporter
}
