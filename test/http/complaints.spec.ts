/** Complaints: the size of an error response is bounded, regardless of the request. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Answer, System } from "../support/system.ts";
import { faults, json, post } from "./machine/faults.ts";
import { answered, expectProblem, noon, ownerOf, radarInService, site } from "./scenery.ts";

let system: System;
beforeAll(async () => {
	system = await System.start();
	await radarInService(system, "c-radar");
	await ownerOf(system, "c-owner", ["AB-100-CD"]);
});
afterAll(() => system.dispose());

const MEBIBYTE = 1024 * 1024;
/** JSON of about one mebibyte, nearly all of it in one additional field. */
const filled = (field: (length: number) => string): string => `{"kind":"fixed","latitude":1,"longitude":1,${field(MEBIBYTE - 100)}}`;
const wide = (names: (i: number) => string, bytes: number): string => {
	const fields: string[] = [];
	for (let i = 0, length = 0; length < bytes; i++)
		length += fields.push(`${JSON.stringify(names(i))}:0`) && (fields.at(-1)?.length ?? 0) + 1;
	return `{${fields.join(",")}}`;
};
const small = (answer: Answer, bytes = 16 * 1024): Answer => {
	expect(Buffer.byteLength(answer.text)).toBeLessThan(bytes);
	return answer;
};

describe("one body", () => {
	it("with a field name full of separators gets one short field error", async () => {
		const answer = small(
			await system.send(
				post(
					"/radars",
					filled((length) => `"${", ".repeat(length / 2)}":0`),
				),
			),
		);
		expectProblem(answer, 422, "VALIDATION_ERROR");
		expect(answer.body.errors).toHaveLength(1);
		expect(answer.body.errors[0]).toMatchObject({ field: `${", ".repeat(50)}...`, message: "There is no such field" });
	});
	it("with unusual field names gets an error for each of them", async () => {
		const names = ["a, b", "", "$&", "{field}", "x.y", "limits.z"];
		const answer = await system.post("/radars", { ...site, ...Object.fromEntries(names.map((name) => [name, 0])) });
		expect(answer.body.errors.map(({ field }) => field)).toEqual(names);
		const nested = await system.post("/radars", { ...site, limits: { "a, b": 1, lightKmh: 0 } });
		expect(nested.body.errors.map(({ field }) => field).toSorted()).toEqual(["limits.a, b", "limits.lightKmh"]);
	});
	it("with many unknown fields gets errors for the first twenty", async () => {
		const answer = small(
			await system.send(
				post(
					"/radars",
					wide((i) => `field${i}`, 8_000),
				),
			),
		);
		expectProblem(answer, 422, "VALIDATION_ERROR");
		expect(answer.body.errors.length).toBe(20);
	});
	it.each<[string, string]>([
		["fields", wide((i) => i.toString(36), MEBIBYTE - 100)],
		["items", `{"limits":[${"0,".repeat(MEBIBYTE / 2 - 100)}0]}`],
		["objects", `{"limits":[${"{},".repeat(MEBIBYTE / 3 - 100)}0]}`],
		["levels", `{"limits":${"[".repeat(MEBIBYTE / 2 - 100)}${"]".repeat(MEBIBYTE / 2 - 100)}}`],
	])("with far too many %s is refused before it is parsed", async (_what, body) => {
		for (const path of ["/radars", "/owners/c-owner/correct", "/detections"])
			expectProblem(small(await system.send(post(path, body)), 1024), 400, "MALFORMED");
	});
	it.each<[string, (length: number) => string]>([
		["a text", (length) => `"name":"${"x".repeat(length)}"`],
		["an id", (length) => `"id":"${"x".repeat(length)}"`],
		["a choice", (length) => `"jurisdiction":"${"x".repeat(length)}"`],
		["an instant", (length) => `"from":"${"2".repeat(length)}"`],
		["escapes", (length) => `"road":"${"\\u0001".repeat(length / 6)}"`],
		["halves of characters", (length) => `"road":"${"\\ud800".repeat(length / 6)}"`],
		["replacement patterns of messages", (length) => `"jurisdiction":"${"$&{actual}{field}".repeat(length / 17)}"`],
		["a number", (length) => `"sectionMeters":${"9".repeat(length)}`],
	])("that consists mostly of %s gets a short error", async (_what, field) => {
		expectProblem(small(await system.send(post("/radars", filled(field)))), 422, "VALIDATION_ERROR");
	});
});

