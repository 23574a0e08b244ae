/** Thousands of invalid bodies on every route: each is refused in time with a problem response, and changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type System } from "../../support/system.ts";
import { badInstants, routes, wrongByChance, wrongOnce } from "./bad-values.ts";
import { everything, expectStillWorking, faults, furnished, post } from "../machine/faults.ts";
import { Dice } from "../random.ts";
import { answered, expectProblem, noon, rowAfter, site } from "../scenery.ts";

let system: System;
let before: unknown;
beforeAll(async () => {
	system = await furnished();
	before = await everything(system);
});
afterAll(() => system.dispose());

describe("a body", () => {
	it.each(routes.map((route) => [route.path, route] as const))("of POST %s with one invalid field is refused", async (path, route) => {
		const calls = wrongOnce(route).map((body) => post(path, body));
		expect(await faults(system, calls)).toEqual([]);
	});

	it("with several invalid fields is refused", async () => {
		const dice = new Dice(404);
		const calls = routes.flatMap((route) => wrongByChance(dice, route, 150).map((body) => post(route.path, body)));
		expect(calls.length).toBeGreaterThan(2_000);
		expect(await faults(system, dice.shuffle(calls))).toEqual([]);
	});

	it.each(["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/jsonp"])(
		"of the content type %s is refused",
		async (type) => {
			const calls = routes.map(({ path }) => post(path, "{}", { "content-type": type }));
			expect(await faults(system, calls)).toEqual([]);
		},
	);

	it.each(["json", "*/*", "a", ";", "", "application/json; charset=utf-16", "application/json, text/plain", "nonsense/x"])(
		"with the content type %j is refused",
		async (type) => {
			const calls = routes.map(({ path }) => post(path, '{"colour":1}', { "content-type": type }));
			expect(await faults(system, calls)).toEqual([]);
		},
	);

	it.each(["gzip", "deflate", "br", "nonsense"])("with the content encoding %s is refused", async (coding) => {
		const calls = routes.map(({ path }) => post(path, "{}", { "content-type": "application/json", "content-encoding": coding }));
		expect(await faults(system, calls)).toEqual([]);
	});

	it("of broken UTF-8 is refused", async () => {
		const broken = ["ff", "c328", "e282", "eda080", "f888808080", "c0af"].map((bytes) => Buffer.from(bytes, "hex"));
		const radar = (bytes: Buffer): Buffer =>
			Buffer.concat([Buffer.from('{"kind":"fixed","latitude":1,"longitude":1,"name":"a'), bytes, Buffer.from('"}')]);
		const calls = broken.flatMap((bytes) => [post("/radars", radar(bytes)), post("/owners", bytes)]);
		expect(await faults(system, calls)).toEqual([]);
	});

	it("of more than a mebibyte is refused", async () => {
		const long = `{"name":"${"x".repeat(1024 * 1024)}"}`;
		for (const { path } of routes) expectProblem(await system.send({ ...post(path, long), timeoutMs: 5_000 }), 413);
		expectProblem(await system.csv("x".repeat(16 * 1024 * 1024 + 1)), 413);
	});
});

describe("a bad line", () => {
	const right = { id: "b-line", radar: "b-radar", plate: "AA-123-AA", country: "FR", speedKmh: 100, capturedAt: noon };
	const but = (change: { [field: string]: unknown }): string => JSON.stringify({ ...right, ...change });
	const lines = [
		...["{", "[]", "null", "7", '"x"', "{}", "NaN", "not json", '{"__proto__":{}}', "[".repeat(20_000), JSON.stringify([right])],
		...[but({ id: undefined }), but({ colour: 1 }), but({ speedKmh: "90" }), but({ speedKmh: 0 }), but({ radar: "nobody" })],
		...[but({ id: "b-detection" }), but({ capturedAt: "2099-01-01T00:00:00Z" })],
		...[but({ plate: null }), but({ capturedAt: null }), but({ plate: "x".repeat(70_000) }), `{"id":"${"x".repeat(1_000_000)}`],
		...badInstants.map((capturedAt) => but({ capturedAt })),
	];

	it("of a bulk is refused with its number, and no other is", async () => {
		const { body } = answered(200, await system.ndjson(lines));
		expect(body).toMatchObject({ received: lines.length, recorded: 0, duplicates: 0, refused: lines.length });
		expect(body.errors.map(({ line }) => line)).toEqual(lines.map((_, n) => n + 1).slice(0, 100));
	});

	it("is reported only for the first hundred", async () => {
		const { body } = answered(200, await system.ndjson(Array.from({ length: 3_000 }, () => "{")));
		expect([body["refused"], body.errors.length]).toEqual([3_000, 100]);
	});

	it("may be bytes that are no text", async () => {
		const body = Buffer.concat([
			Buffer.from([0xff, 0xfe, 0x00, 0x0a]),
			Buffer.from('{"id":"b-\xff"}\n', "latin1"),
			Buffer.from([0x80, 0x81]),
		]);
		const answer = answered(200, await system.send(post("/detections", body, { "content-type": "application/x-ndjson" })));
		expect(answer.body).toMatchObject({ received: 3, recorded: 0, refused: 3 });
	});

	it("of a file of radars is refused, or the whole file is", async () => {
		const files = ["", "\n\n\n", "a,b\n1,2\n", '"', '"unclosed\n\n\n', "id,type,latitude,longitude\n1,2\n", `${"x,".repeat(100_000)}\n`];
		const more = ["\u0000".repeat(1_000), "\xff\xfe\x00a", `id\n${"1\n".repeat(5_000)}`];
		const calls = [...files, ...more].map((text) => post("/radars/import", Buffer.from(text, "latin1"), { "content-type": "text/csv" }));
		expect(await faults(system, calls, true)).toEqual([]);
	});
});

describe("after all that", () => {
	it("nothing has been written", async () => expect(await everything(system)).toEqual(before));
	it("the system works as before", () => expectStillWorking(system));

	it.each(["\ud800", "a\u0000b", "\u202e", "\ufeffx", "e\u0301"])("a strange text is refused, or kept in NFC: %j", async (name) => {
		const answer = await system.post("/radars", { ...site, name });
		if (answer.status !== 201) expectProblem(answer, 422);
		else expect(await rowAfter(system, `/radars/${answer.body.id}`, answer)).toMatchObject({ name: name.normalize("NFC") });
	});
});

describe("a deeply nested body", () => {
	it("is refused, and the system keeps running", async () => {
		const deep = (depth: number): string[] => [
			`{"name":${"[".repeat(depth)}${"]".repeat(depth)}}`,
			`{"name":${'{"a":'.repeat(depth / 4)}1${"}".repeat(depth / 4)}}`,
			'{"a":'.repeat(depth / 2),
			"[".repeat(depth),
		];
		const paths = ["/radars", "/owners/b-owner/correct", "/detections"];
		const calls = [5_000, 100_000, 400_000].flatMap((depth) => paths.flatMap((path) => deep(depth).map((body) => post(path, body))));
		expect(await faults(system, calls)).toEqual([]);
		answered(200, await system.get("/health/ready"));
	});
});
