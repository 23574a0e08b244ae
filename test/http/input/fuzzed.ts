/** Generates adversarial requests for every route from a seed. */
import { loadHouse } from "../../../cli/common/catalogue.ts";
import type { Call } from "../../support/system.ts";
import { Dice } from "../random.ts";

export interface Door {
	readonly method: string;
	/** The path with an id instead of `:id`. */
	readonly path: string;
	/** Fields of its content, or parameters of its query. */
	readonly names: readonly string[];
	/** Content types that the route accepts. */
	readonly types: readonly string[];
}
/** Every route of an action, and the gateway's own. */
export async function doors(): Promise<Door[]> {
	const { services } = await loadHouse();
	const routed = services.flatMap(({ actions }) =>
		actions.flatMap(({ schema: { rest, note, params } }): Door[] => {
			if (rest === undefined) return [];
			const [method = "", path = ""] = rest.split(" ");
			const names = Object.keys(params ?? {}).filter((name) => name !== "$$strict");
			const types =
				note?.kind === "upload" ? [note.accepts ?? ""] : note?.bulk ? ["application/json", "application/x-ndjson"] : ["application/json"];
			return [{ method, path: path.replace(":id", "f-1"), names, types: method === "GET" ? [] : types }];
		}),
	);
	const own = ["/health/live", "/health/ready", "/metrics"].map((path) => ({ method: "GET", path, names: [], types: [] }));
	return [...routed, ...own];
}

/** A text of about this length that repeats a piece. */
const filled = (piece: string, length: number): string =>
	piece.repeat(Math.max(1, Math.ceil(length / piece.length))).slice(0, Math.max(1, length));

type Making = (dice: Dice, length: number, name: string) => string;
const quoted = (text: string): string => JSON.stringify(text);
/** Values, as JSON texts. */
const values: Readonly<Record<string, Making>> = {
	string: (dice, length) =>
		quoted(filled(dice.pick(["x", "é", "e\u0301", "\u{1F600}", "\u202e", " ", ", ", "$&", "{actual}", "a@", "a.", "<b>"]), length)),
	escapes: (dice, length) => `"${filled(dice.pick(["\\u0000", "\\ud800", "\\u0041", "\\\\", "\\n", '\\"']), length - (length % 6))}"`,
	digits: (dice, length) => `${dice.pick(["", "-"])}${filled(dice.pick(["9", "1234567890", "10"]), length)}`,
	fraction: (dice, length) => `0.${filled(dice.pick(["0", "1", "9"]), length)}1`,
	exponent: (_dice, length) => `1e${filled("9", Math.min(length, 1000))}`,
	lists: (_dice, length) => `${"[".repeat(length / 2)}${"]".repeat(length / 2)}`,
	objects: (_dice, length) => `${'{"a":'.repeat(length / 6)}1${"}".repeat(length / 6)}`,
	open: (dice, length) => filled(dice.pick(["[", '{"a":', '["', "[[],"]), length),
	wide: (dice, length) => {
		const fields: string[] = [];
		for (let size = 0; size < length; size += fields.at(-1)?.length ?? 1)
			fields.push(`${quoted(`${dice.pick(["", "a, ", "__proto__"])}${fields.length.toString(36)}`)}:0`);
		return `{${fields.join(",")}}`;
	},
	items: (dice, length) => `[${filled(dice.pick(["0,", "{},", '"",', "[],", "null,", "1e9,"]), length - (length % 12))}0]`,
	same: (_dice, length, name) => `{${filled(`${quoted(name)}:1,`, length - (length % (name.length + 5)))}"z":1}`,
};
const names: Readonly<Record<string, Making>> = {
	known: (_dice, _length, name) => name,
	separators: (_dice, length) => filled(", ", length),
	long: (dice, length) => filled(dice.pick(["k", "é", "\u0000", ".", "$where", "{field}"]), length),
	common: (dice) => dice.pick(["__proto__", "constructor", "toString", "hasOwnProperty", "", "id", "length", "$$strict", "then"]),
};
/** JSON of about this length, with one oversized part. */
function json(dice: Dice, door: Door, length: number): string {
	const name = door.names.length > 0 ? dice.pick(door.names) : "name";
	const value = dice.pick(Object.values(values));
	if (dice.int(0, 4) === 0) return value(dice, length, name);
	const called = dice.pick(Object.values(names));
	const big = dice.int(0, 1) === 0;
	return `{${quoted(called(dice, big ? length / 2 : 20, name))}:${value(dice, big ? length / 2 : length, name)}}`;
}
/** The text itself, or with an encoding error, cut, or with a byte order mark. */
const spoilt = (dice: Dice, text: string): string | Buffer => {
	const way = dice.int(0, 9);
	if (way === 0) return Buffer.from(text, "utf16le").subarray(0, text.length);
	if (way === 1) return Buffer.concat([Buffer.from(text), Buffer.from(dice.pick(["ff", "c328", "eda080", "f4908080"]), "hex")]);
	return way === 2 ? text.slice(0, -1) : way === 3 ? `\ufeff${text}` : text;
};

