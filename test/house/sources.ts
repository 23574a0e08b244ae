/** Sources - parses the source files: their imports, the length of their functions, and their comments. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../", import.meta.url).href);

export interface Import {
	/** A path of ours from the root (`store/log.ts`), or the name of a package (`moleculer`, `node:fs`). */
	readonly target: string;
	readonly ours: boolean;
	/** Whether it imports only types. */
	readonly typeOnly: boolean;
	readonly line: number;
}
export interface Source {
	/** The path from the root: `services/radar/radar.service.ts`. */
	readonly path: string;
	readonly text: string;
	readonly lines: number;
	readonly tree: ts.SourceFile;
	readonly imports: readonly Import[];
}

/** Every `.ts` file of these folders, sorted, without installed packages. */
export const sourcesOf = (...rooms: readonly string[]): readonly Source[] =>
	rooms.flatMap((room) => {
		if (room.endsWith(".ts")) return [read(room)];
		const files = readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).filter(
			(file) => file.endsWith(".ts") && !file.includes("node_modules/"),
		);
		return files.toSorted().map((file) => read(`${room}/${file}`));
	});

function read(path: string): Source {
	const text = readFileSync(join(root, path), "utf8");
	const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
	return { path, text, lines: text.split("\n").length - 1, tree, imports: importsOf(path, tree) };
}

export const lineOf = (tree: ts.SourceFile, position: number): number => tree.getLineAndCharacterOfPosition(position).line + 1;

/** Every node below, the node itself included. */
export function nodesOf(node: ts.Node, found: ts.Node[] = []): ts.Node[] {
	found.push(node);
	ts.forEachChild(node, (child) => void nodesOf(child, found));
	return found;
}
/** The same with every token, since comments may follow a comma or a bracket. */
const tokensOf = (node: ts.Node): ts.Node[] => [node, ...node.getChildren().flatMap(tokensOf)];

function importsOf(path: string, tree: ts.SourceFile): Import[] {
	const found: Import[] = [];
	const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
		if (!specifier || !ts.isStringLiteralLike(specifier)) return;
		const ours = specifier.text.startsWith(".");
		const target = ours ? relative(root, join(root, dirname(path), specifier.text)) : specifier.text;
		found.push({ target, ours, typeOnly, line: lineOf(tree, specifier.getStart()) });
	};
	for (const node of nodesOf(tree)) {
		if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, saysOnlyTypes(node.importClause));
		else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
		else if (ts.isImportTypeNode(node)) add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
		else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
	}
	return found;
}

function saysOnlyTypes(clause: ts.ImportClause | undefined): boolean {
	if (!clause) return false; // imported for its side effects
	if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
	const { name, namedBindings } = clause;
	return (
		!name && namedBindings !== undefined && ts.isNamedImports(namedBindings) && namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly)
	);
}

/** Every comment, with the line it begins on. */
export function commentsOf({ text, tree }: Source): readonly { readonly line: number; readonly text: string; readonly end: number }[] {
	const ranges = tokensOf(tree).flatMap((node) => [
		...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
		...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
	]);
	return [...new Map(ranges.map((range) => [range.pos, range])).values()].map(({ pos, end }) => ({
		line: lineOf(tree, pos),
		end: lineOf(tree, end),
		text: text.slice(pos, end),
	}));
}
/** The lines with a comment. */
export const commentLines = (source: Source): ReadonlySet<number> =>
	new Set(commentsOf(source).flatMap(({ line, end }) => Array.from({ length: end - line + 1 }, (_, i) => line + i)));

export interface Routine {
	readonly name: string;
	readonly line: number;
	readonly lines: number;
}
/** Every function, method and arrow function, with its number of lines. */
export function routinesOf({ tree }: Source): Routine[] {
	return nodesOf(tree)
		.filter(ts.isFunctionLike)
		.flatMap((node) => {
			if (!("body" in node) || !node.body) return [];
			const line = lineOf(tree, node.getStart());
			const { parent } = node;
			const named = node.name ?? (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined);
			return [{ name: named?.getText() ?? "(unnamed)", line, lines: lineOf(tree, node.getEnd()) - line + 1 }];
		});
}
