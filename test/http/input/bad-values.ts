/** Bad values - invalid values for each field of each command, as JSON texts. */
import { Dice } from "../random.ts";

export interface Route {
	readonly path: string;
	/** A valid body, as one JSON text per field; a nested object is one text. */
	readonly right: Readonly<{ [field: string]: string }>;
	/** Invalid values per field; a required field is also invalid if it is missing or null. */
	readonly wrong: Readonly<{ [field: string]: readonly string[] }>;
	readonly needed: readonly string[];
}

const say = (...values: unknown[]): string[] => values.map((value) => JSON.stringify(value));
const structures = ["[]", "{}", "[1]", '{"$ne":null}', "[[[[]]]]", "true", "false"];
const numbers = ["0", "-1", "1.5", "1e400", "-1e400", "12345678901234567890"];
const deep = "[".repeat(3_000) + "]".repeat(3_000);

const text = [...structures, ...numbers, deep, ...say("", "x".repeat(201), "x".repeat(50_000))];
/** For a text of up to a thousand characters. */
const reasons = [...structures, ...numbers, deep, ...say("", "x".repeat(1001), "x".repeat(50_000))];
/** For any text. */
const secrets = [...structures, ...numbers, ...say("", "x".repeat(1001), "x".repeat(50_000))];
const id = [
	...structures,
	...numbers,
	...say("", "a b", "a/b", "é", "x".repeat(65), "a\u0000b", "../../etc/passwd", "a\n", "%61", "a?b", "'; drop table radar; --", "{}"),
];
const word = [...structures, ...numbers, ...say("", "nonsense", "__proto__", "constructor", "toString", "FIXED", "x".repeat(5_000))];
const speed = [...structures, "0", "-1", "401", "50.5", "1e400", "1e300", "-0.0001", "9007199254740993", '"80"', '""', '"NaN"'];
const degrees = (bound: number): string[] => [
	...structures,
	String(bound + 0.001),
	String(-bound - 0.001),
	"1e308",
	"1e400",
	"-1e400",
	...say("48.8", "", "north"),
];
const count = [...structures, "-1", "1.5", "1e400", "-1e400", '"5"', '""'];
const date = [
	...structures,
	"0",
	"20000101",
	...say(
		"",
		"2026-02-30",
		"2025-02-29",
		"1900-02-29",
		"1990-1-1",
		"01/01/1990",
		"99999-01-01",
		"2000-13-01",
		"2000-00-10",
		"2000-01-00",
		"2000-01-32",
		"1990-01-01T00:00:00Z",
		"yesterday",
		" 2000-01-01",
	),
];
export const badInstants = [
	"",
	"now",
	"tomorrow",
	"2026-02-30T00:00:00Z",
	"2025-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2024-06-31T10:00:00Z",
	"2024-13-01T00:00:00Z",
	"2024-00-01T00:00:00Z",
	"2024-01-00T00:00:00Z",
	"2024-01-32T00:00:00Z",
	"99999-01-01T00:00:00Z",
	"+275761-01-01T00:00:00Z",
	"-271822-01-01T00:00:00Z",
	"2024-06-01",
	"2024-06-01T10:00:00",
	"2024-06-01T10:00",
	"2024-06-01T25:00:00Z",
	"2024-06-01T10:60:00Z",
	"2024-06-01T10:00:61Z",
	"2024-06-01T10:00:00+25:00",
	"2024-06-01T10:00:00+01:99",
	"2024-06-01T10:00:00+",
	"2024-06-01T10:00:00 Europe/Paris",
	" 2024-06-01T10:00:00Z",
	"2024-06-01T10:00:00Z\n",
	"2024-06-01T10:00:00Z\u0000",
	"1717236000",
	"Sat, 01 Jun 2024 10:00:00 GMT",
	"2024-06-01T10:00:00.Z",
	"２０２４-06-01T10:00:00Z",
	"2024-6-1T10:00:00Z",
	"0000-00-00T00:00:00Z",
	"x".repeat(10_000),
];
const instant = [...structures, "0", "1717236000000", "1e400", ...say(...badInstants)];
const country = [...structures, ...numbers, ...say("", "é?!", "x".repeat(201))];
const email = [...structures, ...numbers, ...say("", "x", "a@", "@b.org", "a b@c.org", "a@b@c.org", `${"x".repeat(300)}@example.org`)];
const limits = [
	"[]",
	'"50"',
	"50",
	"true",
	"[50,50]",
	'{"lightKmh":0}',
	'{"lightKmh":401}',
	'{"lightKmh":50.5}',
	'{"lightKmh":"50"}',
	'{"lightKmh":50,"colour":1}',
	'{"heavyKmh":[]}',
	'{"heavyKmh":-5}',
	'{"__proto__":{"lightKmh":50}}',
	'{"lightKmh":1e400}',
];

