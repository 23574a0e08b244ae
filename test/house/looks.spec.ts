/** Looks - checks the form of source files: their sizes, their headers, and that casts are explained. */
import { describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { commentLines, lineOf, nodesOf, routinesOf, type Source, sourcesOf } from "./sources.ts";

const product = sourcesOf("services", "mixins", "model", "store", "jurisdictions", "node", "cli", "demo", "moleculer.config.ts");
const everything = [...product, ...sourcesOf("test", "bench")];

/** `path:line what` for each node that breaks a rule. */
const wanting = (sources: readonly Source[], wants: (node: ts.Node, source: Source) => boolean): string[] =>
	sources.flatMap((source) =>
		nodesOf(source.tree)
			.filter((node) => wants(node, source))
			.map((node) => `${source.path}:${lineOf(source.tree, node.getStart())} ${node.getText().replace(/\s+/g, " ").slice(0, 80)}`),
	);
const longer = (sources: readonly Source[], most: number): string[] =>
	sources.filter(({ lines }) => lines > most).map(({ path, lines }) => `${path} has ${lines} lines`);
const mixing = (mixin: string) => product.filter(({ path, text }) => path.startsWith("services/") && text.includes(`${mixin}(`));

describe("the number of lines is limited:", () => {
	it("an aggregate 200 lines", () => expect(longer(mixing("EventSourced"), 200)).toEqual([]));
	it("a projection 80", () => expect(longer(mixing("Projected"), 80)).toEqual([]));
	it("a process 120", () => expect(longer(mixing("Processing"), 120)).toEqual([]));
	it("a mixin or any other file 250", () => expect(longer(product, 250)).toEqual([]));
	it("a function 40", () => {
		const long = product.flatMap((source) => routinesOf(source).map((routine) => ({ ...routine, path: source.path })));
		expect(
			long.filter(({ lines }) => lines > 40).map(({ path, line, name, lines }) => `${path}:${line} ${name} has ${lines} lines`),
		).toEqual([]);
	});
});

describe("types:", () => {
	it("there is no any", () => expect(wanting(everything, (node) => node.kind === ts.SyntaxKind.AnyKeyword)).toEqual([]));
	it("there is no non-null assertion", () => expect(wanting(everything, ts.isNonNullExpression)).toEqual([]));
	it("every cast has a comment", () => {
		const explained = new Map(product.map((source) => [source.path, commentLines(source)]));
		const unexplained = (node: ts.Node, { path, tree }: Source): boolean => {
			if (!ts.isAsExpression(node) || ts.isConstTypeReference(node.type)) return false;
			const lines = explained.get(path);
			// The formatter moves a comment to the end of a broken statement, so any line of the cast or the last line of its statement counts.
			const spoken = [lineOf(tree, node.getStart()), lineOf(tree, node.type.getStart()), lineOf(tree, node.getEnd()), endOf(node, tree)];
			return !spoken.some((line) => lines?.has(line));
		};
		expect(wanting(product, unexplained)).toEqual([]);
	});
	it("no compiler error is suppressed, except in tests that expect one", () => {
		const silenced = everything.filter(({ path, text }) => /@ts-(ignore|nocheck)|@ts-expect-error/.test(text) && !path.startsWith("test/"));
		expect(silenced.map(({ path }) => path)).toEqual([]);
	});
});

/** The last line of the innermost statement or field around a node. */
function endOf(node: ts.Node, tree: ts.SourceFile): number {
	let around = node;
	while (!ts.isStatement(around) && !ts.isClassElement(around) && !ts.isPropertyAssignment(around) && around.parent) around = around.parent;
	return lineOf(tree, around.getEnd());
}

describe("words:", () => {
	it("every file begins with a header comment", () => {
		const silent = everything.filter(({ text }) => !/^(#!.*\n)?\/\*\*(?!\/)/.test(text));
		expect(silent.map(({ path }) => path)).toEqual([]);
	});
	it("there are no open tasks", () => {
		const marks = new RegExp(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].map((mark) => `\\b${mark}\\b`).join("|"));
		expect(everything.filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([]);
	});
});
