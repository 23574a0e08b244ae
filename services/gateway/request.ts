/** Request - from HTTP to the params and metadata of an action: nothing of the path, the query and the body may overwrite another. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { brief } from "../../mixins/errors.ts";
import { derivedId, newId } from "../../mixins/ids.ts";
import type { RouteNote } from "../../mixins/routes.ts";
import type { Seen } from "../../model/decide.ts";
import { hasBody } from "./lingering.ts";
import { invalidField, ProblemError } from "./problem.ts";

/** What moleculer-web and the body parsers leave on a request. */
export interface Incoming extends IncomingMessage {
	readonly originalUrl?: string;
	/** Without the query. */
	readonly parsedUrl?: string;
	/** The route that took it, as moleculer-web keeps it. */
	readonly $alias?: { readonly fullPath: string };
	readonly $params?: { readonly params?: Readonly<Record<string, string>> };
}
type Params = Record<string, unknown>;
interface CommandMeta {
	readonly commandId: string;
	readonly now: string;
	readonly by: string;
	readonly ifMatch?: Seen;
	readonly digest?: string;
}
const ANONYMOUS = "anonymous";
const UTF8 = new TextDecoder("utf-8", { fatal: true });
/** How deep JSON may be nested, and how many values it may hold: more than any command takes, and looked at before it is parsed. */
const DEEPEST = 16;
const MOST_VALUES = 1000;

const pathId = (req: Incoming): string | undefined => req.$params?.params?.["id"];

/** Reads the content of a request, where it has one. */
export type Reading = () => Promise<Buffer>;

/** The params and metadata of a command; its content is read last, when nothing else is wrong with it. */
export async function commandOf(
	req: Incoming,
	{ kind, named }: RouteNote,
	route: string,
	read: Reading,
): Promise<{ params: Params; meta: CommandMeta }> {
	refuseQuery(req);
	const [key, ifMatch] = [keyOf(req), seenIn(req)];
	const body = await bodyOf(req, read);
	if (kind === "command" && Object.hasOwn(body, "id")) throw invalidField("id", "The id stands in the path", "no such field", body["id"]);
	const scope = `${ANONYMOUS} ${route} ${key}`;
	const made = () => (key === undefined ? newId() : derivedId(`id ${scope}`)); // before it is sent: sent again, it is the same
	const id = kind === "command" ? pathId(req) : (body["id"] ?? (named ? undefined : made()));
	const params: Params = id === undefined ? body : { ...body, id };
	return {
		params,
		meta: {
			commandId: key === undefined ? newId() : derivedId(`command ${scope}`),
			now: new Date().toISOString(),
			by: ANONYMOUS,
			...(ifMatch === undefined ? {} : { ifMatch }),
			...(key === undefined ? {} : { digest: createHash("sha256").update(canonical(body)).digest("base64url") }),
		},
	};
}

/** The metadata of many commands at once: fixed before they are sent, so that sent again they are the same. */
export const bulkMeta = (): CommandMeta => ({ commandId: newId(), now: new Date().toISOString(), by: ANONYMOUS });

/** The params and metadata of a read. */
export function readOf(req: Incoming): { params: Params; meta: { position?: string } } {
	const id = pathId(req);
	const query = queryOf(req);
	if (id !== undefined && Object.hasOwn(query, "id")) throw invalidField("id", "The id stands in the path", "no such parameter");
	const position = req.headers["x-position"];
	return { params: { ...query, ...(id === undefined ? {} : { id }) }, meta: position === undefined ? {} : { position: String(position) } };
}

/** What stands behind the question mark, each name once. */
export function queryOf(req: Incoming): Readonly<Record<string, string>> {
	const url = req.originalUrl ?? req.url ?? "";
	const cut = url.indexOf("?");
	const asked = new Map<string, string>();
	for (const [name, value] of new URLSearchParams(cut < 0 ? "" : url.slice(cut + 1))) {
		if (asked.has(name)) throw invalidField(name.slice(0, 100), "is given more than once", "one value");
		asked.set(name, value);
	}
	return Object.fromEntries(asked);
}

function refuseQuery(req: Incoming): void {
	const [unasked] = Object.keys(queryOf(req));
	if (unasked !== undefined) throw invalidField(unasked, "A command takes no query", "no query");
}
/** Many commands in one request: none is the one a key or a version could be meant for. */
export function refuseSingle(req: Incoming): void {
	refuseQuery(req);
	const [key, version] = [req.headers["idempotency-key"], req.headers["if-match"]];
	const name = key !== undefined ? "Idempotency-Key" : version !== undefined ? "If-Match" : null;
	if (name !== null)
		throw invalidField(
			name,
			"is not taken with many commands at once",
			"no such header: the id in each line makes it safe to send all again",
		);
}

/** The text of an upload. */
export async function uploadOf(req: Incoming, accepts: string, read: Reading): Promise<{ params: Params; meta: object }> {
	refuseSingle(req);
	expectType(req, accepts);
	return { params: { content: textOf(await read()) }, meta: {} };
}