const roles = [
	"{}",
	"[]",
	"[[]]",
	"true",
	"7",
	'"officer"',
	'["Officer"]',
	'["officer","officer"]',
	'["owner"]',
	'["visitor"]',
	'["process"]',
	'["__proto__"]',
	"[null]",
	`[${Array.from({ length: 500 }, () => '"officer"').join(",")}]`,
];
const password = [...structures, ...numbers, ...say("", "x".repeat(11), "x".repeat(201), "x".repeat(50_000))];
const login = [...structures, ...numbers, ...say("", "a b", "a/b", "\u00e9", "x".repeat(65), "..", "a\u0000", "a\n")];
const secret = [...structures, '""', ...say("x".repeat(43))];

const dated = { from: instant };
const place = { latitude: degrees(90), longitude: degrees(180), road: text, direction: text, ...dated };
const speeds = { lightKmh: speed, heavyKmh: speed };
const noon = '"2025-06-02T12:00:00Z"';
const since = '"2000-01-01T00:00:00Z"';
const at = (path: string, right: Route["right"], wrong: Route["wrong"], needed = Object.keys(right)): Route => ({
	path,
	right,
	wrong,
	needed,
});
const about = { type: word, brand: text, model: text, fiscalPower: count };
const who = { kind: word, name: text, birthDate: date, nationalId: text, email, phone: text, address: text };