const queryParts = (dice: Dice, door: Door): string => {
	const name =
		door.names.length > 0 && dice.int(0, 2) > 0
			? dice.pick(door.names)
			: dice.pick(["a", "__proto__", "a[b]", "%00", "%ff", "sort", "after", "types"]);
	return `${name}=${filled(dice.pick(["x", "%00", "%F0%9F%98%80", "%", "1,", "radar:0:1,", "+", "e\u0301"]).replace("\u0301", "%CC%81"), dice.pick([1, 200, 13_000]))}`;
};
function query(dice: Dice, door: Door): string {
	const many = dice.pick([1, 1, 2, 2_000]);
	return `?${Array.from({ length: many }, () => queryParts(dice, door))
		.join("&")
		.slice(0, 14_000)}`;
}
function headers(dice: Dice): Record<string, string> {
	const long = dice.pick([10, 200, 12_000]);
	const any: Record<string, string> = {
		"x-position": filled(dice.pick(["radar:0:1,", ",", "radar:0:", "x:0:1,", "radar:0:0,"]), long),
		"if-match": filled(dice.pick(['"1",', 'W/"1",', '"', "*", "1"]), long),
		"if-none-match": filled(dice.pick(['W/"1-x",', "*,", '"']), long),
		"idempotency-key": filled(dice.pick(["k", "k ", "\u00ff"]), long),
		"last-event-id": filled(dice.pick(["radar:0:1,", "radar:0:1.2,", "x"]), long),
		"content-type": filled(
			dice.pick(["application/json;", "text/csv; charset=utf-8", "application/json; charset=", "multipart/form-data; boundary=x"]),
			long,
		),
		"accept-encoding": filled("gzip,", long),
		range: filled("bytes=0-1,", long),
		"x-request-id": filled("r", long),
		cookie: filled("a=b; ", long),
		origin: "http://127.0.0.1.evil.example",
	};
	return Object.fromEntries(dice.shuffle(Object.entries(any)).slice(0, 1));
}
const odd = (dice: Dice): string =>
	dice.pick([
		"%2F",
		"%2e%2e",
		"..",
		"//",
		"a%00b",
		"%zz",
		"%F0%9F%98%80",
		"*",
		"~",
		filled("%41", 12_000),
		filled("/", 12_000),
		filled("../", 12_000),
		filled("a", 14_000),
	]);

