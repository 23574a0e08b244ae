/**
 * Laws - properties of every command of every aggregate, tested on random lives of the whole product. New commands are included
 * automatically.
 */
import { beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decide, evolve, frozen } from "../../model/decide.ts";
import { creates, type Fact, idOf, isRefusal, UNKNOWN } from "../../model/index.ts";
import { modelOf, models, projections } from "../grammar/everything.ts";
import { anyLife, decideAgain, live, saidIn, type Told } from "../grammar/lives.ts";
import { checkOf } from "../model/check.ts";
import { later } from "../grammar/words.ts";

const always = (holds: (told: readonly Told[]) => void) =>
	fc.assert(
		fc.property(anyLife, (orders) => holds(live(orders))),
		{ numRuns: 200 },
	);
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T; // as read back from storage
const commands = models.flatMap((model) => Object.entries(model.commands).map(([name, definition]) => ({ model, name, law: definition })));
const nameOf = ({ ordered: { service, name } }: Told) => `${service}.${name}`;

describe("every fact", () => {
	it("survives storage unchanged, to the last bit", () =>
		always((told) => {
			for (const { facts } of saidIn(told)) expect(stored(facts)).toStrictEqual(facts);
		}));
	it("is known to its model, and the first fact of an actor is one that creates it", () =>
		always((told) => {
			const begun = new Set<string>();
			for (const { service, id, facts } of saidIn(told)) {
				const model = modelOf(service);
				const stream = `${service}-${id}`;
				for (const { type } of facts) {
					expect(Object.keys(model.evolve)).toContain(type);
					if (!begun.has(stream)) expect(model.begins).toContain(type);
					begun.add(stream);
				}
			}
		}));
});

describe("every state", () => {
	it("is the result of folding its stored facts", () =>
		always((told) => {
			const streams = new Map<string, { state: { readonly status: string }; live: unknown }>();
			for (const { model, situation: situation, outcome, state } of told) {
				const stream = `${model.name}-${situation.id}`;
				const before = streams.get(stream)?.state ?? UNKNOWN;
				const replayed = isRefusal(outcome) ? before : frozen(evolve(model, before, stored(outcome), situation.now));
				streams.set(stream, { state: replayed, live: state });
			}
			for (const { state, live } of streams.values()) expect(state).toStrictEqual(live);
		}));
	it("can itself be stored: plain values, nothing lost", () =>
		always((told) => {
			for (const { state } of told) expect(stored(state)).toEqual(state);
		}));
});

describe("every id", () => {
	it("is checked by the rule of its model in every command and question", () => {
		for (const model of models)
			for (const [name, { shape }] of [...Object.entries(model.commands), ...Object.entries(model.asks)])
				expect([`${model.name}.${name}`, shape["id"]?.rule["pattern"]]).toEqual([`${model.name}.${name}`, idOf(model).rule["pattern"]]);
	});
	it("of a stored actor passes that rule", () =>
		always((told) => {
			for (const { model, situation: situation, outcome } of told)
				if (!isRefusal(outcome)) expect([situation.id, checkOf({ id: idOf(model) })({ id: situation.id })]).toEqual([situation.id, true]);
		}));
});

describe("every command", () => {
	it("sent twice records nothing the second time", () =>
		always((told) => {
			for (const { ordered, model, definition: definition, situation: situation, refusal, version, outcome, state } of told) {
				if (isRefusal(outcome)) continue;
				for (const now of [situation.now, later(situation.now, 1)]) {
					const again = decide(model, definition, { ...situation, state, now }, { version: version + outcome.length, refusal });
					expect({ ...ordered, again }).toEqual({ ...ordered, again: [] });
				}
			}
		}));
	it("decides the same way on every repetition", () =>
		always((told) => {
			for (const one of told) if (!isRefusal(one.outcome)) expect(decideAgain(one)).toStrictEqual(one.outcome);
		}));
	it("is answered from its facts, stored or not", () =>
		always((told) => {
			for (const { definition: definition, outcome } of told)
				if (!isRefusal(outcome) && outcome.length > 0)
					expect(definition.answer?.(stored(outcome))).toStrictEqual(definition.answer?.(outcome));
		}));
	it("is refused in a fixed form: a code in capitals, a sentence, and a 4xx status", () =>
		always((told) => {
			for (const one of told) {
				if (!isRefusal(one.outcome)) continue;
				const { code, status, detail } = one.outcome;
				expect([nameOf(one), detail, status >= 400 && status < 500]).toEqual([nameOf(one), expect.stringMatching(/\w{2,}/), true]);
				expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
			}
		}));
});

