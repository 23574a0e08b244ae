/** Monitoring: dashboard and alerts use only existing metrics and labels, and the dashboard uses all of our metrics. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { commands } from "../../cli/es/commands.ts";
import { METRICS } from "../../mixins/common/metric-names.ts";
import { Scrape } from "../support/prometheus.ts";
import { System } from "../support/system.ts";
import { parseYaml } from "../support/yaml.ts";
import { answered, detect, infraction, radarInService, site } from "./scenery.ts";

const read = (file: string): string => readFileSync(new URL(`../../docs/grafana/${file}`, import.meta.url), "utf8");

interface Panel {
	readonly id: number;
	readonly type: string;
	readonly title: string;
	readonly datasource?: { readonly uid: string };
	readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
	readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
	readonly schemaVersion: number;
	readonly panels: readonly Panel[];
	readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[] };
}
interface Rule {
	readonly alert: string;
	readonly expr: string;
	readonly labels: { readonly severity: string };
	readonly annotations: { readonly summary: string; readonly runbook: string };
}
const dashboard = JSON.parse(read("vigie.json")) as Dashboard;
const rules = (parseYaml(read("alerts.yml")) as unknown as { groups: { name: string; rules: Rule[] }[] }).groups.flatMap(
	(group) => group.rules,
);

/** The names of the samples in an expression, and the labels that it filters, groups or joins by. */
function lookedAt(expr: string): { readonly names: readonly string[]; readonly labels: readonly string[] } {
	const labels = [
		...[...expr.matchAll(/([a-z_]\w*)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = ""]) => label),
		...[...expr.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
			list.split(",").map((one) => one.trim()),
		),
	];
	const rest = expr
		.replace(/"[^"]*"/g, "")
		.replace(/\{[^}]*\}|\[[^\]]*\]/g, "")
		.replace(/\b(?:by|on|without|ignoring)\s*\([^)]*\)/g, "")
		.replace(/\b(?:and|or|unless)\b/g, "");
	return { names: [...rest.matchAll(/\b[a-z_]\w*\b(?!\s*\()/g)].map(([name]) => name), labels };
}
/** Samples and labels that Prometheus adds itself. */
const ITS_OWN = { names: ["up"], labels: ["job", "instance", "le"] };

const looks = [
	...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: `panel "${title}"`, expr }))),
	...dashboard.templating.list.flatMap(({ name, definition }) =>
		definition === undefined
			? []
			: [{ where: `variable ${name}`, expr: definition.replace(/label_values\((.*), (\w+)\)/, "max by ($2) ($1)") }],
	),
	...rules.map(({ alert, expr }) => ({ where: alert, expr })),
];

describe("dashboard and alerts", () => {
	let system: System;
	let scrape: Scrape;
	beforeAll(async () => {
		system = await System.start();
		await radarInService(system, "g-1");
		answered(409, await system.post("/radars", { id: "g-1", ...site, latitude: 1 }));
		answered(200, await system.ndjson([{ id: "g-x" }]));
		await detect(system, { id: "g-d", radar: "g-1" });
		await infraction(system, "g-d");
		scrape = new Scrape((await system.get("/metrics")).text);
	});
	afterAll(() => system.dispose());

	it("use samples that the system has", () =>
		expect(
			looks.flatMap(({ where, expr }) =>
				lookedAt(expr)
					.names.filter((name) => !scrape.names.has(name) && !ITS_OWN.names.includes(name))
					.map((name) => `${where} looks at ${name}`),
			),
		).toEqual([]));

	it("filter and group by labels that these samples have", () =>
		expect(
			looks.flatMap(({ where, expr }) => {
				const { names, labels } = lookedAt(expr);
				const there = new Set(names.flatMap((name) => scrape.all(name).flatMap((sample) => Object.keys(sample.labels))));
				return labels
					.filter((label) => !there.has(label) && !ITS_OWN.labels.includes(label))
					.map((label) => `${where} asks for ${label} in ${expr}`);
			}),
		).toEqual([]));

	it("use the rate of counters, and gauges without a rate", () => {
		const typeOf = (name: string): string => scrape.types.get(name) ?? scrape.types.get(name.replace(/_(bucket|sum|count)$/, "")) ?? "";
		const wrong = looks.flatMap(({ where, expr }) => {
			const rated = [...expr.matchAll(/\b(?:rate|increase)\(\s*([a-z_]\w*)/g)].map(([, name = ""]) => name);
			const plain = lookedAt(expr).names.filter((name) => !rated.includes(name));
			return [
				...rated.filter((name) => !["counter", "histogram"].includes(typeOf(name))).map((name) => `${where}: rate of ${name}`),
				...plain.filter((name) => ["counter", "histogram"].includes(typeOf(name))).map((name) => `${where}: ${name} as it is`),
			];
		});
		expect(wrong).toEqual([]);
	});

	it("show every metric of ours on the dashboard", () => {
		const seen = new Set(dashboard.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => lookedAt(expr).names)));
		const shown = (name: string): boolean => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`].some((one) => seen.has(one));
		expect(Object.keys(METRICS).filter((name) => !shown(name))).toEqual([]);
	});

	it("refer to metrics that exist: a system that has done a little of everything has every metric of the list", () => {
		const there = (name: string): boolean => scrape.names.has(name) || scrape.names.has(`${name}_bucket`);
		expect(Object.keys(METRICS).filter((name) => !there(name))).toEqual([]);
	});
});

describe("the dashboard", () => {
	it("has a recent schema, uses the selected data source, and has its panels in four rows without overlap", () => {
		const { schemaVersion, panels, templating } = dashboard;
		expect(schemaVersion).toBeGreaterThanOrEqual(41);
		expect(templating.list[0]).toMatchObject({ name: "datasource", type: "datasource" });
		expect(panels.filter(({ type }) => type === "row").map(({ title }) => title)).toEqual([
			"Are we acknowledging?",
			"Are people reading fresh data?",
			"Is work stuck?",
			"Is the machine well?",
		]);
		expect(panels.filter(({ type, datasource }) => type !== "row" && datasource?.uid !== "${datasource}")).toEqual([]);
		expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
		const overlapping = panels.filter((one, i) =>
			panels.slice(i + 1).some(({ gridPos: other }) => {
				const { x, y, w, h } = one.gridPos;
				return x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h;
			}),
		);
		expect(overlapping.map(({ title }) => title)).toEqual([]);
		expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
	});
});

describe("an alert", () => {
	it("has a unique name, a severity, a summary and a first step for the operator", () => {
		expect(rules.length).toBeGreaterThan(10);
		expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
		for (const { alert, labels, annotations } of rules) {
			expect([alert, labels.severity]).toEqual([alert, expect.stringMatching(/^(page|ticket)$/)]);
			expect(annotations.summary.length).toBeGreaterThan(10);
			expect([alert, annotations.runbook]).toEqual([alert, expect.stringMatching(/es-[a-z]+|\/api\/health\/ready/)]);
		}
	});

	it("names only commands that exist", () => {
		const named = rules.flatMap(({ annotations }) => annotations.runbook.match(/es-[a-z]+/g) ?? []);
		expect(named.filter((name) => !commands.some((command) => command.name === name))).toEqual([]);
		expect(named).toContain("es-lag");
	});
});
