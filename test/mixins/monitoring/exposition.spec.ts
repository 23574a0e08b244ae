/** Exposition - any metric of the registry becomes valid Prometheus text that says the same. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ServiceBroker } from "moleculer";
import { exposition, type Listed } from "../../../mixins/monitoring/exposition.ts";
import { Scrape } from "../../support/prometheus.ts";

const gauge = (values: Listed["values"], more: Partial<Listed> = {}): Listed => ({ type: "gauge", name: "depth", values, ...more });
const shown = (...metrics: readonly Listed[]): Scrape => new Scrape(exposition(metrics));

describe("a metric in the text", () => {
	it("has its help, its type and its samples, in one group", () =>
		expect(exposition([gauge([{ value: 1 }, { labels: { at: "x" }, value: 2.5 }], { description: "How deep" })])).toBe(
			'# HELP depth How deep\n# TYPE depth gauge\ndepth 1\ndepth{at="x"} 2.5\n',
		));
	it("is left out without samples", () => expect(exposition([gauge([])])).toBe(""));
	it("may have any text in labels and help", () =>
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary", minLength: 1 }), (label, description) => {
				const scrape = shown(gauge([{ labels: { label }, value: 1 }], { description }));
				expect(scrape.samples).toEqual([{ name: "depth", labels: { label }, value: 1 }]);
				expect(scrape.help.get("depth")).toBe(description);
			}),
			{
				examples: [
					["\\n", "\\"],
					['a"b\\"', "a\nb"],
					["\n\r\u2028", "\r"],
				],
			},
		));
	it("may have any number", () =>
		fc.assert(
			fc.property(fc.double(), (value) => {
				const [sample] = new Scrape(exposition([gauge([{ value }])]), { finite: false }).samples;
				expect(sample?.value).toBe(Object.is(value, -0) ? 0 : value);
			}),
			{ examples: [[NaN], [Infinity], [-Infinity], [5e-324], [1e21], [-0]] },
		));
	it("that has no value yet is NaN", () => {
		expect(exposition([gauge([{ value: null }])])).toContain("depth NaN\n");
		expect(exposition([gauge([{}])])).toContain("depth NaN\n");
	});
	it("with other characters in its names has underscores there", () =>
		expect(exposition([gauge([{ labels: { "a.b-c": "x" }, value: 1 }], { name: "moleculer.node-type" })])).toContain(
			'moleculer_node_type{a_b_c="x"} 1\n',
		));
	it("of text is a gauge of 1 with the text as a label", () =>
		expect(shown({ type: "info", name: "version", values: [{ labels: {}, value: 'v"1' }] }).samples).toEqual([
			{ name: "version", labels: { value: 'v"1' }, value: 1 },
		]));
	it("with a rate has it in a family of its own", () => {
		const scrape = shown({ type: "counter", name: "calls", values: [{ value: 3, rate: 1.5 }] });
		expect([...scrape.types]).toEqual([
			["calls", "counter"],
			["calls_rate", "gauge"],
		]);
		expect(scrape.value("calls_rate")).toBe(1.5);
	});
});

describe("a histogram in the text", () => {
	it("has rising buckets up to all observations, a sum and a count", () => {
		const values = [{ labels: { log: "x" }, buckets: { "10.0": 3, "0.5": 1, "2.0": 2 }, count: 4, sum: 31.5 }];
		expect(exposition([{ type: "histogram", name: "took", description: "Duration", values }])).toBe(
			[
				"# HELP took Duration",
				"# TYPE took histogram",
				'took_bucket{log="x",le="0.5"} 1',
				'took_bucket{log="x",le="2.0"} 2',
				'took_bucket{log="x",le="10.0"} 3',
				'took_bucket{log="x",le="+Inf"} 4',
				'took_sum{log="x"} 31.5',
				'took_count{log="x"} 4',
				"",
			].join("\n"),
		);
	});
	it("that Moleculer observed is shown alike", () => {
		const { metrics } = new ServiceBroker({ logger: false, metrics: { enabled: true, collectProcessMetrics: false } });
		metrics.register({ type: "histogram", name: "own.time", buckets: [10, 5], labelNames: ["action"] });
		for (const ms of [1, 7, 100]) metrics.observe("own.time", ms, { action: "a" });
		const scrape = new Scrape(exposition(metrics.list({ includes: "own.**" }) as unknown as readonly Listed[])); // Moleculer types a part of it
		const bucket = (le: string) => scrape.value("own_time_bucket", { action: "a", le });
		expect([bucket("5"), bucket("10"), bucket("+Inf")]).toEqual([1, 2, 3]);
		expect([scrape.value("own_time_sum"), scrape.value("own_time_count")]).toEqual([108, 3]);
	});
});

describe("the strict parser of these tests", () => {
	it.each([
		["a sample without a type", "depth 1\n"],
		["a type without help", "# TYPE depth gauge\ndepth 1\n"],
		["a family in two groups", "# HELP a a\n# TYPE a gauge\n# HELP b b\n# TYPE b gauge\nb 1\na 1\n"],
		["an unknown escape", '# HELP a a\n# TYPE a gauge\na{x="\\t"} 1\n'],
		["a label twice", '# HELP a a\n# TYPE a gauge\na{x="1",x="2"} 1\n'],
		["a value that is no number", "# HELP a a\n# TYPE a gauge\na Infinity\n"],
		["a last line without an end", "# HELP a a\n# TYPE a gauge\na 1"],
		["buckets that do not end with all", '# HELP a a\n# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n'],
	])("refuses %s", (_what, text) => expect(() => new Scrape(text)).toThrow());
});
