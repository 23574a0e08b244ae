/** Bounds: an excessive request gets a short answer soon, whatever it has too much of. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Answer, System } from "../../support/system.ts";
import { json, post } from "../machine/faults.ts";
import { answered, expectProblem, person } from "../scenery.ts";

/** Bytes of a whole answer to a bad request. */
const SHORT = 16 * 1024;
let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const many = <T>(count: number, one: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => one(n));
function expectShort(answer: Answer, status: number, code: string): void {
	expectProblem(answer, status, code);
	expect(answer.text.length).toBeLessThan(SHORT);
	expect(answer.body.errors?.length ?? 0).toBeLessThanOrEqual(20);
}
const fields = (count: number, name = (n: number) => `f${n}`): string =>
	JSON.stringify({ ...person, ...Object.fromEntries(many(count, (n) => [name(n), n])) });
const nested = (depth: number): string => `{"name":${"[".repeat(depth - 1)}1${"]".repeat(depth - 1)}}`;

describe("the answer is short to content", () => {
	it("with as many unknown fields as content may have", async () => {
		expectShort(await system.send(post("/owners", fields(900))), 422, "VALIDATION_ERROR");
		expectShort(
			await system.send(
				post(
					"/owners",
					fields(900, (n) => `${n}`.padEnd(1000, "x")),
				),
			),
			422,
			"VALIDATION_ERROR",
		);
	});
	it("with ten thousand fields", async () => expectShort(await system.send(post("/owners", fields(10_000))), 400, "MALFORMED"));
	it("with a long text in every field", async () => {
		const long = Object.fromEntries(Object.keys(person).map((field) => [field, "x".repeat(200_000)]));
		expectShort(await system.send(post("/owners", JSON.stringify(long))), 422, "VALIDATION_ERROR");
	});
	it("that is nested 16 levels deep, or more", async () => {
		expectShort(await system.send(post("/owners", nested(16))), 422, "VALIDATION_ERROR");
		for (const depth of [17, 100_000]) expectShort(await system.send(post("/owners", nested(depth))), 400, "MALFORMED");
	});
	it("in many lines, all of them wrong", async () => {
		const { text, body } = answered(200, await system.ndjson(many(1000, () => fields(900))));
		expect(body).toMatchObject({ received: 1000, refused: 1000 });
		expect(body.errors.length).toBeLessThanOrEqual(100);
		expect(text.length).toBeLessThan(300 * 1024);
	});
});

describe("the answer is short to a query", () => {
	it.each<[string, string]>([
		["with many parameters", many(1500, (n) => `q${n}=1`).join("&")],
		["with one parameter many times", many(1000, () => "kind=fixed").join("&")],
		["with a long value", `kind=${"x".repeat(15_000)}`],
		["with a long sort", `sort=${many(1500, () => "id").join(",")}`],
		["for a large page", "pageSize=101"],
		["for a page far away", "page=1000000000"],
		["with a long cursor", `after=${"x".repeat(15_000)}`],
	])("%s", async (_what, query) => expectShort(await system.get(`/radars?${query}`), 422, "VALIDATION_ERROR"));
	it("for the live feed of many facts that do not exist", async () =>
		expectShort(await system.get(`/live?types=${many(1000, (n) => `fact.${n}`).join(",")}`), 422, "VALIDATION_ERROR"));
	it("that waits for many positions", async () => {
		const position = many(1000, (n) => `radar:0:${n + 1}`).join(",");
		expectShort(await system.get("/radars", { "x-position": position }), 422, "VALIDATION_ERROR");
	});
});

describe("a connection", () => {
	it.each(["websocket", "h2c", "TLS/1.0"])("is not switched to another protocol, and closes: %s", async (protocol) => {
		const headers = {
			connection: "Upgrade",
			upgrade: protocol,
			"sec-websocket-version": "13",
			"sec-websocket-key": "x3JJHMbDL1EzLkh9GBhXDw==",
		};
		const answer = answered(200, await system.get("/radars", headers));
		expect(answer.headers).toMatchObject({ connection: "close" });
	});
	it("is no mirror: TRACE and unknown methods are refused, and no header returns", async () => {
		for (const method of ["TRACE", "PROPFIND"]) {
			const answer = await system.send({ method, path: "/radars", headers: { ...json, cookie: "vigie=secret" } });
			expect([403, 405]).toContain(answer.status);
			expect(answer.text).not.toContain("secret");
		}
		expectProblem(await system.send({ method: "TRACE", path: "/radars" }), 405, "METHOD_NOT_ALLOWED");
	});
});
