/** Reference truth - compares the reference with simulated runs of the models: facts, fields, refusals and defaults. */
import { beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { loadHouse } from "../../cli/common/catalogue.ts";
import { type CommandLines, modelLinesOf, type ModelLines } from "../../cli/reference/model-lines.ts";
import { Sources } from "../../cli/reference/sources.ts";
import { isRefusal, unknownCode } from "../../model/index.ts";
import { anyLife, live, longLife, type Told } from "../grammar/lives.ts";

let models: readonly ModelLines[];
let lived: readonly Told[];
beforeAll(async () => {
	models = modelLinesOf(new Sources(), await loadHouse());
	lived = [...fc.sample(anyLife, { numRuns: 900, seed: 8 }).flatMap(live), ...live(longLife)];
});

const linesOf = ({ ordered: { service, name } }: Told): CommandLines & { readonly model: ModelLines } => {
	const model = models.find(({ value }) => value.name === service);
	const command = model?.commands.find((one) => one.name === name);
	if (!model || !command) throw new Error(`${service}.${name} stands nowhere`);
	return { ...command, model };
};
const said = () => lived.flatMap((told) => (isRefusal(told.outcome) ? [] : told.outcome.map((fact) => ({ told, fact }))));

describe("the reference", () => {
	it("lists exactly the facts that a command can record", () => {
		expect(said().filter(({ told, fact }) => !linesOf(told).facts.includes(fact.type))).toEqual([]);
		const seen = new Set(said().map(({ told, fact }) => `${told.ordered.service}.${told.ordered.name} ${fact.type}`));
		const named = models.flatMap(({ value, commands }) =>
			commands.flatMap(({ name, facts }) => facts.map((type) => `${value.name}.${name} ${type}`)),
		);
		expect(named.filter((one) => !seen.has(one))).toEqual([]);
	});
	it("lists all fields of a fact, and marks those that may be absent", () => {
		const wrong = said().flatMap(({ told, fact: { type, data } }) => {
			const fields =
				linesOf(told)
					.model.facts.find((one) => one.type === type)
					?.fields.filter(({ path }) => !/[.[]/.test(path)) ?? [];
			const given = Object.keys(data as object);
			return [
				...given.filter((name) => !fields.some(({ path }) => path === name)).map((name) => `${type} has ${name}`),
				...fields.filter(({ path, optional }) => !optional && !given.includes(path)).map(({ path }) => `${type} has no ${path}`),
			];
		});
		expect(wrong).toEqual([]);
	});
	it("lists exactly the refusals of a command", () => {
		const refused = lived.flatMap((told) => (isRefusal(told.outcome) ? [{ told, refusal: told.outcome }] : []));
		const consulted = (told: Told): string[] =>
			Object.values(told.definition.consult ?? {}).map(({ ask }) => unknownCode(ask.split(".")[0] ?? "").name);
		const unsaid = refused.filter(
			({ told, refusal: { code, status } }) =>
				!consulted(told).includes(code) && !linesOf(told).refusals.some((one) => one.name === code && one.status === status),
		);
		expect(unsaid.map(({ told, refusal }) => `${told.ordered.service}.${told.ordered.name} ${refusal.code}`)).toEqual([]);
		const seen = new Set(refused.map(({ told, refusal }) => `${told.ordered.service}.${told.ordered.name} ${refusal.code}`));
		const named = models.flatMap(({ value, commands }) =>
			commands.flatMap(({ name, refusals }) => refusals.map((one) => `${value.name}.${name} ${one.name}`)),
		);
		expect([...new Set(named)].filter((one) => !seen.has(one))).toEqual([]);
	});
	it("lists exactly the statuses that a model reaches", () => {
		const stoodIn = (name: string) => [...new Set(lived.filter(({ model }) => model.name === name).map(({ state }) => state.status))];
		for (const { value } of models)
			expect(
				stoodIn(value.name)
					.filter((status) => status !== "unknown")
					.toSorted(),
			).toEqual(Object.keys(value.statuses).toSorted());
	});
});

describe("the default of a missing field in the reference is right:", () => {
	const without = (field: string, absent: string) =>
		said().filter(({ told }) => {
			const line = linesOf(told).params.find(({ path }) => path === field);
			return line?.absent === absent && told.ordered.params[field as "id"] === undefined;
		});
	it("now is the instant of the decision", () => {
		const dated = without("from", "now");
		expect(dated.length).toBeGreaterThan(20);
		expect(dated.filter(({ told, fact }) => (fact.data as { from?: unknown }).from !== told.situation.now)).toEqual([]);
	});
	it("the beginning of time is null in the fact", () => {
		const dated = without("from", "the beginning of time");
		expect(dated.length).toBeGreaterThan(5);
		expect(dated.filter(({ fact }) => (fact.data as { from?: unknown }).from !== null)).toEqual([]);
	});
	it("a fixed value is in the fact", () => {
		const fixed = models.flatMap(({ commands }) =>
			commands.flatMap(({ params }) => params.filter(({ absent }) => /^`[A-Za-z]+`$/.test(absent))),
		);
		expect(fixed.length).toBeGreaterThan(1);
		for (const { path, absent } of fixed) {
			const cases = without(path, absent)
				.filter(({ told }) => told.situation.state.status === "unknown")
				.filter(({ fact }) => path in (fact.data as object));
			expect(cases.length).toBeGreaterThan(5);
			expect(cases.filter(({ fact }) => `\`${String((fact.data as Record<string, unknown>)[path])}\`` !== absent)).toEqual([]);
		}
	});
});
