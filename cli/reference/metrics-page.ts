/** Metrics - the page of all metrics, under the names that dashboards and alerts use. */
import { ServiceBroker } from "moleculer";
import { METRIC_GROUPS } from "../../mixins/common/metric-names.ts";
import { brokerOptions } from "../../node/broker.ts";
import { code, codes, page, sentence, table } from "./markdown.ts";

const INTRODUCTION = `Prometheus reads these at \`GET /api/metrics\`, or at a separate port if \`METRICS_PORT\` is set
([settings](settings.md)). Counters begin at 0 with the process. A histogram has \`<name>_bucket\` (with \`le\`), \`<name>_sum\` and
\`<name>_count\`. Each label has few values, none of them from outside.`;
const HEAD = ["name", "type", "labels", "meaning"];

export const metricsPage = (): string =>
	page(
		"Metrics",
		INTRODUCTION.replaceAll("\n", " "),
		...Object.entries(METRIC_GROUPS).flatMap(([group, metrics]) => [
			`## ${group}`,
			table(
				HEAD,
				Object.entries(metrics).map(([name, { type, labels, help }]) => [code(name), type, codes(labels), sentence(help)]),
			),
		]),
		"## Moleculer's own",
		"The metrics of the framework; one that was never counted is not shown. A text has the value 1, and the label `value` holds the text.",
		table(HEAD, moleculersOwn()),
	);

interface Registered {
	readonly name: string;
	readonly type: string;
	readonly description?: string;
	readonly labelNames: readonly string[];
}
/** Registered by a broker with our options, which never starts. */
function moleculersOwn(): string[][] {
	const { metrics } = new ServiceBroker({ ...brokerOptions({ dataDir: "", partitions: undefined, logLevel: "error" }), logger: false });
	const registered = metrics.list({ includes: "moleculer.**" }) as unknown as readonly Registered[]; // moleculer types only one of them
	return registered
		.map(({ name, type, description = "", labelNames }) => {
			const labels = type === "info" ? [...labelNames, "value"] : labelNames;
			return [code(name.replaceAll(/[.-]/g, "_")), type === "info" ? "gauge" : type, codes(labels), sentence(description)];
		})
		.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}
