/** Laws - combines the data of each model with the comments and types of its source: its commands, facts and questions. */
import ts from "typescript";
import { codesOfCommand, settledIn } from "../../model/actor-codes.ts";
import { type AnyCommand, type Code, creates, type Model, openShape, type Shape } from "../../model/index.ts";
import { type FieldLine, fieldsOf, partsOf } from "./fields.ts";
import type { House, Stated } from "../common/catalogue.ts";
import { headerOf, type Sources } from "./sources.ts";

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
	readonly definition: AnyCommand;
	readonly meaning: string;
	readonly params: readonly ParamLine[];
	/** Facts that its decision may record. */
	readonly facts: readonly string[];
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

export const modelLinesOf = (sources: Sources, { models }: Pick<House, "models">): ModelLines[] =>
	models.map((stated) => linesOf(sources, stated));

function linesOf(sources: Sources, stated: Stated<Model>): ModelLines {
	const { path, constant, value: model } = stated;
	const type = sources.typeOf(path, constant);
	const commands = Object.keys(model.commands).map((name) => commandLines(sources, model, sources.member(type, "commands"), name));
	const evolve = sources.member(type, "evolve");
	const facts = Object.keys(model.evolve).map((fact) => {
		const data = sources.member(evolve, fact).getCallSignatures()[0]?.parameters[1];
		if (!data) throw new Error(`The fact ${fact} says nothing`);
		return { type: fact, meaning: sources.doc(evolve.getProperty(fact)), fields: fieldsOf(sources, sources.checker.getTypeOfSymbol(data)) };
	});
	const said = [...facts.flatMap(({ fields }) => fields), ...commands.flatMap(({ params }) => params)];
	const known = meaningsOf(said.filter(({ path: field }) => field !== "id"));
	const sayers = (fact: string) => commands.filter((command) => command.facts.includes(fact)).flatMap(({ params }) => params);
	return {
		...stated,
		header: headerOf(path),
		commands: commands.map((command) => ({ ...command, params: command.params.map((line) => explained(line, known)) })),
		asks: Object.keys(model.asks).map((name) => askLines(sources, model, sources.member(type, "asks"), name)),
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

function commandLines(sources: Sources, model: Model, commands: ts.Type, name: string): CommandLines {
	const definition = model.commands[name];
	if (!definition) throw new Error(`${model.name} has no command ${name}`);
	return {
		name,
		definition: definition,
		meaning: sources.doc(commands.getProperty(name)),
		params: paramsOf(openShape(definition.shape), docsOf(sources, sources.member(commands, name, "shape")), creates(definition)),
		facts: factsOf(sources, model, sources.member(commands, name, "decide")),
		refusals: codesOfCommand(model, definition),
		settled: settledIn(model, definition),
	};
}

/** The facts in the list that a decision returns, by their type. */
function factsOf(sources: Sources, model: Model, decide: ts.Type): string[] {
	const item = sources.checker.getIndexTypeOfType(sources.returned(decide), ts.IndexKind.Number);
	const types = item ? partsOf(item).flatMap((fact) => partsOf(sources.member(fact, "type"))) : [];
	const said = new Set(types.flatMap((type) => (type.isStringLiteral() ? [type.value] : [])));
	return Object.keys(model.evolve).filter((fact) => said.has(fact)); // the compiler's order depends on other files
}

/** Every field of a shape, including the fields of its records. The id of a creation is optional. */
function paramsOf(shape: Shape, docs: ReadonlyMap<string, string>, begins = false, prefix = ""): ParamLine[] {
	return Object.entries(shape).flatMap(([name, { rule, says, absent = "", shape: inner }]) => {
		const path = `${prefix}${name}`;
		const own = begins && path === "id" && absent === "";
		const required = rule["optional"] !== true && !own;
		const line = { path, says, required, absent: own ? "a generated one" : absent, meaning: docs.get(path) ?? "" };
		return [line, ...(inner ? paramsOf(inner, docs, begins, `${path}.`) : [])];
	});
}
/** The comments on the fields of a shape, by path. */
function docsOf(sources: Sources, shape: ts.Type): ReadonlyMap<string, string> {
	const { checker } = sources;
	const below = (field: ts.Symbol): FieldLine[] => {
		const carried = checker.getTypeOfSymbol(field).getProperty("type"); // see Field
		const value = carried && checker.getNonNullableType(checker.getTypeOfSymbol(carried));
		return value && (value.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0 ? fieldsOf(sources, value) : [];
	};
	return new Map(
		shape
			.getProperties()
			.flatMap((field) => [
				[field.name, sources.doc(field)] as const,
				...below(field).map(({ path, meaning }) => [`${field.name}.${path}`, meaning] as const),
			]),
	);
}

function askLines(sources: Sources, model: Model, asks: ts.Type, name: string): AskLines {
	const definition = model.asks[name];
	const answer = sources.returned(sources.member(asks, name, "answer"));
	return {
		name,
		meaning: sources.doc(asks.getProperty(name)),
		route: definition?.route,
		params: paramsOf(definition?.shape ?? {}, new Map()),
		answer: (answer.flags & ts.TypeFlags.Object) === 0 ? [] : fieldsOf(sources, answer),
	};
}
