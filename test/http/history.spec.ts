/** The history of an actor over HTTP, in pages. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System } from "../support/system.ts";
import { answered, expectProblem, historyOf, site } from "./scenery.ts";

const MANY = 25;
let system: System;
beforeAll(async () => {
	system = await System.start();
	answered(201, await system.post("/radars", { id: "h-1", ...site }));
	for (let n = 2; n <= MANY; n++) answered(200, await system.post("/radars/h-1/describe", { name: `name ${n}` }));
});
afterAll(() => system.dispose());

describe("a history", () => {
	it("has one page if it is short, and no next page", async () => {
		answered(201, await system.post("/radars", { id: "h-2", ...site }));
		const { body } = answered(200, await system.get("/radars/h-2/history"));
		expect(body).toMatchObject({ id: "h-2", version: 1, next: null, rows: [{ version: 1, facts: [{ type: "radar.installed" }] }] });
		expect(Object.keys(body)).toEqual(["id", "version", "rows", "next"]);
	});
	it("has each decision once and in order over all pages", async () => {
		const { body } = answered(200, await system.get("/radars/h-1/history"));
		expect([body.rows.length, body.version]).toEqual([20, 20]);
		const rest = answered(200, await system.get(`/radars/h-1/history?after=${body.next}`)).body;
		expect([rest.rows.map(({ version }) => version), rest.next]).toEqual([[21, 22, 23, 24, 25], null]);
		expect((await historyOf(system, "/radars/h-1")).map(({ version }) => version)).toEqual(Array.from({ length: MANY }, (_, n) => n + 1));
	});
	it("has one page if the page size is exactly its length", async () => {
		const { body } = answered(200, await system.get(`/radars/h-1/history?pageSize=${MANY}`));
		expect([body.rows.length, body.next]).toEqual([MANY, null]);
	});
	it.each(["pageSize=0", "pageSize=101", "pageSize=x", "after=x", "after=", "page=2", "sort=version"])("refuses %s", async (query) =>
		expectProblem(await system.get(`/radars/h-1/history?${query}`), 422, "VALIDATION_ERROR"),
	);
	it("of a missing actor is unknown", async () => expectProblem(await system.get("/radars/h-3/history?pageSize=1"), 404, "RADAR_UNKNOWN"));
});
