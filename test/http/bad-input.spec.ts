/** Thousands of bad inputs by every door: each is refused with a page that says why, in time, and leaves everything as it was. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System, type Answer, type Call } from "../support/system.ts";
import { badInstants, routes, wrongByChance, wrongOnce } from "./bad-values.ts";
import { Dice } from "./random.ts";
import { answered, car, caughtUp, detect, expectProblem, infraction, noon, ownerOf, radarInService, rowAfter, site } from "./scenery.ts";

let system: System;
let before: unknown;
const lists = ["/radars", "/detections", "/owners", "/vehicles", "/infractions"];
const made = ["/radars/b-radar", "/detections/b-detection", "/owners/b-owner", "/vehicles/FR-AB-100-CD", "/infractions/b-detection"];
const everything = async (): Promise<unknown> => ({
	rows: await Promise.all(lists.map((list) => system.rows(list))),
	histories: await Promise.all(made.map(async (path) => answered(200, await system.get(`${path}/history`)).text)),
});

beforeAll(async () => {
	system = await System.start();
	await radarInService(system, "b-radar");
	await ownerOf(system, "b-owner", ["AB-100-CD"]);
	await ownerOf(system, "b-other");
	await detect(system, { id: "b-detection", radar: "b-radar", plate: "AB-100-CD" });
	await infraction(system, "b-detection");
	await caughtUp(system);
	before = await everything();
});
afterAll(() => system.dispose());

/** What is wrong with an answer to a bad input, if anything: it must be a no of ours (or, when allowed, a harmless yes), and in time. */
function fault({ status, headers, text, body }: Answer, method: string, yes: boolean): string | undefined {
	if (status >= 500 || status < 200) return `status ${status}: ${text.slice(0, 200)}`;
	if (/\bat .{1,200}\.[jt]s:\d+/.test(text)) return "shows a stack";
	if (status < 400) return yes ? undefined : `accepted with ${status}: ${text.slice(0, 200)}`;
	if (method === "HEAD") return undefined;
	if (!/^application\/problem\+json/.test(headers["content-type"] ?? ""))
		return `status ${status} as ${headers["content-type"]}: ${text.slice(0, 200)}`;
	const whole =
		body["status"] === status &&
		/^[A-Z][A-Z0-9_]+$/.test(body.code) &&
		[body["type"], body["title"], body["detail"]].every((part) => typeof part === "string" && part !== "");
	return whole ? undefined : `not a whole problem page: ${text.slice(0, 200)}`;
}

/** Sends all from sixteen sides; answers the faults, at most ten, each with what was sent. */
async function faults(calls: readonly Call[], yes = false): Promise<string[]> {
	const found: string[] = [];
	const waiting = [...calls].reverse();
	const side = async (): Promise<void> => {
		for (let call = waiting.pop(); call && found.length < 10; call = waiting.pop()) {
			const { method = "GET", path, headers, body } = call;
			const wrong = await system.send({ ...call, timeoutMs: 5_000 }).then((answer) => fault(answer, method, yes), String);
			if (wrong)
				found.push(
					`${method} ${path.slice(0, 120)} ${JSON.stringify(headers ?? {}).slice(0, 120)} ${String(body ?? "").slice(0, 160)} -> ${wrong}`,
				);
		}
	};
	await Promise.all(Array.from({ length: 16 }, side));
	return found;
}

const json = { "content-type": "application/json" };
const post = (path: string, body: string | Buffer, headers: Call["headers"] = json): Call => ({ method: "POST", path, headers, body });
const reads = [...lists, ...made, ...made.map((path) => `${path}/history`), "/owners/b-owner/infractions", "/vehicles/FR-AB-100-CD/holder"];

