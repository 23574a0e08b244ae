/** Fields - describes the fields of a type for the pages: the data of a fact, a row, or the answer to a question. */
import ts from "typescript";
import type { Sources } from "./sources.ts";

export interface FieldLine {
	/** `site.latitude`; `holders[].owner` for the items of a list. */
	readonly path: string;
	readonly type: string;
	/** May be absent. */
	readonly optional: boolean;
	readonly meaning: string;
}
/** Maximum depth of nested objects on a page. */
const DEEPEST = 3;

/** Every field of a type and of the objects in it, in the order of the source. */
export function fieldsOf(sources: Sources, type: ts.Type, prefix = "", depth = 0): FieldLine[] {
	return propertiesOf(type).flatMap((property) => {
		const { checker } = sources;
		const path = `${prefix}${property.name}`;
		const whole = checker.getTypeOfSymbol(property);
		const optional = (property.flags & ts.SymbolFlags.Optional) !== 0 || partsOf(whole).some(({ flags }) => flags & ts.TypeFlags.Undefined);
		const inner = innerOf(checker, whole);
		const line = { path, type: wordsOf(checker, whole, property), optional, meaning: sources.doc(property) };
		if (!inner || depth === DEEPEST) return [line];
		return [line, ...fieldsOf(sources, inner.type, `${path}${inner.list ? "[]" : ""}.`, depth + 1)];
	});
}

/** In the order of the source, because the compiler's order depends on the other files it has read. */
function propertiesOf(type: ts.Type): ts.Symbol[] {
	if (type.isUnion()) return type.types.filter((part) => !isNothing(part)).flatMap(propertiesOf);
	if (type.isIntersection()) return [...new Map(type.types.flatMap(propertiesOf).map((property) => [property.name, property])).values()];
	const place = ({ declarations: [first] = [] }: ts.Symbol): string =>
		first ? `${first.getSourceFile().fileName}:${String(first.getStart()).padStart(8, "0")}` : "";
	return type.getProperties().toSorted((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
}

export const partsOf = (type: ts.Type): readonly ts.Type[] => (type.isUnion() ? type.types : [type]);
const isNothing = ({ flags }: ts.Type): boolean => (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)) !== 0;
const isPlain = (type: ts.Type): boolean =>
	partsOf(type).every(({ flags }) => (flags & (ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike | ts.TypeFlags.BooleanLike)) !== 0);

/** The object in a field, or the item type of its list. */
function innerOf(checker: ts.TypeChecker, type: ts.Type): { readonly type: ts.Type; readonly list: boolean } | null {
	const parts = partsOf(type).filter((part) => !isNothing(part));
	const [only] = parts;
	if (!only || parts.length > 1 || isPlain(only)) return null;
	if (!checker.isArrayType(only)) return { type: only, list: false };
	const item = itemOf(checker, only);
	return item && !isPlain(item) ? { type: item, list: true } : null;
}
const itemOf = (checker: ts.TypeChecker, array: ts.Type): ts.Type | undefined => checker.getTypeArguments(array as ts.TypeReference)[0]; // only an array type comes here

function wordsOf(checker: ts.TypeChecker, type: ts.Type, property: ts.Symbol): string {
	const parts = partsOf(type);
	const some = parts.filter((part) => !isNothing(part));
	const literals = some.every(isLiteral);
	const words = literals
		? inOrder(some, [type, ...some].map(({ aliasSymbol }) => aliasSymbol).concat(property)).join(", ")
		: [...new Set(some.map((part) => wordOf(checker, part, property)))].toSorted().join(" or ");
	return parts.some(({ flags }) => (flags & ts.TypeFlags.Null) !== 0) ? `${words}; or null` : words;
}
const isLiteral = (type: ts.Type): boolean => type.isStringLiteral() || type.isNumberLiteral();
const literalText = (type: ts.Type): string => `\`${type.isStringLiteral() || type.isNumberLiteral() ? type.value : ""}\``;

/** In the order of their declaration, or else sorted by text. */
function inOrder(literals: readonly ts.Type[], declared: readonly (ts.Symbol | undefined)[]): string[] {
	const texts = literals.map(literalText).toSorted();
	const said = declared
		.flatMap((symbol) => symbol?.declarations ?? [])
		.map((declaration) => ("type" in declaration ? (declaration.type as ts.TypeNode | undefined) : undefined)) // of an alias or a field
		.find((node) => node !== undefined && ts.isUnionTypeNode(node));
	const order = said && ts.isUnionTypeNode(said) ? said.types.map((one) => `\`${one.getText().replace(/^"|"$/g, "")}\``) : [];
	return texts.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
}

function wordOf(checker: ts.TypeChecker, type: ts.Type, property: ts.Symbol): string {
	if (isLiteral(type)) return literalText(type);
	if (type.flags & ts.TypeFlags.NumberLike) return "number";
	if (type.flags & ts.TypeFlags.BooleanLike) return "boolean";
	if (type.flags & ts.TypeFlags.StringLike) return saysInstant(property) ? "instant" : "text";
	if (!checker.isArrayType(type)) return "object";
	const item = itemOf(checker, type);
	if (item && partsOf(item).every(isLiteral)) return `list of ${wordsOf(checker, item, property)}`;
	return `list of ${item && isPlain(item) ? `${wordOf(checker, item, property)}s` : "objects"}`;
}

/** The compiler sees an instant as text; only its declaration names it an instant. */
const saysInstant = ({ declarations = [] }: ts.Symbol): boolean =>
	declarations.some((declaration) => {
		const said = ts.isPropertySignature(declaration)
			? declaration.type
			: ts.isPropertyAssignment(declaration)
				? declaration.initializer
				: undefined;
		return said !== undefined && /\bInstant\b|\binstant(After)?\(/.test(said.getText());
	});
