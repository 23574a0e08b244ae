/**
 * Exposition - renders metrics of Moleculer's registry as Prometheus text, format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/. A metric without samples is left out.
 */

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, unknown>>;
/** One series of a metric, as `registry.list()` returns it. */
interface Series {
	readonly labels?: Labels | null;
	/** Of a counter or a gauge; the text of an info. */
	readonly value?: unknown;
	/** Per minute, if the metric measures it. */
	readonly rate?: number | null;
	/** Of a histogram: cumulative counts by upper bound, without the last one. */
	readonly buckets?: Readonly<Record<string, number>>;
	readonly count?: number;
	readonly sum?: number;
}
export interface Listed {
	readonly type: string;
	readonly name: string;
	readonly description?: string | undefined;
	readonly values: readonly Series[];
}
interface Family {
	readonly type: "counter" | "gauge" | "histogram";
	readonly name: string;
	readonly help: string;
	readonly samples: readonly string[];
}

export const exposition = (metrics: readonly Listed[]): string =>
	metrics
		.flatMap(familiesOf)
		.filter(({ samples }) => samples.length > 0)
		.flatMap(({ type, name, help, samples }) => [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...samples])
		.map((line) => `${line}\n`)
		.join("");

function familiesOf({ type, name: given, description, values }: Listed): Family[] {
	const name = given.replace(/[^a-zA-Z0-9_:]/g, "_");
	const help = description || given;
	if (type === "histogram")
		return [{ type, name, help, samples: values.filter(({ count }) => count !== undefined).flatMap((one) => histogram(name, one)) }];
	if (type === "info")
		// a text: the label `value` holds it
		return [{ type: "gauge", name, help, samples: values.map(({ labels, value }) => sample(name, { ...labels, value }, 1)) }];
	const rates = values.flatMap(({ labels, rate }) => (rate ? [sample(`${name}_rate`, labels, rate)] : []));
	return [
		{ type: type === "counter" ? type : "gauge", name, help, samples: values.map(({ labels, value }) => sample(name, labels, value)) },
		{ type: "gauge", name: `${name}_rate`, help: `${help}, per minute`, samples: rates },
	];
}

function histogram(name: string, { labels, buckets = {}, count = 0, sum = 0 }: Series): string[] {
	const rising = Object.entries(buckets).toSorted(([a], [b]) => Number(a) - Number(b));
	return [
		...[...rising, ["+Inf", count] as const].map(([le, value]) => sample(`${name}_bucket`, { ...labels, le }, value)),
		sample(`${name}_sum`, labels, sum),
		sample(`${name}_count`, labels, count),
	];
}

function sample(name: string, labels: Labels | null | undefined, value: unknown): string {
	const all = Object.entries(labels ?? {}).map(
		([label, text]) => `${label.replace(/[^a-zA-Z0-9_]/g, "_")}="${escaped(String(text)).replaceAll('"', '\\"')}"`,
	);
	return `${name}${all.length > 0 ? `{${all.join(",")}}` : ""} ${number(value)}`;
}

/** A help text has these two escapes, a label value also one for quotes. */
const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

function number(value: unknown): string {
	const known = value === null || value === undefined ? NaN : Number(value);
	return known === Infinity ? "+Inf" : known === -Infinity ? "-Inf" : String(known);
}