describe("bad bodies", () => {
	it.each(routes.map((route) => [route.path, route] as const))("POST %s: one thing wrong", async (path, route) => {
		expect(await faults(wrongOnce(route).map((body) => post(path, body)))).toEqual([]);
	});

	it("anything wrong, several things at once", async () => {
		const dice = new Dice(404);
		const calls = routes.flatMap((route) => wrongByChance(dice, route, 150).map((body) => post(route.path, body)));
		expect(calls.length).toBeGreaterThan(2_000);
		expect(await faults(dice.shuffle(calls))).toEqual([]);
	});

	it("of a wrong kind", async () => {
		const types = [
			"text/plain",
			"application/xml",
			"multipart/form-data; boundary=x",
			"application/x-www-form-urlencoded",
			"application/jsonp",
			"json",
			"*/*",
			"image/png",
			"text/csv",
			"application/octet-stream",
		];
		expect(await faults(routes.flatMap(({ path }) => types.map((type) => post(path, "{}", { "content-type": type }))))).toEqual([]);
		const odd = [
			"",
			"a",
			";",
			"application/json; charset=utf-16",
			"application/json; charset=nonsense",
			"application/json, text/plain",
			"x".repeat(5_000),
		];
		expect(await faults(routes.flatMap(({ path }) => odd.map((type) => post(path, '{"colour":1}', { "content-type": type }))))).toEqual([]);
		expect(
			await faults(
				routes.flatMap(({ path }) =>
					["gzip", "deflate", "br", "nonsense"].map((coding) => post(path, '{"colour":1}', { ...json, "content-encoding": coding })),
				),
			),
		).toEqual([]);
	});

	it("of broken UTF-8", async () => {
		const broken = [[0xff], [0xc3, 0x28], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xc0, 0xaf]].map((bytes) =>
			Buffer.from(bytes),
		);
		const body = (bytes: Buffer): Buffer =>
			Buffer.concat([Buffer.from('{"kind":"fixed","latitude":1,"longitude":1,"name":"a'), bytes, Buffer.from('"}')]);
		expect(await faults(broken.map((bytes) => post("/radars", body(bytes))))).toEqual([]);
		expect(await faults(broken.map((bytes) => post("/owners", bytes)))).toEqual([]);
	});

	it("over-long, or nested without end", async () => {
		const long = `{"name":"${"x".repeat(1024 * 1024)}"}`;
		for (const { path } of routes) expectProblem(await system.send({ ...post(path, long), timeoutMs: 5_000 }), 413);
		const calls = [100_000, 400_000].flatMap((depth) =>
			["/radars", "/owners/b-owner/correct", "/detections"].flatMap((path) =>
				[`{"name":${"[".repeat(depth)}${"]".repeat(depth)}}`, '{"a":'.repeat(depth / 2), "[".repeat(depth)].map((body) => post(path, body)),
			),
		);
		expect(await faults(calls)).toEqual([]);
		expectProblem(await system.csv("x".repeat(16 * 1024 * 1024 + 1)), 413);
	}, 120_000);
});

