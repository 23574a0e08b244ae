/** Metrics - Moleculer's own registry, read as Prometheus text through the gateway instead of a port of its own. */
import { MetricReporters, type ServiceBroker } from "moleculer";

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

export function metricsText(broker: ServiceBroker): string {
	const reporters: readonly unknown[] = broker.metrics.reporter;
	const reporter = reporters.find((one) => one instanceof PrometheusText);
	return reporter ? (reporter as unknown as Reporter).generatePrometheusResponse() : "";
}
