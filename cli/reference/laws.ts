/** Laws - combines the run-time data and the source of each aggregate: its commands, facts, questions and statuses. */
import ts from "typescript";
import { codesOfCommand, settledIn } from "../../model/actor-codes.ts";
import { type AnyCommand, type Code, creates, type Model, type Shape } from "../../model/index.ts";
import { type FieldLine, fieldsOf } from "./fields.ts";
import type { House, Stated } from "../common/catalogue.ts";
import type { Sources } from "./sources.ts";

export interface ParamLine {
	readonly path: string;
	readonly says: string;
	readonly required: boolean;
	readonly absent: string;
	readonly meaning: string;
}
export interface CommandLines {
	/** `install` */
	readonly name: string;
	readonly law: AnyCommand;
	readonly meaning: string;
	readonly params: readonly ParamLine[];
	/** Facts that its decision may record. */
	readonly facts: readonly string[];
	/** Fields of its answer besides id, version and position. */
	readonly answer: string;
	/** The refusals of the command itself, without those of consulted actors. */
	readonly refusals: readonly Code[];
	/** Statuses in which the command is always already so. */
	readonly settled: readonly string[];
}
export interface FactLines {
	readonly type: string;
	readonly meaning: string;
	readonly fields: readonly FieldLine[];
}
export interface AskLines {
	readonly name: string;
	readonly meaning: string;
	readonly route: string | undefined;
	readonly params: readonly ParamLine[];
	readonly answer: readonly FieldLine[];
}
export interface ModelLines extends Stated<Model> {
	readonly header: string;
	readonly commands: readonly CommandLines[];
	readonly asks: readonly AskLines[];
	readonly facts: readonly FactLines[];
}

export const lawsOf = (sources: Sources, { models }: Pick<House, "models">): ModelLines[] =>
	models.map((stated) => linesOf(sources, stated));

function linesOf(sources: Sources, stated: Stated<Model>): ModelLines {
	const { path, constant, value: model } = stated;
	const node = sources.constant(path, constant);
	const evolve = memberOf(sources, sources.checker.getTypeAtLocation(node), "evolve", node);
	const steps = Object.keys(model.evolve).map((type) => ({ type, ...stepOf(sources, evolve, type, node) }));
	const commands = sources.entries(sources.field(node, "commands")).flatMap(({ name, value, doc }): CommandLines[] => {
		const law = model.commands[name];
		return law ? [{ ...commandLines(sources, model, law, value), name, meaning: doc }] : [];
	});
	const facts = steps.map(({ type, meaning, data }) => ({ type, meaning, fields: fieldsOf(sources, data, node) }));
	const said = [...facts.flatMap(({ fields }) => fields), ...commands.flatMap(({ params }) => params)];
	const known = meaningsOf(said.filter(({ path: field }) => field !== "id"));
	const sayers = (type: string) => commands.filter((command) => command.facts.includes(type)).flatMap(({ params }) => params);
	return {
		...stated,
		header: sources.header(path),
		commands: commands.map((command) => ({ ...command, params: command.params.map((line) => explained(line, known)) })),
		asks: sources.entries(sources.field(node, "asks")).flatMap((entry) => askLines(sources, model, node, entry)),
		facts: facts.map((fact) => {
			const here = new Map([...known, ...meaningsOf(sayers(fact.type))]);
			return { ...fact, fields: fact.fields.map((line) => explained(line, here)) };
		}),
	};
}

/** By path; the last field with a meaning counts. */
export const meaningsOf = (lines: readonly { readonly path: string; readonly meaning: string }[]): ReadonlyMap<string, string> =>
	new Map(lines.filter(({ meaning }) => meaning !== "").map(({ path, meaning }) => [path, meaning]));
/** Adds a missing meaning from another field with the same path. */
export const explained = <L extends { readonly path: string; readonly meaning: string }>(line: L, known: ReadonlyMap<string, string>): L =>
	line.meaning === "" ? { ...line, meaning: known.get(line.path) ?? "" } : line;

function memberOf({ checker }: Sources, type: ts.Type, name: string, at: ts.Node): ts.Type {
	const symbol = type.getProperty(name);
	if (!symbol) throw new Error(`${checker.typeToString(type)} has no ${name}`);
	return checker.getTypeOfSymbolAtLocation(symbol, at);
}

/** The data of the fact in one step of `evolve`. */
function stepOf(sources: Sources, evolve: ts.Type, fact: string, at: ts.Node) {
	const [signature] = memberOf(sources, evolve, fact, at).getCallSignatures();
	const data = signature?.parameters[1];
	if (!signature || !data) throw new Error(`The fact ${fact} says nothing`);
	return { meaning: sources.doc(evolve.getProperty(fact)), data: sources.checker.getTypeOfSymbolAtLocation(data, at) };
}

function commandLines(sources: Sources, model: Model, law: AnyCommand, call: ts.Expression) {
	const decision = sources.field(call, "decide");
	const literal = ts.isCallExpression(call) ? call.arguments.findLast(ts.isObjectLiteralExpression) : undefined;
	return {
		law,
		params: paramsOf(sources, law.shape, ts.isCallExpression(call) ? call.arguments[0] : undefined, creates(law)),
		facts: decision ? sources.said("fact", decision) : [],
		answer: sources.entries(literal).find(({ name }) => name === "answer")?.doc ?? "",
		refusals: codesOfCommand(model, law),
		settled: settledIn(model, law),
	};
}

/** Every field of a shape, including the fields of its records. The id of a creation is optional. */
function paramsOf(sources: Sources, shape: Shape, at: ts.Expression | undefined, begins = false): ParamLine[] {
	const docs = new Map(at ? docsOf(sources, at) : []);
	const lines = (of: Shape, prefix: string): ParamLine[] =>
		Object.entries(of).flatMap(([name, { rule, says, absent = "", shape: inner }]) => {
			const path = `${prefix}${name}`;
			const own = begins && path === "id" && absent === "";
			const required = rule["optional"] !== true && !own;
			const line = { path, says, required, absent: own ? "a generated one" : absent, meaning: docs.get(path) ?? "" };
			return [line, ...(inner ? lines(inner, `${path}.`) : [])];
		});
	return lines(shape, "");
}
/** The comments on the fields of a shape, by path. */
function docsOf(sources: Sources, at: ts.Expression): (readonly [path: string, doc: string])[] {
	const { checker } = sources;
	const below = (field: ts.Symbol): FieldLine[] => {
		const carried = checker.getTypeOfSymbolAtLocation(field, at).getProperty("type"); // see Field
		const value = carried && checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(carried, at));
		return value && (value.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0 ? fieldsOf(sources, value, at) : [];
	};
	return checker
		.getTypeAtLocation(at)
		.getProperties()
		.flatMap((field) => [
			[field.name, sources.doc(field)] as const,
			...below(field).map(({ path, meaning }) => [`${field.name}.${path}`, meaning] as const),
		]);
}

function askLines(
	sources: Sources,
	model: Model,
	node: ts.Expression,
	{ name, doc }: { readonly name: string; readonly doc: string },
): AskLines[] {
	const law = model.asks[name];
	if (!law) return [];
	const of = memberOf(sources, memberOf(sources, sources.checker.getTypeAtLocation(node), "asks", node), name, node);
	const answer = memberOf(sources, of, "answer", node).getCallSignatures()[0]?.getReturnType();
	const plain = !answer || (answer.flags & ts.TypeFlags.Object) === 0;
	return [
		{
			name,
			meaning: doc,
			route: law.route,
			params: paramsOf(sources, law.shape, undefined),
			answer: plain ? [] : fieldsOf(sources, answer, node),
		},
	];
}