describe("many lines", () => {
	it("with large errors get a bounded response, and the process survives", async () => {
		const separators = `{${JSON.stringify(", ".repeat(32_000))}:0}`;
		const lines = [
			...Array.from({ length: 400 }, () => separators),
			...Array.from({ length: 100 }, () => wide((i) => i.toString(36), 60_000)),
		];
		const { body } = small(answered(200, await system.ndjson(lines)), 300 * 1024);
		expect(body).toMatchObject({ received: 500, refused: 500 });
		expect(body.errors).toHaveLength(100);
	});
	it("with many long errors are reported as far as they fit", async () => {
		const fields = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}`.padEnd(120, "\u0001"), 0]));
		const right = { radar: "\u0001".repeat(900), plate: "", country: "\u0001".repeat(900), speedKmh: "x".repeat(900), capturedAt: noon };
		const { body, text } = answered(200, await system.ndjson(Array.from({ length: 300 }, () => ({ ...right, ...fields }))));
		expect(body).toMatchObject({ refused: 300 });
		expect(Buffer.byteLength(text)).toBeLessThan(300 * 1024);
		expect(body.errors.length).toBeGreaterThan(5);
		expect(body.errors.map(({ line }) => line)).toEqual(body.errors.map((_, n) => n + 1));
	});
});

describe("repeated input", () => {
	it("of a query, a header or a path is cut", async () => {
		const long = "x".repeat(14_000);
		const encoded = "%00".repeat(4_000);
		const paths = ["/radars", "/radars/c-radar/history", "/vehicles/FR-AB-100-CD/holder", "/live", "/owners/c-owner/infractions"];
		const asked = paths.flatMap((path) => [
			`${path}?${long}=1`,
			`${path}?after=${long}&sort=${encoded}`,
			`${path}?at=${long}&types=${long}`,
		]);
		const answers = await Promise.all(
			[
				...asked.map((path) => system.get(path)),
				...[`/radars/${long}`, `/radars/${encoded}`, `/${long}`].map((path) => system.get(path)),
				...["x-position", "last-event-id"].flatMap((name) => ["/radars", "/live"].map((path) => system.get(path, { [name]: long }, 2_000))),
				...["if-match", "idempotency-key"].map((name) => system.post("/radars/c-radar/describe", { name: "x" }, { [name]: long })),
				system.send(post("/radars", "{}", { "content-type": long })),
				system.send(post("/detections", "{}", { "content-encoding": long, "content-type": "application/x-ndjson" })),
				system.send({ ...post(`/radars?${long}=2`, "{}"), headers: json }),
			].map((answer) => answer.catch(() => null)),
		); // an open live feed does not end
		for (const answer of answers) if (answer) small(answer, 4 * 1024);
	});
	it("of a radar file is cut in each line", async () => {
		const header = "id,type,latitude,longitude";
		const lines = Array.from({ length: 2_000 }, (_, i) => `i${i},${"\u0001".repeat(5_000)},1,1`);
		const { body, text } = answered(200, await system.csv([header, ...lines].join("\n")));
		expect(body).toMatchObject({ imported: 0, rejected: 2_000 });
		expect(Buffer.byteLength(text)).toBeLessThan(300 * 1024);
		expect(body.errors.map(({ line }) => line)).toEqual(body.errors.map((_, n) => n + 2));
		expectProblem(small(await system.csv(`${"x".repeat(1_000_000)}\n`)), 422, "VALIDATION_ERROR");
	});
	it("does not affect the system", async () => {
		expect(await faults(system, [{ path: "/radars/c-radar" }], true)).toEqual([]);
	});
});
