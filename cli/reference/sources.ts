/** Sources - the product's source files as TypeScript reads them, for the types and comments that are gone at run time. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { ROOT } from "../common/catalogue.ts";

/** The folders and the file of a running system. */
const PRODUCT = ["services", "mixins", "model", "store", "jurisdictions", "node", "cli", "demo", "moleculer.config.ts"] as const;
export type Room = (typeof PRODUCT)[number];

export class Sources {
	readonly #program: ts.Program;
	readonly checker: ts.TypeChecker;

	constructor() {
		const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
			config: { compilerOptions: object };
		}; // JSON
		const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
		this.#program = ts.createProgram(
			pathsOf(...PRODUCT).map((path) => join(ROOT, path)),
			options,
		);
		this.checker = this.#program.getTypeChecker();
	}

	/** A source file, by its path from the root. */
	file(path: string): ts.SourceFile {
		const found = this.#program.getSourceFile(join(ROOT, path));
		if (!found) throw new Error(`There is no source ${path}`);
		return found;
	}
	/** Every file in these folders, in order. */
	files(...rooms: readonly Room[]): { readonly path: string; readonly tree: ts.SourceFile }[] {
		return pathsOf(...rooms).map((path) => ({ path, tree: this.file(path) }));
	}
	/** The header of a file without its name. */
	header(path: string): string {
		const text = /^\/\*\*([\s\S]*?)\*\//.exec(this.file(path).text)?.[1] ?? "";
		return text
			.replace(/^\s*\*\s?/gm, "")
			.replace(/\s+/g, " ")
			.trim()
			.replace(/^\S+ - /, "");
	}
	/** The initial value of a constant in a file. */
	constant(path: string, name: string): ts.Expression {
		for (const statement of this.file(path).statements)
			if (ts.isVariableStatement(statement))
				for (const { name: given, initializer } of statement.declarationList.declarations)
					if (ts.isIdentifier(given) && given.text === name && initializer) return initializer;
		throw new Error(`${path} has no constant ${name}`);
	}
	doc(symbol: ts.Symbol | undefined): string {
		return symbol ? ts.displayPartsToString(symbol.getDocumentationComment(this.checker)).replace(/\s+/g, " ").trim() : "";
	}
	/** A field of an object literal, or of the literal passed to a call. */
	field(of: ts.Expression, name: string): ts.Expression | undefined {
		const literal = literalOf(of);
		const found = literal?.properties.find((property) => property.name !== undefined && nameOf(property.name) === name);
		return found && ts.isPropertyAssignment(found) ? found.initializer : undefined;
	}
	/** The fields of an object literal, each with its comment. */
	entries(of: ts.Expression | undefined): { readonly name: string; readonly value: ts.Expression; readonly doc: string }[] {
		return ((of && literalOf(of))?.properties ?? []).flatMap((property) =>
			ts.isPropertyAssignment(property)
				? [{ name: nameOf(property.name), value: property.initializer, doc: this.doc(this.checker.getSymbolAtLocation(property.name)) }]
				: [],
		);
	}
	/** The first arguments of all calls to `callee` in a function, and in the functions of its file that it calls. */
	said(callee: string, within: ts.Node, seen = new Set<ts.Node>()): string[] {
		if (seen.has(within)) return [];
		seen.add(within);
		const found: string[] = [];
		const walk = (node: ts.Node): void => {
			if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
				const [first] = node.arguments;
				if (node.expression.text === callee && first && ts.isStringLiteralLike(first)) found.push(first.text);
				const called = this.checker.getSymbolAtLocation(node.expression)?.valueDeclaration;
				if (called?.getSourceFile() === within.getSourceFile()) found.push(...this.said(callee, called, seen));
			}
			ts.forEachChild(node, walk);
		};
		walk(within);
		return [...new Set(found)];
	}
}

function pathsOf(...rooms: readonly Room[]): string[] {
	return rooms.flatMap((room) =>
		room.endsWith(".ts")
			? [room]
			: readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })
					.filter((file) => file.endsWith(".ts"))
					.map((file) => relative(ROOT, join(ROOT, room, file)))
					.toSorted(),
	);
}

/** `{...}` of `{...}`, of `{...} as const`, of `define({...})` and of `command(shape, {...})`. */
function literalOf(expression: ts.Expression): ts.ObjectLiteralExpression | undefined {
	if (ts.isObjectLiteralExpression(expression)) return expression;
	if (ts.isSatisfiesExpression(expression) || ts.isAsExpression(expression)) return literalOf(expression.expression);
	return ts.isCallExpression(expression) ? expression.arguments.findLast(ts.isObjectLiteralExpression) : undefined;
}
const nameOf = (name: ts.PropertyName): string => (ts.isStringLiteralLike(name) || ts.isIdentifier(name) ? name.text : name.getText());
