/** Sources - the types and comments of the services, which are gone at run time. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { serviceFiles } from "../../node/services.ts";
import { ROOT } from "../common/catalogue.ts";

/** One line of text, without the markup of a comment. */
const plain = (text: string): string =>
	text
		.replace(/^\s*\*\s?/gm, "")
		.replace(/\s+/g, " ")
		.trim();
const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The header of a file without its name. */
export const headerOf = (path: string): string => plain(/^\/\*\*([^]*?)\*\//.exec(textOf(path))?.[1] ?? "").replace(/^\S+ - /, "");

/** The comment above an action, or above the function `<name>Action` that makes it: in the service's file, or in a mixin that it imports. */
export function actionDoc(path: string, name: string): string {
	const comment = new RegExp(
		String.raw`/\*\*((?:(?!\*/)[^])*)\*/\s*(?:${name}: |(?:export )?(?:const|async function|function) ${name}Action\b)`,
	);
	const files = new Set([path]);
	for (const file of files) {
		const text = textOf(file);
		const found = comment.exec(text)?.[1];
		if (found !== undefined) return plain(found);
		const imported = [...text.matchAll(/ from "(\.[^"]+)"/g)].map(([, target = ""]) => join(dirname(file), target));
		for (const next of imported.filter((one) => one.startsWith("mixins/"))) files.add(next);
	}
	return "";
}

export class Sources {
	readonly #program: ts.Program;
	readonly checker: ts.TypeChecker;

	constructor() {
		const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
			config: { compilerOptions: object };
		}; // JSON
		const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
		this.#program = ts.createProgram(
			serviceFiles().map(({ url }) => fileURLToPath(url)),
			options,
		);
		this.checker = this.#program.getTypeChecker();
	}

	/** The type of an exported constant. */
	typeOf(path: string, name: string): ts.Type {
		const file = this.#program.getSourceFile(join(ROOT, path));
		const exports = file && this.checker.getSymbolAtLocation(file)?.exports;
		const symbol = exports?.get(ts.escapeLeadingUnderscores(name));
		if (!symbol) throw new Error(`${path} exports no ${name}`);
		return this.checker.getTypeOfSymbol(symbol);
	}
	/** The type of a field of a field: `member(model, "commands", "install")`. */
	member(type: ts.Type, ...names: readonly string[]): ts.Type {
		return names.reduce((of, name) => {
			const symbol = of.getProperty(name);
			if (!symbol) throw new Error(`${this.checker.typeToString(of)} has no ${name}`);
			return this.checker.getTypeOfSymbol(symbol);
		}, type);
	}
	/** The type that a function returns. */
	returned(type: ts.Type): ts.Type {
		const [signature] = type.getCallSignatures();
		if (!signature) throw new Error(`${this.checker.typeToString(type)} is no function`);
		return signature.getReturnType();
	}
	/** The comment on a field. */
	doc(symbol: ts.Symbol | undefined): string {
		return symbol ? plain(ts.displayPartsToString(symbol.getDocumentationComment(this.checker))) : "";
	}
}