/** Every command over HTTP; the actors in the paths exist, so that only the body is invalid. */
export const routes: readonly Route[] = [
	at(
		"/radars",
		{ kind: '"fixed"', latitude: "1", longitude: "1" },
		{ id, name: text, kind: word, ...place, jurisdiction: word, limits, sectionMeters: count },
	),
	at("/radars/b-radar/describe", { name: '"x"' }, { name: text, road: text, direction: text }, []),
	at("/radars/b-radar/relocate", { latitude: "1", longitude: "1" }, place),
	at("/radars/b-radar/change-limits", { lightKmh: "50" }, { ...speeds, ...dated }, []),
	at(
		"/radars/b-radar/calibrate",
		{ number: '"n"', validFrom: since, validUntil: noon },
		{ number: text, validFrom: instant, validUntil: [...instant, since] },
	),
	at("/radars/b-radar/activate", {}, dated),
	at("/radars/b-radar/deactivate", { reason: '"x"' }, { reason: text, ...dated }),
	at("/radars/b-radar/retire", {}, { reason: text }),
	at(
		"/detections",
		{ radar: '"b-radar"', plate: '"AA-123-AA"', country: '"FR"', speedKmh: "90", capturedAt: noon },
		{ id, radar: id, plate: text, country, vehicleClass: word, speedKmh: speed, capturedAt: instant },
	),
	at("/owners", { kind: '"person"', name: '"x"', email: '"a@example.org"' }, { id, ...who }),
	at("/owners/b-owner/correct", { name: '"x"' }, who, []),
	at(
		"/vehicles",
		{ plate: '"AB-999-CD"', country: '"FR"', type: '"car"', brand: '"x"', model: '"x"', fiscalPower: "5", owner: '"b-owner"' },
		{ plate: [...text, ...say("SS-123-AA", "AA-000-AA", "AI-123-AA", "x", "AB-999-CD; drop")], country, ...about, owner: id, ...dated },
	),
	at("/vehicles/FR-AB-100-CD/transfer", { owner: '"b-other"' }, { owner: [...id, '"nobody"'], ...dated }),
	at("/vehicles/FR-AB-100-CD/correct", { model: '"x"' }, about, []),
	at("/vehicles/FR-AB-100-CD/deregister", {}, dated),
	at("/infractions/b-detection/cancel", { reason: '"x"' }, { reason: text }),
	at(
		"/users",
		{ login: '"b-new"', name: '"x"', email: '"a@example.org"', roles: '["officer"]' },
		{ id, login, name: text, email, roles: [...roles, '["bank"]', '["device"]'], password, agency: id },
	),
	at("/users/b-user/change-roles", { roles: '["clerk"]' }, { roles: [...roles, '["fleet"]'] }),
	at("/users/b-user/suspend", { reason: '"x"' }, { reason: reasons }),
	at("/users/b-user/reset-password", { password: '"correct horse battery"' }, { password }),
	at("/clients", { name: '"x"', roles: '["bank"]' }, { id, name: text, roles: [...roles, '["device"]'], radar: id, agency: id, secret }),
	at("/clients/b-client/rotate", {}, { secret }),
	at("/clients/b-client/revoke", { reason: '"x"' }, { reason: reasons }),
	at("/sessions", { login: '"b-user"', password: '"x"' }, { login: secrets, password: secrets, token: secret }),
];

const strangers = [
	'"colour":"red"',
	'"__proto__":{"admin":true}',
	'"constructor":{"prototype":{}}',
	'"toString":1',
	'"$where":"1"',
	'"version":1',
	'"status":"active"',
	'"":1',
	'"lightKmh ":5',
	'"position":"radar:0:1"',
	`"${"k".repeat(5_000)}":1`,
];
const body = (fields: Readonly<{ [field: string]: string }>, ...more: string[]): string =>
	`{${[...Object.entries(fields).map(([field, value]) => `${JSON.stringify(field)}:${value}`), ...more].join(",")}}`;
const without = (fields: Route["right"], field: string): Route["right"] =>
	Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field));

/** Bodies with one invalid field. */
export const wrongOnce = ({ right, wrong, needed }: Route): string[] => [
	...Object.entries(wrong).flatMap(([field, values]) => values.map((value) => body({ ...right, [field]: value }))),
	...needed.flatMap((field) => [body(without(right, field)), body({ ...right, [field]: "null" })]),
	...strangers.map((stranger) => body(right, stranger)),
	...[
		"[]",
		"[{}]",
		"null",
		"7",
		'"x"',
		"true",
		"[[]]",
		"NaN",
		"{",
		'{"a":}',
		"{'a':1}",
		"undefined",
		"{}}",
		'{"a":1,}',
		"\u0000",
		"<xml/>",
		`${body(right)}${body(right)}`,
		`[${body(right)}]`,
		deep,
		body(right).slice(0, -1),
	],
];

/** Bodies with one or more invalid fields. */
export function wrongByChance(dice: Dice, { right, wrong }: Route, how: number): string[] {
	const fields = Object.entries(wrong);
	return Array.from({ length: how }, () => {
		const chosen = dice
			.shuffle(fields)
			.slice(0, dice.int(0, fields.length))
			.map(([field, values]) => [field, dice.pick(values)] as const);
		const some = dice.shuffle(strangers).slice(0, chosen.length === 0 ? dice.int(1, 3) : dice.int(0, 2));
		return body({ ...right, ...Object.fromEntries(chosen) }, ...some);
	});
}
