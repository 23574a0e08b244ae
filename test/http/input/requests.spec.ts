/** Invalid requests on every route (queries, paths, methods, headers, invalid HTTP): there is no 5xx, no hang, and nothing is written. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { AUTHORIZATION, type Call, type System } from "../../support/system.ts";
import { badInstants, routes } from "./bad-values.ts";
import { everything, expectStillWorking, faults, furnished, json, lists, post, reads, words } from "../machine/faults.ts";

let system: System;
let before: unknown;
beforeAll(async () => {
	system = await furnished();
	before = await everything(system);
});
afterAll(() => system.dispose());

const ask = (path: string): Call => ({ path });

describe("an invalid query", () => {
	const numbers = words(`page=0 page=-1 page=1e3 page=NaN page=Infinity page=0x10 page=1;2 page[]=1 page[a]=1 page=99999999999999999999
		pageSize=0 pageSize=101 pageSize=1.5 pageSize=-0.5 pageSize[$gt]=1 pageSize=x`);
	const orders = words(`sort=x sort=- sort=--id sort[]=id sort[id]=1 sort=id;drop sort=__proto__ sort=constructor
		after=x after=%ff after=e30 after=W10 after=bnVsbA after[]=x after=${"x".repeat(5_000)}`);
	const strangers = words(`__proto__[admin]=1 __proto__=1 constructor[prototype][x]=1 query[$where]=1 query=%7B%22%24ne%22%3A1%7D
		filter[a][b][c][d][e][f][g]=1 id[$in][]=1 radar[]=a&radar[]=b status[$ne]=x a=1&a=2&a=3 %=1 %zz=1 x%00=1 ${"x".repeat(5_000)}=1
		[]=1 [a]=1 a[0]=1&a[999999999]=2`);

	it.each([
		["numbers", numbers],
		["orders", orders],
		["parameters", strangers],
	])("is refused by every list: %s", async (_what, queries) => {
		const calls = lists.flatMap((list) => queries.map((query) => ask(`${list}?${query}`)));
		expect(await faults(system, calls)).toEqual([]);
	});

	it("does not affect reads", async () => {
		const odd = [
			"x=1",
			"x[]=1",
			"at=x",
			"at[]=1",
			"id=other",
			"id[$ne]=1",
			"%ff=%ff",
			"fields=*",
			"populate[]=x",
			"__proto__[x]=1",
			"page=x",
		];
		const calls = reads.flatMap((path) =>
			[...odd, "at=2024-06-01T10:00:00Z&at=x", "&&&", "=", "?"].map((query) => ask(`${path}?${query}`)),
		);
		expect(await faults(system, calls, true)).toEqual([]);
	});

	it("is refused as an instant", async () => {
		const instants = badInstants.filter((at) => at !== "").map(encodeURIComponent);
		const calls = instants.map((at) => ask(`/vehicles/FR-AB-100-CD/holder?at=${at}`));
		expect(await faults(system, calls)).toEqual([]);
	});
});

describe("an unknown path", () => {
	const ids = [
		...["%", "%zz", "%E0%A4%A", "%ff", "%00", "..%2f..%2fetc%2fpasswd", "a%2Fb", "a%20b", "__proto__", "constructor", "%5B%5D", "%7B%7D"],
		...["a'b", 'a"b', "$where", "x".repeat(65), "x".repeat(6_000), "%C3%A9", "%F0%9F%98%80", ".", "..", "~", "*"],
	];
	const inside = lists.flatMap((list) => ids.flatMap((id) => ["", "/history", "/nothing", "/x/y"].map((rest) => `${list}/${id}${rest}`)));
	const outside = [
		...[
			"/nope",
			"/",
			"",
			"/radars/",
			"//api//radars//x",
			"/radars//",
			"/radar",
			"/services",
			"/~node/list",
			"/$node/actions",
			"/radars.list",
		],
		...["/radars/list", "/v1/radars", "/%72adars/nobody", "/.env", "/..%2f..%2fpackage.json", "/../package.json", "/live/x", "/health/x"],
	];

	it("is not found in any notation", async () => {
		expect(await faults(system, [...inside, ...outside].map(ask), true)).toEqual([]);
	});

	it("accepts no command", async () => {
		const calls = inside.map((path) => post(path, "{}"));
		expect(await faults(system, calls)).toEqual([]);
		const more = [...inside, ...outside].map((path) => post(path, '{"colour":1}'));
		expect(await faults(system, more, true)).toEqual([]);
	});
});

describe("an unsupported method", () => {
	const paths = [...reads, ...routes.map(({ path }) => path), "/health/live", "/radars/import", "/live/nothing", "/nope"];

	it.each(["PUT", "PATCH", "DELETE"])("is refused: %s", async (method) => {
		const calls = paths.map((path) => ({ method, path, headers: json, body: '{"name":"x"}' }));
		expect(await faults(system, calls)).toEqual([]);
	});

	it.each(["HEAD", "OPTIONS", "PROPFIND", "PURGE"])("changes nothing: %s", async (method) => {
		const calls = paths.map((path) => ({ method, path }));
		expect(await faults(system, calls, true)).toEqual([]);
	});
});

describe("an invalid header", () => {
	const renamed = (headers: { [name: string]: string }): Call =>
		post("/radars/b-radar/describe", '{"name":"never"}', { ...json, ...headers });

	it("is not a version", async () => {
		const versions = ["0", '"-1"', '"1e3"', '"x"', '"999"', '"3', "3.0", '"3.5"', "{}", '"99999999999999999999"', "x".repeat(3_000)];
		const calls = versions.map((version) => renamed({ "if-match": version }));
		expect(await faults(system, calls)).toEqual([]);
	});

	it("is not a key", async () => {
		const keys = ["a b", "x".repeat(129), "x".repeat(3_000), "\u00e9", "\u00ff"];
		const calls = keys.map((key) => renamed({ "idempotency-key": key, "if-match": '"999"' }));
		expect(await faults(system, calls)).toEqual([]);
	});

	it("is not a position", async () => {
		const odd = ["x", "radar", "radar:0:", "radar:0:abc", "radar:0:-1", "radar:0:1.5", "radar:-1:1", "radar::", ",,,", "nothing:0:1"];
		const positions = [...odd, "__proto__:0:1", "radar:0:1;drop", "x".repeat(3_000)];
		const calls = reads.flatMap((path) => positions.map((position) => ({ path, headers: { "x-position": position } })));
		expect(await faults(system, calls, true)).toEqual([]);
	});

	it.each(["x", "radar:0:-1", "radar:0:x", ",", "x".repeat(3_000), "nothing:0:1"])(
		"is not a position in the live feed (case %#)",
		async (id) => {
			const feed = await system.live("?types=nonsense", { "last-event-id": id });
			feed.close();
			expect(feed.status).toBeLessThan(500);
		},
	);
});

describe("invalid HTTP", () => {
	const get = (target: string, headers = `Host: localhost\r\n${AUTHORIZATION}Connection: close\r\n`): string =>
		`GET ${target} HTTP/1.1\r\n${headers}\r\n`;
	const send = (path: string, headers: string, body: string, type = "application/json"): string =>
		`POST /api/${path} HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Content-Type: ${type}\r\n${headers}\r\n\r\n${body}`;

	it.each([
		...[
			"GET\r\n\r\n",
			"NONSENSE\r\n\r\n",
			"GET /api/radars\r\n\r\n",
			`GET /api/radars HTTP/9.9\r\nHost: localhost\r\n${AUTHORIZATION}\r\n`,
			"\u0000\u0001\u0002\r\n\r\n",
		],
		...[get("/api/ra dars"), get("/api/radars", ""), get("/api/radars", "Host x\r\n"), get(`/api/${"x".repeat(50_000)}`)],
		...[
			get("/api/radars", `Host: localhost\r\n${AUTHORIZATION}X: ${"x".repeat(50_000)}\r\n`),
			get("http://elsewhere/api/radars"),
			get("//elsewhere:99999/"),
			get("/\xff\xfe"),
		],
		`OPTIONS * HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Connection: close\r\n\r\n`,
		send("radars", "Content-Length: -5", "{}"),
		send("radars", "Content-Length: 100", '{"kind":'),
		send("radars", "Content-Length: 2\r\nTransfer-Encoding: chunked", "{}"),
		send("radars", "Transfer-Encoding: chunked", "ZZ\r\n{}\r\n0\r\n\r\n"),
		send("detections", "Transfer-Encoding: chunked", '5\r\n{"id"\r\n', "application/x-ndjson"),
	])("is refused or disconnected: %j", async (request) => {
		expect(await system.raw(Buffer.from(request, "latin1"))).not.toMatch(/^HTTP\/1\.1 5/);
	});
});

describe("after all that", () => {
	it("nothing has been written", async () => expect(await everything(system)).toEqual(before));
	it("the system works as before", () => expectStillWorking(system));
});