/** `application/json` of `Application/JSON; charset=utf-8` */
export const typeOf = (req: IncomingMessage): string => (req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
/** The content is of the type the route takes, and UTF-8. */
export function expectType(req: IncomingMessage, accepts: string): void {
	if (typeOf(req) !== accepts) throw new ProblemError(415, "UNSUPPORTED_MEDIA_TYPE", `This takes ${accepts}`);
	for (const [, charset = ""] of (req.headers["content-type"] ?? "").matchAll(/;\s*charset\s*=\s*"?([^\s;"]*)/gi))
		if (!/^utf-?8$/i.test(charset)) throw new ProblemError(415, "UNSUPPORTED_MEDIA_TYPE", `The charset is UTF-8, not ${brief(charset)}`);
	const coding = req.headers["content-encoding"];
	if (coding !== undefined && coding !== "identity")
		throw new ProblemError(415, "UNSUPPORTED_MEDIA_TYPE", `The content is taken as it is, not as ${brief(coding)}`);
}
/** The JSON object a command came with; none is an empty one, but not one of a type that a form of another site could have. */
async function bodyOf(req: Incoming, read: Reading): Promise<Params> {
	if (hasBody(req) || req.headers["content-type"] !== undefined) expectType(req, "application/json");
	if (!hasBody(req)) return {};
	const parsed = parseObject(textOf(await read()));
	if ("params" in parsed) return parsed.params;
	const { code, detail } = parsed.problem;
	throw code === "MALFORMED" ? new ProblemError(400, code, detail) : invalidField("", "The content must be a JSON object", "an object");
}

export const NO_TEXT = { code: "MALFORMED", detail: "The content is not UTF-8" } as const;
/** UTF-8 and nothing else; null where it is not. */
export function decoded(bytes: Buffer): string | null {
	try {
		return UTF8.decode(bytes);
	} catch {
		return null;
	}
}
function textOf(bytes: Buffer): string {
	const text = decoded(bytes);
	if (text === null) throw new ProblemError(400, NO_TEXT.code, NO_TEXT.detail);
	return text;
}

/** What a text holds, or why it is no JSON object: said, not thrown, for there may be millions of such texts in one request. */
export type Parsed = { readonly params: Params } | { readonly problem: { readonly code: string; readonly detail: string } };

export function parseObject(text: string): Parsed {
	const excess = excessOf(text);
	if (excess !== null) return { problem: { code: "MALFORMED", detail: `The content ${excess}` } };
	const traced = Error.stackTraceLimit;
	let value: unknown;
	try {
		Error.stackTraceLimit = 0; // a trace nobody reads would be most of what a bad line costs
		value = JSON.parse(text);
	} catch {
		return { problem: { code: "MALFORMED", detail: "The content is not JSON" } };
	} finally {
		Error.stackTraceLimit = traced;
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		return { problem: { code: "VALIDATION_ERROR", detail: "The content is not a JSON object" } };
	return { params: value as Params }; // an object, as JSON has them
}

/** Why some JSON is not even parsed: it would cost far more than any command does. */
function excessOf(text: string): string | null {
	let values = 1;
	let depth = 0;
	for (let i = 0; i < text.length; i++) {
		const character = text.charCodeAt(i);
		if (character === QUOTE) {
			i = endOfString(text, i);
			if (i < 0) return null; // JSON.parse says so
		} else if (character === COMMA) values++;
		else if (character === OPEN_LIST || character === OPEN_OBJECT) {
			values++;
			if (++depth > DEEPEST) return `is nested more than ${DEEPEST} deep`;
		} else if (character === CLOSE_LIST || character === CLOSE_OBJECT) depth--;
		if (values > MOST_VALUES) return `has more than ${MOST_VALUES} values`;
	}
	return null;
}
const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Where the string that begins at `from` ends; -1 where it does not. */
function endOfString(text: string, from: number): number {
	for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
		let escapes = 0;
		while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
		if (escapes % 2 === 0) return end;
	}
	return -1;
}

function keyOf(req: IncomingMessage): string | undefined {
	const key = req.headers["idempotency-key"];
	if (key === undefined) return undefined;
	if (typeof key !== "string" || !/^[\x21-\x7e]{1,128}$/.test(key))
		throw new ProblemError(400, "MALFORMED", "An Idempotency-Key is 1 to 128 visible characters", {
			errors: [{ field: "Idempotency-Key", message: "is malformed", expected: "1 to 128 visible characters" }],
		});
	return key;
}

/** The versions that may stand: of all entity tags only a strong one that is a version can be that of an actor. */
function seenIn(req: IncomingMessage): Seen | undefined {
	const text = req.headers["if-match"]?.trim();
	if (text === undefined || text === "*") return text;
	if (!/^(W\/)?"[\x21\x23-\x7e]*"(\s*,\s*(W\/)?"[\x21\x23-\x7e]*")*$/.test(text))
		throw new ProblemError(400, "MALFORMED", "If-Match takes entity tags, as an ETag gives them", {
			errors: [{ field: "If-Match", message: "is malformed", expected: '"<version>", several separated by commas, or *', actual: text }],
		});
	const versions = [...text.matchAll(/(W\/)?"([^"]*)"/g)].flatMap(([, weak, tag = ""]) =>
		!weak && /^\d{1,15}$/.test(tag) ? [Number(tag)] : [],
	);
	const [version, ...more] = versions;
	return version !== undefined && more.length === 0 ? version : versions;
}

/** The same text for the same content, whatever the order of its fields and the form of its texts. */
function canonical(value: unknown): string {
	if (typeof value === "string") return JSON.stringify(value.normalize());
	if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
	if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
	return `{${Object.entries(value)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
		.join(",")}}`;
}
