/** Metrics - every figure the system shows of itself, under the name a dashboard or an alert asks for. */
import { ServiceBroker } from "moleculer";
import ts from "typescript";
import { METRICS } from "../../mixins/common/metric-names.ts";
import { brokerOptions } from "../../node/broker.ts";
import { code, codes, page, sentence, table } from "./markdown.ts";
import type { Sources } from "./sources.ts";

const INTRODUCTION = `Prometheus reads these at \`GET /api/metrics\`, or at a port of its own where \`METRICS_PORT\` says so
([settings](settings.md)). Counters begin at 0 with the process. A histogram is shown as \`<name>_bucket\` (with \`le\`), \`<name>_sum\` and
\`<name>_count\`. Each label has few values, and none that comes from outside.`;
const HEAD = ["name", "type", "labels", "meaning"];

export function metricsPage(sources: Sources): string {
	const declared = sources.constant("mixins/common/metric-names.ts", "METRICS");
	const groups = new Map<string, string[][]>();
	let group = "";
	for (const { name, value } of sources.entries(declared)) {
		group = headingOver(value.parent) ?? group;
		const metric = (METRICS as Readonly<Record<string, { type: string; help: string; labels: readonly string[] }>>)[name]; // by any name
		if (metric) groups.set(group, [...(groups.get(group) ?? []), [code(name), metric.type, codes(metric.labels), sentence(metric.help)]]);
	}
	return page(
		"Metrics",
		INTRODUCTION.replaceAll("\n", " "),
		...[...groups].flatMap(([heading, rows]) => [heading ? `## ${heading}` : "", table(HEAD, rows)]),
		"## Moleculer's own",
		"What the framework says of itself; one that is never counted is not shown. Of a text the figure is 1, and the text stands in the label `value`.",
		table(HEAD, moleculersOwn()),
	);
}

/** `// -- Actors` over a definition begins a group. */
function headingOver(node: ts.Node): string | undefined {
	const { text } = node.getSourceFile();
	const comments = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
	return comments.map(({ pos, end }) => /^\/\/ -- (.+)$/.exec(text.slice(pos, end))?.[1]).findLast((heading) => heading !== undefined);
}

interface Registered {
	readonly name: string;
	readonly type: string;
	readonly description?: string;
	readonly labelNames: readonly string[];
}
/** As a broker with our options registers them; it is never started. */
function moleculersOwn(): string[][] {
	const { metrics } = new ServiceBroker({ ...brokerOptions({ dataDir: "", partitions: undefined, logLevel: "error" }), logger: false });
	const registered = metrics.list({ includes: "moleculer.**" }) as unknown as readonly Registered[]; // moleculer's type is of one of them
	return registered
		.map(({ name, type, description = "", labelNames }) => {
			const labels = type === "info" ? [...labelNames, "value"] : labelNames;
			return [code(name.replaceAll(/[.-]/g, "_")), type === "info" ? "gauge" : type, codes(labels), sentence(description)];
		})
		.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}
