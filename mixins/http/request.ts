/** Request - turns an HTTP request into the params and metadata of an action; path, query and body may not overwrite each other. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Identity } from "../../model/access.ts";
import { VISITOR } from "../access/access.ts";
import { CODES } from "../common/codes.ts";
import { brief } from "../common/errors.ts";
import { derivedId, newId } from "../common/ids.ts";
import type { RouteNote } from "../common/routes.ts";
import type { Seen } from "../../model/decide.ts";
import { composed, type Instant } from "../../model/index.ts";
import { decoded, NOT_UTF8, parseObject } from "./json.ts";
import { isDecodable } from "./server/edge.ts";
import { hasBody } from "./server/lingering.ts";
import { invalidField, ProblemError } from "./server/problem.ts";

/** A request with the fields that moleculer-web adds. */
export interface Incoming extends IncomingMessage {
	readonly originalUrl?: string;
	/** The path without the query. */
	readonly parsedUrl?: string;
	/** The route that handles it. */
	readonly $alias?: { readonly fullPath: string };
	readonly $params?: { readonly params?: Readonly<Record<string, string>> };
	/** Its sender; set before a handler runs. */
	caller?: Identity;
}
type Params = Record<string, unknown>;
interface CommandMeta {
	readonly commandId: string;
	readonly now: string;
	readonly ifMatch?: Seen;
	readonly digest?: string;
}

const pathId = (req: Incoming): string | undefined => req.$params?.params?.["id"];

/** Reads the body of a request. */
export type ReadBody = () => Promise<Buffer>;

/** The params and metadata of a command. Reads the body last, after every other check of the request. */
export async function commandOf(
	req: Incoming,
	{ kind, named, secrets = [] }: RouteNote,
	route: string,
	read: ReadBody,
	now: Instant,
): Promise<{ params: Params; meta: CommandMeta }> {
	refuseQuery(req);
	const [key, ifMatch] = [keyOf(req), seenIn(req)];
	const body = await bodyOf(req, read);
	if (kind === "command" && Object.hasOwn(body, "id")) throw invalidField("id", "The id is in the path", "no such field", body["id"]);
	const scope = `${(req.caller ?? VISITOR).sub} ${route} ${key}`;
	const made = () => (key === undefined ? newId() : derivedId(`id ${scope}`)); // made before the call, so that a retry has the same id
	const id = kind === "command" ? pathId(req) : (body["id"] ?? (named ? undefined : made()));
	const params: Params = id === undefined ? body : { ...body, id };
	return {
		params,
		meta: {
			commandId: key === undefined ? newId() : derivedId(`command ${scope}`),
			now,
			...(ifMatch === undefined ? {} : { ifMatch }),
			...(key === undefined
				? {}
				: {
						digest: createHash("sha256")
							.update(canonical(without(body, secrets)))
							.digest("base64url"),
					}),
		},
	};
}

const without = (body: Params, names: readonly string[]): Params =>
	names.length === 0 ? body : Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));

/** The metadata of many commands; created once before they are sent, so that retries are the same commands. */
export const bulkMeta = (now: Instant): CommandMeta => ({ commandId: newId(), now });

/** The params and metadata of a read. */
export function readOf(req: Incoming): { params: Params; meta: { position?: string } } {
	const id = pathId(req);
	const query = queryOf(req);
	if (id !== undefined && Object.hasOwn(query, "id")) throw invalidField("id", "The id is in the path", "no such parameter");
	const position = req.headers["x-position"];
	return { params: { ...query, ...(id === undefined ? {} : { id }) }, meta: position === undefined ? {} : { position: String(position) } };
}

/** The query parameters; refuses a name that appears twice. */
export function queryOf(req: Incoming): Readonly<Record<string, string>> {
	const url = req.originalUrl ?? req.url ?? "";
	const cut = url.indexOf("?");
	const asked = new Map<string, string>();
	const garbled = url
		.slice(cut + 1)
		.split("&")
		.find((pair) => cut >= 0 && !isDecodable(pair));
	if (garbled !== undefined) throw invalidField(garbled.split("=", 1)[0]?.slice(0, 100) ?? "", "is not valid", "percent-encoded UTF-8");
	for (const [name, value] of new URLSearchParams(cut < 0 ? "" : url.slice(cut + 1))) {
		if (asked.has(name)) throw invalidField(name.slice(0, 100), "appears more than once", "one value");
		asked.set(name, value);
	}
	return Object.fromEntries(asked);
}

