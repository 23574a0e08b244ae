/** Codes - finds every error code where the code creates it: the code of a refusal, a problem or an error, and its status. */
import ts from "typescript";
import type { Sources } from "./sources.ts";

export interface GivenCode {
	readonly code: string;
	/** Null if another place sets the status. */
	readonly status: number | null;
	/** The file that creates it. */
	readonly path: string;
}
export const SCREAMING = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;
/** Argument positions of code and status in each call; `is` is a fixed status. */
const CARRIERS: readonly { readonly callee: RegExp; readonly code: number; readonly status: number | { readonly is: number } }[] = [
	{ callee: /^refuse$/, code: 0, status: 1 },
	{ callee: /^unavailable$/, code: 0, status: { is: 503 } },
	{ callee: /^broken$/, code: 0, status: { is: 500 } },
	{ callee: /^ProblemError$/, code: 1, status: 0 },
	{ callee: /^Errors\.ValidationError$/, code: 1, status: { is: 422 } },
	{ callee: /^Errors\.Moleculer\w*Error$/, code: 2, status: 1 },
];

/** Every code in these files, once for each status and file. */
export function givenCodes(sources: Sources): GivenCode[] {
	const found = sources
		.files("services", "mixins", "model", "store")
		.flatMap(({ path, tree }) => nodesOf(tree).flatMap((node) => codesAt(sources.checker, node).map((one) => ({ ...one, path }))));
	return [...new Map(found.map((one) => [`${one.code} ${one.status} ${one.path}`, one])).values()].toSorted((a, b) =>
		a.code === b.code ? (a.path < b.path ? -1 : 1) : a.code < b.code ? -1 : 1,
	);
}

function nodesOf(node: ts.Node, found: ts.Node[] = []): ts.Node[] {
	found.push(node);
	ts.forEachChild(node, (child) => void nodesOf(child, found));
	return found;
}

function codesAt(checker: ts.TypeChecker, node: ts.Node): Omit<GivenCode, "path">[] {
	if (ts.isCallExpression(node) || ts.isNewExpression(node)) return carried(checker, node);
	if (ts.isObjectLiteralExpression(node)) return [...stated(checker, node), ...byNumber(node)];
	if (ts.isPropertyDeclaration(node) && node.name.getText() === "code" && node.initializer)
		return textsOf(checker, node.initializer).map((code) => ({ code, status: null }));
	return [];
}

/** `refuse("CODE", 409, ...)`, `new ProblemError(415, "CODE", ...)` */
function carried(
	checker: ts.TypeChecker,
	{ expression, arguments: given = ts.factory.createNodeArray() }: ts.CallExpression | ts.NewExpression,
) {
	const carrier = CARRIERS.find(({ callee }) => callee.test(expression.getText()));
	const code = carrier && given[carrier.code];
	if (!carrier || !code) return [];
	const at = carrier.status;
	const status = typeof at === "number" ? numberOf(checker, given[at]) : at.is;
	return textsOf(checker, code).map((text) => ({ code: text, status }));
}

/** `{ status: 503, code: "CODE", ... }` */
function stated(checker: ts.TypeChecker, { properties }: ts.ObjectLiteralExpression) {
	const value = (name: string): ts.Expression | undefined => {
		const found = properties.find((property) => property.name?.getText() === name);
		return found && ts.isPropertyAssignment(found) ? found.initializer : undefined;
	};
	const [code, status] = [value("code"), value("status")];
	return code && status ? textsOf(checker, code).map((text) => ({ code: text, status: numberOf(checker, status) })) : [];
}
/** `{ 404: "CODE" }` */
const byNumber = ({ properties }: ts.ObjectLiteralExpression) =>
	properties.flatMap((property) =>
		ts.isPropertyAssignment(property) && ts.isNumericLiteral(property.name) && ts.isStringLiteral(property.initializer)
			? [{ code: property.initializer.text, status: Number(property.name.text) }]
			: [],
	);

function textsOf(checker: ts.TypeChecker, node: ts.Expression): string[] {
	if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap((branch) => textsOf(checker, branch));
	const type = checker.getTypeAtLocation(node);
	const parts = type.isUnion() ? type.types : [type];
	return parts.flatMap((part) => (part.isStringLiteral() && SCREAMING.test(part.value) ? [part.value] : []));
}
function numberOf(checker: ts.TypeChecker, node: ts.Node | undefined): number | null {
	const type = node && checker.getTypeAtLocation(node);
	return type?.isNumberLiteral() ? type.value : null;
}