/** Requests of at most a few kilobytes. */
export function small(dice: Dice, all: readonly Door[], count: number): Call[] {
	return Array.from({ length: count }, (): Call => {
		const door = dice.pick(all);
		const way = dice.int(0, 5);
		const method = way === 0 ? dice.pick(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE"]) : door.method;
		const path = way === 1 ? door.path.replace("f-1", odd(dice)) + dice.pick(["", "/", `/${odd(dice)}`]) : door.path;
		const [type] = door.types.length > 0 ? [dice.pick(door.types)] : [];
		const body = type === undefined ? undefined : spoilt(dice, json(dice, door, dice.pick([2, 100, 8_000])));
		return {
			method,
			path: `${path}${way === 2 || (type === undefined && way > 3) ? query(dice, door) : ""}`,
			headers: { ...(type === undefined ? {} : { "content-type": type }), ...(way === 3 ? headers(dice) : {}) },
			...(body === undefined ? {} : { body }),
			timeoutMs: 10_000,
		};
	});
}

/** Commands of about the maximum size. */
export const largest = (dice: Dice, all: readonly Door[]): Call[] =>
	all.flatMap((door) =>
		door.types
			.filter((type) => type === "application/json")
			.flatMap((type) =>
				Array.from({ length: 3 }, () => ({
					method: door.method,
					path: door.path,
					headers: { "content-type": type },
					body: spoilt(dice, json(dice, door, dice.pick([1024 * 1024 - 64, 1024 * 1024, 500_000]))),
					timeoutMs: 10_000,
				})),
			),
	);

const MEBIBYTES = 16 * 1024 * 1024;
/** A valid line. */
const passage = (n: number): string =>
	`{"id":"f-${n}","radar":"f-1","plate":"AA-${n % 1000}-AA","country":"FR","speedKmh":99,"capturedAt":"2025-01-01T00:00:00Z"}\n`;
/** Uploads of the maximum size, or less if that would take a minute. */
export const uploads: readonly (readonly [what: string, type: string, make: (dice: Dice, door: Door) => string])[] = [
	["nothing but line ends", "application/x-ndjson", () => "\n".repeat(MEBIBYTES / 2)],
	["lines of one character", "application/x-ndjson", () => filled("{\n", MEBIBYTES / 4)],
	["empty objects", "application/x-ndjson", () => filled("{}\n", MEBIBYTES / 8)],
	["one line", "application/x-ndjson", () => "x".repeat(MEBIBYTES)],
	[
		"long lines of any shape",
		"application/x-ndjson",
		(dice, door) =>
			Array.from({ length: 260 }, () => `${json(dice, door, 64_000).slice(0, 65_000)}\n`)
				.join("")
				.slice(0, MEBIBYTES),
	],
	["wide objects", "application/x-ndjson", (dice) => filled(`${values["wide"]?.(dice, 60_000, "") ?? ""}\n`, MEBIBYTES)],
	["long texts", "application/x-ndjson", () => filled(`{"id":"${"x".repeat(60_000)}"}\n`, MEBIBYTES)],
	["passages of one radar", "application/x-ndjson", () => Array.from({ length: 20_000 }, (_, n) => passage(n)).join("")],
	["the same passage", "application/x-ndjson", () => filled(passage(1), 4 * 1024 * 1024)],
	["short rows", "text/csv", () => `id,type,latitude,longitude\n${filled("a\n", MEBIBYTES - 100)}`],
	["line ends", "text/csv", () => "\r".repeat(MEBIBYTES)],
	["quotes", "text/csv", () => `id,type,latitude,longitude\n${filled(`${'"'.repeat(60_000)}\n`, MEBIBYTES - 100)}`],
	["one quoted field", "text/csv", () => `id,type,latitude,longitude\n"${'""'.repeat(MEBIBYTES / 2 - 100)}"`],
	["columns", "text/csv", () => filled("a,", MEBIBYTES)],
	["rows of one radar", "text/csv", () => `id,type,latitude,longitude\n${filled("f-one,Radar fixe,1,1\n", 2 * 1024 * 1024)}`],
	[
		"rows of unknown types",
		"text/csv",
		() => `id,type,latitude,longitude\n${filled(`f-2,${"\u0001".repeat(3_000)},1,1\n`, MEBIBYTES - 100)}`,
	],
	[
		"rows of long texts",
		"text/csv",
		() => `id,type,latitude,longitude,emplacement\n${filled(`f-3,Radar fixe,1,1,${"e\u0301".repeat(10_000)}\n`, MEBIBYTES / 2)}`,
	],
];