function refuseQuery(req: Incoming): void {
	const [unasked] = Object.keys(queryOf(req));
	if (unasked !== undefined) throw invalidField(unasked, "A command takes no query", "no query");
}
/** Refuses the headers that apply to a single command, for requests that carry many. */
export function refuseSingle(req: Incoming): void {
	refuseQuery(req);
	const [key, version] = [req.headers["idempotency-key"], req.headers["if-match"]];
	const name = key !== undefined ? "Idempotency-Key" : version !== undefined ? "If-Match" : null;
	if (name !== null)
		throw invalidField(
			name,
			"is not supported for many commands in one request",
			"no such header: the id in each line makes it safe to send the request again",
		);
}

/** The params of an upload: its text as `content`. */
export async function uploadOf(req: Incoming, accepts: string, read: ReadBody): Promise<Params> {
	refuseSingle(req);
	expectType(req, accepts);
	return { content: textOf(await read()) };
}

/** The media type: `application/json` for `Application/JSON; charset=utf-8`. */
export const typeOf = (req: IncomingMessage): string => (req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
/** Throws unless the body has the type that the route accepts, in UTF-8 and not compressed. */
export function expectType(req: IncomingMessage, accepts: string): void {
	if (typeOf(req) !== accepts) throw new ProblemError(CODES.UNSUPPORTED_MEDIA_TYPE, `This route accepts ${accepts}`);
	for (const [, charset = ""] of (req.headers["content-type"] ?? "").matchAll(/;\s*charset\s*=\s*"?([^\s;"]*)/gi))
		if (!/^utf-?8$/i.test(charset))
			throw new ProblemError(CODES.UNSUPPORTED_MEDIA_TYPE, `The charset has to be UTF-8, not ${brief(charset)}`);
	const coding = req.headers["content-encoding"];
	if (coding !== undefined && coding !== "identity")
		throw new ProblemError(CODES.UNSUPPORTED_MEDIA_TYPE, `Compressed content is not supported: ${brief(coding)}`);
}
/** The JSON object of a command; an absent body counts as an empty object, but needs its type too: a page of another site cannot send that type without a preflight. */
async function bodyOf(req: Incoming, read: ReadBody): Promise<Params> {
	expectType(req, "application/json");
	if (!hasBody(req)) return {};
	const parsed = parseObject(textOf(await read()));
	if ("params" in parsed) return parsed.params;
	const { code, detail } = parsed.problem;
	throw code === CODES.MALFORMED ? new ProblemError(code, detail) : invalidField("", "The content must be a JSON object", "an object");
}

function textOf(bytes: Buffer): string {
	const text = decoded(bytes);
	if (text === null) throw new ProblemError(NOT_UTF8.code, NOT_UTF8.detail);
	return text;
}

function keyOf(req: IncomingMessage): string | undefined {
	const key = req.headers["idempotency-key"];
	if (key === undefined) return undefined;
	if (typeof key !== "string" || !/^[\x21-\x7e]{1,128}$/.test(key))
		throw new ProblemError(CODES.MALFORMED, "An Idempotency-Key is 1 to 128 visible characters", {
			errors: [{ field: "Idempotency-Key", message: "is malformed", expected: "1 to 128 visible characters" }],
		});
	return key;
}

/** The versions in If-Match. Only a strong entity tag that is a version can match an actor. */
function seenIn(req: IncomingMessage): Seen | undefined {
	const text = req.headers["if-match"]?.trim();
	if (text === undefined || text === "*") return text;
	if (!/^(W\/)?"[\x21\x23-\x7e]*"(\s*,\s*(W\/)?"[\x21\x23-\x7e]*")*$/.test(text))
		throw new ProblemError(CODES.MALFORMED, "If-Match has to be a list of entity tags, or *", {
			errors: [{ field: "If-Match", message: "is malformed", expected: '"<version>", several separated by commas, or *', actual: text }],
		});
	const versions = [...text.matchAll(/(W\/)?"([^"]*)"/g)].flatMap(([, weak, tag = ""]) =>
		!weak && /^\d{1,15}$/.test(tag) ? [Number(tag)] : [],
	);
	const [version, ...more] = versions;
	return version !== undefined && more.length === 0 ? version : versions;
}

/** A text that is equal for equal content, regardless of field order and Unicode normalization form. */
function canonical(value: unknown): string {
	if (typeof value === "string") return JSON.stringify(composed(value));
	if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
	if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
	return `{${Object.entries(value)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
		.join(",")}}`;
}