describe("bad requests", () => {
	it("with a query that means nothing, on lists", async () => {
		const queries = [
			"page=0",
			"page=-1",
			"page=1e3",
			"page=NaN",
			"page=Infinity",
			"page=0x10",
			"page=1;2",
			"page[]=1",
			"page[a]=1",
			"page=99999999999999999999",
			"pageSize=0",
			"pageSize=101",
			"pageSize=1.5",
			"pageSize=-0.5",
			"pageSize[$gt]=1",
			"pageSize=x",
			"sort=x",
			"sort=-",
			"sort=--id",
			"sort[]=id",
			"sort[id]=1",
			"sort=id;drop",
			"sort=__proto__",
			"sort=constructor",
			"after=x",
			"after=%ff",
			"after=e30",
			"after=W10",
			"after=bnVsbA",
			"after[]=x",
			`after=${"x".repeat(5_000)}`,
			"__proto__[admin]=1",
			"__proto__=1",
			"constructor[prototype][x]=1",
			"query[$where]=1",
			"query=%7B%22%24ne%22%3A1%7D",
			"filter[a][b][c][d][e][f][g]=1",
			"id[$in][]=1",
			"radar[]=a&radar[]=b",
			"status[$ne]=x",
			"a=1&a=2&a=3",
			"%=1",
			"%zz=1",
			"x%00=1",
			`${"x".repeat(5_000)}=1`,
			"[]=1",
			"[a]=1",
			"a[0]=1&a[999999999]=2",
		];
		expect(await faults(lists.flatMap((list) => queries.map((query) => ({ path: `${list}?${query}` }))))).toEqual([]);
	});

	it("with a query that means nothing, on everything that reads", async () => {
		const queries = [
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
			"at=2024-06-01T10:00:00%2B02:00&at=x",
			"&&&",
			"=",
			"?",
		];
		expect(
			await faults(
				reads.flatMap((path) => queries.map((query) => ({ path: `${path}?${query}` }))),
				true,
			),
		).toEqual([]);
		expect(
			await faults(
				badInstants.filter((at) => at !== "").map((at) => ({ path: `/vehicles/FR-AB-100-CD/holder?at=${encodeURIComponent(at)}` })),
			),
		).toEqual([]);
	});

	it("on paths that lead nowhere", async () => {
		const ids = [
			"%",
			"%zz",
			"%E0%A4%A",
			"%ff",
			"%00",
			"..%2f..%2fetc%2fpasswd",
			"a%2Fb",
			"a%20b",
			"__proto__",
			"constructor",
			"%5B%5D",
			"%7B%7D",
			"a'b",
			'a"b',
			"$where",
			"x".repeat(65),
			"x".repeat(6_000),
			"é".split("").map(encodeURIComponent).join(""),
			"%F0%9F%98%80",
			".",
			"..",
			"~",
			"*",
		];
		const inside = lists.flatMap((list) =>
			ids.flatMap((id) => [`${list}/${id}`, `${list}/${id}/history`, `${list}/${id}/nothing`, `${list}/${id}/x/y`]),
		);
		const outside = [
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
			"/radars/list",
			"/v1/radars",
			"/%72adars/nobody",
			"/.env",
			"/..%2f..%2fpackage.json",
			"/../package.json",
			"/live/x",
			"/health",
			"/health/x",
			"/metrics/x",
		];
		const calls = [...inside, ...outside].map((path) => ({ path }));
		expect(await faults(calls, true)).toEqual([]);
		expect(
			await faults(
				inside.map((path) => post(path, "{}")),
				false,
			),
		).toEqual([]);
		expect(
			await faults(
				[...inside, ...outside].map((path) => post(path, '{"colour":1}')),
				true,
			),
		).toEqual([]);
	});

	it("with a method nobody offers", async () => {
		const paths = [...reads, ...routes.map(({ path }) => path), "/health/live", "/radars/import", "/live/nothing", "/nope"];
		expect(
			await faults(
				["PUT", "PATCH", "DELETE"].flatMap((method) => paths.map((path) => ({ method, path, headers: json, body: '{"name":"x"}' }))),
			),
		).toEqual([]);
		expect(
			await faults(
				["HEAD", "OPTIONS", "PROPFIND", "PURGE"].flatMap((method) => paths.map((path) => ({ method, path }))),
				true,
			),
		).toEqual([]);
	});

	it("with headers that mean nothing", async () => {
		const describeIt = (headers: Call["headers"]): Call => post("/radars/b-radar/describe", '{"name":"never"}', { ...json, ...headers });
		expect(
			await faults(
				["0", '"-1"', '"1e3"', '"x"', '"999"', '"3', "3.0", '"3.5"', "{}", '"99999999999999999999"', "x".repeat(3_000)].map((match) =>
					describeIt({ "if-match": match }),
				),
			),
		).toEqual([]);
		expect(
			await faults(
				["a b", "x".repeat(129), "x".repeat(3_000), "é", "\u00ff"].map((key) =>
					describeIt({ "idempotency-key": key, "if-match": '"999"' }),
				),
			),
		).toEqual([]);
		const positions = [
			"x",
			"radar",
			"radar:0:",
			"radar:0:abc",
			"radar:0:-1",
			"radar:0:1.5",
			"radar:-1:1",
			"radar::",
			",,,",
			"nothing:0:1",
			"__proto__:0:1",
			"radar:0:1;drop",
			"x".repeat(3_000),
		];
		expect(
			await faults(
				reads.flatMap((path) => positions.map((position) => ({ path, headers: { "x-position": position } }))),
				true,
			),
		).toEqual([]);
		for (const id of ["x", "radar:0:-1", "radar:0:x", ",", "x".repeat(3_000), "nothing:0:1"]) {
			const feed = await system.live("?types=nonsense", { "last-event-id": id });
			feed.close();
			expect(feed.status).toBeLessThan(500);
		}
	});

	it("that are no HTTP", async () => {
		const requests = [
			"GET\r\n\r\n",
			"NONSENSE\r\n\r\n",
			"GET /api/radars\r\n\r\n",
			"GET /api/radars HTTP/9.9\r\nHost: x\r\n\r\n",
			"GET /api/ra dars HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"\u0000\u0001\u0002\u0003\r\n\r\n",
			"GET /api/radars HTTP/1.1\r\n\r\n",
			"GET /api/radars HTTP/1.1\r\nHost x\r\n\r\n",
			`GET /api/${"x".repeat(50_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
			`GET /api/radars HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(50_000)}\r\n\r\n`,
			"POST /api/radars HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n{}",
			'POST /api/radars HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"kind":',
			"POST /api/radars HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
			"POST /api/radars HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
			"GET http://elsewhere/api/radars HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"GET //elsewhere:99999/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			'POST /api/detections HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n',
			Buffer.concat([
				Buffer.from("GET /api/radars/"),
				Buffer.from([0xff, 0xfe, 0xc3]),
				Buffer.from(" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
			]),
		];
		for (const request of requests)
			expect([String(request).slice(0, 80), await system.raw(request)]).toEqual([
				String(request).slice(0, 80),
				expect.not.stringMatching(/^HTTP\/1\.1 5/),
			]);
	}, 120_000);
});

describe("bad lines", () => {
	const right = { id: "b-line", radar: "b-radar", plate: "AA-123-AA", country: "FR", speedKmh: 100, capturedAt: noon };
	const lines = [
		"{",
		"[]",
		"null",
		"7",
		'"x"',
		"{}",
		"NaN",
		"not json",
		JSON.stringify([right]),
		JSON.stringify({ ...right, id: undefined }),
		JSON.stringify({ ...right, colour: 1 }),
		JSON.stringify({ ...right, speedKmh: "90" }),
		JSON.stringify({ ...right, speedKmh: 0 }),
		JSON.stringify({ ...right, radar: "nobody" }),
		JSON.stringify({ ...right, id: "b-detection" }),
		JSON.stringify({ ...right, capturedAt: "2099-01-01T00:00:00Z" }),
		'{"__proto__":{}}',
		"[".repeat(20_000),
		JSON.stringify({ ...right, plate: "x".repeat(70_000) }),
		`{"id":"${"x".repeat(1_000_000)}`,
		...badInstants.map((capturedAt) => JSON.stringify({ ...right, capturedAt })),
	];

	it("of a bulk are refused one by one, each with its number", async () => {
		const { body } = answered(200, await system.ndjson(lines));
		expect(body).toMatchObject({ received: lines.length, recorded: 0, duplicates: 0, refused: lines.length });
		expect(body.errors.map(({ line }) => line)).toEqual(lines.map((_, n) => n + 1).slice(0, 100));
		const many = answered(200, await system.ndjson(Array.from({ length: 3_000 }, () => "{"))).body;
		expect([many["refused"], many.errors.length]).toEqual([3_000, 100]);
	}, 60_000);

	it("of a bulk may be bytes that are no text", async () => {
		const body = Buffer.concat([
			Buffer.from([0xff, 0xfe, 0x00, 0x0a]),
			Buffer.from('{"id":"b-\xff"}\n', "latin1"),
			Buffer.from([0x80, 0x81]),
		]);
		const answer = await system.send(post("/detections", body, { "content-type": "application/x-ndjson" }));
		expect(answered(200, answer).body).toMatchObject({ received: 3, recorded: 0, refused: 3 });
	});

	it("of a file of radars are refused one by one, or the file is", async () => {
		const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
		const files = [
			"",
			"\n\n\n",
			"a,b\n1,2\n",
			'"',
			'"unclosed\n\n\n',
			"id,type,latitude,longitude\n1,2\n",
			`${"x,".repeat(100_000)}\n`,
			"\u0000".repeat(1_000),
			"\xff\xfe\x00a",
			`id\n${"1\n".repeat(5_000)}`,
		];
		expect(
			await faults(
				files.map((text) => post("/radars/import", bytes(text), { "content-type": "text/csv" })),
				true,
			),
		).toEqual([]);
	});
});

describe("after all that", () => {
	it("nothing has been written", async () => {
		expect(await everything()).toEqual(before);
	});

	it("the system works as before", async () => {
		await radarInService(system, "b-after");
		answered(201, await system.post("/vehicles", { ...car, plate: "AB-777-CD", owner: "b-owner" }));
		await detect(system, { id: "b-after", radar: "b-after", plate: "AB-777-CD" });
		expect(await infraction(system, "b-after")).toMatchObject({ holder: "b-owner", status: "open" });
		expect(answered(200, await system.get("/health/ready")).status).toBe(200);
	});

	it.each(["\ud800", "a\u0000b", "\u202e", "\ufeffx", "e\u0301"])("a strange text is refused, or kept exactly: %j", async (name) => {
		const answer = await system.post("/radars", { ...site, name });
		if (answer.status !== 201) expectProblem(answer, 422);
		else expect(await rowAfter(system, `/radars/${answer.body.id}`, answer)).toMatchObject({ name });
	});
});
