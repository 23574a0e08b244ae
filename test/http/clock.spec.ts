/** A manual clock: decisions and rows follow it, it survives a restart, and it never goes back. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Answer, eventually, System } from "../support/system.ts";
import { answered, commits, expectProblem, person, radarInService, seen } from "./scenery.ts";

const BEGIN = "2026-01-01T00:00:00.000Z";
const LATER = "2026-03-01T00:00:00.000Z";

describe("a manual clock", () => {
	let system: System;
	beforeAll(async () => void (system = await System.start({ CLOCK: "manual:2026-01-01T01:00:00+01:00" })));
	afterAll(() => system.dispose());
	const advance = (to: unknown): Promise<Answer> => system.post("/clock/advance", { to });
	const clock = async () => answered(200, await system.get("/clock")).body;

	it("stands still at its beginning, also for decisions", async () => {
		expect(await clock()).toEqual({ mode: "manual", now: BEGIN, due: expect.any(Number) });
		const owner = answered(201, await system.post("/owners", { id: "o-1", ...person }));
		expect(commits(await system.get("/owners/o-1/history", seen(owner)))[0]).toMatchObject({ at: BEGIN });
		expect((await clock())["now"]).toBe(BEGIN);
	});
	it("makes rows read differently when it is advanced", async () => {
		await radarInService(system, "r-1");
		const deactivated = answered(200, await system.post("/radars/r-1/deactivate", { from: "2026-02-01T00:00:00Z", reason: "repair" }));
		const status = async (): Promise<unknown> => answered(200, await system.get("/radars/r-1", seen(deactivated))).body["status"];
		expect(await status()).toBe("active");
		expect(answered(200, await advance(LATER)).body).toMatchObject({ mode: "manual", now: LATER });
		expect(await status()).toBe("inactive");
		await eventually(async () => expect(await system.rows("/radars?status=inactive")).toHaveLength(1));
	});
	it("is the same instant again without another fact", async () => {
		answered(200, await advance(LATER));
		expect(commits(await system.get("/clocks/system/history"))).toHaveLength(1);
	});
	it("counts no work once everything is processed", () => eventually(async () => expect((await clock())["due"]).toBe(0)));
	it("never goes back", async () => {
		expectProblem(await advance("2026-02-28T23:59:59.999Z"), 409, "CLOCK_BEHIND");
		expect((await clock())["now"]).toBe(LATER);
	});
	it.each([["tomorrow"], ["2026-04-01"], [5], [null], [undefined]])("refuses what is no instant: %j", async (to) => {
		expectProblem(await advance(to), 422, "VALIDATION_ERROR");
		expect((await clock())["now"]).toBe(LATER);
	});
	it("continues where it was after a restart", async () => {
		await system.restart();
		expect((await clock())["now"]).toBe(LATER);
	});
});

describe("the clock of the machine", () => {
	let system: System;
	beforeAll(async () => void (system = await System.start()));
	afterAll(() => system.dispose());

	it("is shown, and cannot be advanced", async () => {
		const before = new Date().toISOString();
		const { body } = answered(200, await system.get("/clock"));
		expect(body["mode"]).toBe("system");
		expect([before, body["now"], new Date().toISOString()]).toEqual([before, body["now"], new Date().toISOString()].toSorted());
		expectProblem(await system.post("/clock/advance", { to: "2100-01-01T00:00:00Z" }), 409, "CLOCK_NOT_MANUAL");
	});
});
