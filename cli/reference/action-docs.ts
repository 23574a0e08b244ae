/** Action docs - finds the description of an action: its comment in the service, or in the mixin that makes it. */
import { dirname, join } from "node:path/posix";
import ts from "typescript";
import type { Action } from "../../node/offer.ts";
import type { Service } from "../common/catalogue.ts";
import type { ModelLines } from "./laws.ts";
import type { Sources } from "./sources.ts";

/** The description in the service's model, or else the comment of the action. */
export function meaningOf(sources: Sources, models: readonly ModelLines[], service: Service, action: Action): string {
	const model = models.find(({ value }) => value.name === service.name);
	const stated = [...(model?.commands ?? []), ...(model?.asks ?? [])].find(({ name }) => action.name === `${service.name}.${name}`);
	return stated?.meaning ?? actionDoc(sources, models, service, action) ?? "";
}

/** Null if the model of the service defines the action. */
export function actionDoc(sources: Sources, models: readonly ModelLines[], { path }: Service, { name: full }: Action): string | null {
	const [service = "", name = ""] = full.split(".");
	const model = models.find(({ value }) => value.name === service)?.value;
	const single = name.replace(/Many$/, "");
	return model && (single in model.commands || single in model.asks) ? null : firstDoc(sources, path, name);
}

/** Searches the service, then its mixins, then theirs, for the first comment. */
function firstDoc(sources: Sources, path: string, name: string): string {
	const seen = new Set([path]);
	for (const file of seen) {
		const doc = docIn(sources, sources.file(file), name);
		if (doc) return doc;
		for (const next of mixinsOf(sources, file)) seen.add(next);
	}
	return "";
}

/** Finds a field of an object `actions`, a field of the result of a function `<some>Actions`, or a function `<name>Action`. */
function docIn(sources: Sources, tree: ts.SourceFile, name: string): string {
	let found = "";
	const walk = (node: ts.Node): void => {
		if (found) return;
		const field = ts.isPropertyAssignment(node) && node.name.getText() === "actions" ? node.initializer : undefined;
		const made = ts.isReturnStatement(node) && /Actions$/.test(routineOf(node)) ? node.expression : undefined;
		found = sources.entries(field ?? made).find((entry) => entry.name === name)?.doc ?? "";
		const maker = (ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node)) && node.name?.getText() === `${name}Action`;
		if (!found && maker && node.name) found = sources.doc(sources.checker.getSymbolAtLocation(node.name));
		ts.forEachChild(node, walk);
	};
	walk(tree);
	return found;
}

const routineOf = (node: ts.Node): string => ts.findAncestor(node, ts.isFunctionDeclaration)?.name?.text ?? "";

const mixinsOf = (sources: Sources, path: string): string[] =>
	sources.file(path).statements.flatMap((statement) => {
		if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) return [];
		const target = join(dirname(path), statement.moduleSpecifier.text);
		return /^mixins\/.*\.ts$/.test(target) ? [target] : [];
	});
