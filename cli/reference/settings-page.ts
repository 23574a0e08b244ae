/** Settings - the page of all environment variables that the system reads, found where it reads them, with their defaults. */
import ts from "typescript";
import { ENVIRONMENT } from "../../node/environment.ts";
import { code, page, sentence, table } from "./markdown.ts";
import type { Sources } from "./sources.ts";

const INTRODUCTION = `All settings that differ between installations come from the environment. An empty variable counts as not set; an invalid one
stops the start, with one clear line for each.`;

/** Throws if a variable in the code has no explanation, or if the code does not read an explained variable. */
export function settingsPage(sources: Sources): string {
	const read = variablesRead(sources);
	const unexplained = [...read.keys()].filter((name) => !(name in ENVIRONMENT));
	const unread = Object.keys(ENVIRONMENT).filter((name) => !read.has(name));
	if (unexplained.length > 0) throw new Error(`node/environment.ts has no explanation for ${unexplained.join(", ")}`);
	if (unread.length > 0) throw new Error(`node/environment.ts explains unused variables: ${unread.join(", ")}`);
	return page(
		"Settings",
		INTRODUCTION.replaceAll("\n", " "),
		table(
			["name", "default", "meaning", "read in"],
			Object.entries(ENVIRONMENT).map(([name, one]) => [
				code(name),
				unsetText(one),
				sentence(one.means),
				(read.get(name) ?? []).map(code).join(", "),
			]),
		),
	);
}

/** The value that is used if the variable is not set. */
const unsetText = (one: { readonly default?: string; readonly unset?: string }): string =>
	one.default === undefined ? (one.unset ?? "") : code(one.default);

/** The files that read each variable. */
export function variablesRead(sources: Sources): ReadonlyMap<string, readonly string[]> {
	const read = new Map<string, string[]>();
	for (const { path, tree } of sources.files(
		"services",
		"mixins",
		"model",
		"store",
		"jurisdictions",
		"node",
		"cli",
		"demo",
		"moleculer.config.ts",
	)) {
		const walk = (node: ts.Node): void => {
			for (const name of readAt(sources.checker, node))
				if (!read.get(name)?.includes(path)) read.set(name, [...(read.get(name) ?? []), path]);
			ts.forEachChild(node, walk);
		};
		walk(tree);
	}
	return read;
}

const isEnvironment = (checker: ts.TypeChecker, node: ts.Node): boolean => checker.getTypeAtLocation(node).symbol?.name === "ProcessEnv";

/** The variables that a node reads: by property, by destructuring, or by index in a loop over names. */
function readAt(checker: ts.TypeChecker, node: ts.Node): string[] {
	if (ts.isObjectBindingPattern(node) && isEnvironment(checker, node.parent))
		return node.elements.map(({ propertyName, name }) => (propertyName ?? name).getText());
	if (ts.isPropertyAccessExpression(node) && isEnvironment(checker, node.expression)) return [node.name.text];
	if (!ts.isElementAccessExpression(node) || !isEnvironment(checker, node.expression)) return [];
	if (ts.isStringLiteralLike(node.argumentExpression)) return [node.argumentExpression.text];
	const loop = ts.findAncestor(node, ts.isForOfStatement);
	if (!loop || !ts.isArrayLiteralExpression(loop.expression))
		throw new Error(`${node.getText()}: the variable that this reads is not known`);
	return loop.expression.elements.filter(ts.isStringLiteralLike).map(({ text }) => text);
}