describe("the table of statuses and commands", () => {
	const cells = new Map<string, Set<string>>();
	const statuses = new Map<string, Set<string>>();
	const said = new Set<string>();
	beforeAll(() => {
		for (const { model } of commands) statuses.set(model.name, new Set());
		for (const orders of fc.sample(anyLife, { numRuns: 1500, seed: 2026 }))
			for (const one of live(orders)) {
				const { status } = one.situation.state;
				const cell = `${nameOf(one)} when ${status}`;
				const { outcome } = one;
				statuses.get(one.model.name)?.add(status);
				cells.set(
					cell,
					(cells.get(cell) ?? new Set()).add(isRefusal(outcome) ? outcome.code : outcome.length > 0 ? "accepted" : "already so"),
				);
				if (!isRefusal(outcome)) outcome.forEach((fact: Fact) => said.add(fact.type));
			}
	});
	const outcomes = (model: string, name: string, status: string) => [...(cells.get(`${model}.${name} when ${status}`) ?? [])];

	it("has every status in which a command is allowed", () => {
		for (const { model, name, law: definition } of commands)
			for (const status of definition.allowedIn) expect([`${model.name}.${name}`, ...(statuses.get(model.name) ?? [])]).toContain(status);
	});
	it.each(commands.map(({ model, name, law: definition }) => [`${model.name}.${name}`, model, name, definition] as const))(
		"%s is accepted exactly in the statuses it allows",
		(_title, model, name, definition) => {
			for (const status of statuses.get(model.name) ?? []) {
				const seen = outcomes(model.name, name, status);
				const accepted = seen.includes("accepted");
				expect({ status, seen: seen.length > 0, accepted }).toEqual({
					status,
					seen: true,
					accepted: definition.allowedIn.includes(status) && accepted,
				});
				if (status === "unknown" && !creates(definition)) expect(seen).toEqual([`${model.name.toUpperCase()}_UNKNOWN`]);
			}
			expect(definition.allowedIn.filter((status) => outcomes(model.name, name, status).includes("accepted"))).not.toEqual([]);
		},
	);
	it("covers every fact", () => {
		for (const model of models) for (const type of Object.keys(model.evolve)) expect([...said]).toContain(type);
	});
});

describe("what commands consult", () => {
	const edges = commands.flatMap(({ model, law: definition }) =>
		Object.values(definition.consult ?? {}).map(({ ask }) => [model.name, ...ask.split(".")] as const),
	);
	const asksOf = (service: string) => projections.find(({ name }) => name === service)?.asks ?? modelOf(service).asks;
	it("is offered by the consulted actors and read models", () => {
		for (const [, service = "", question = ""] of edges) expect(Object.keys(asksOf(service))).toContain(question);
	});
	it("has no cycle", () => {
		const reached = (from: string, path: readonly string[] = []): void => {
			expect(path).not.toContain(from);
			for (const [asking, service = ""] of edges) if (asking === from) reached(service, [...path, from]);
		};
		for (const { name } of models) reached(name);
	});
	it("has params that the consulted actor accepts", () =>
		always((told) => {
			for (const { definition: definition, situation: situation } of told)
				for (const { ask, params } of Object.values(definition.consult ?? {})) {
					const [service = "", question = ""] = ask.split(".");
					const asked = params(situation.params);
					const shape = models.find(({ name }) => name === service)?.asks[question]?.shape;
					if (asked && shape) expect(checkOf(shape)({ ...asked })).toBe(true);
				}
		}));
});
