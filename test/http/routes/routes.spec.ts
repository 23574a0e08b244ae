/** The routes of infractions, and behavior of all routes: missing actors, health, metrics, and a restart. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System } from "../../support/system.ts";
import {
	answered,
	caughtUp,
	detect,
	expectAnswer,
	expectProblem,
	factsOf,
	holderIn,
	infraction,
	noon,
	ownerOf,
	plate,
	radarInService,
	rowAfter,
	sameInstant,
	since2000,
} from "../scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

describe("an infraction", () => {
	it("has everything that a judge needs, and can be cancelled once", async () => {
		await radarInService(system, "r-case", { latitude: 44.1, longitude: 3.2, road: "N88" });
		await ownerOf(system, "o-case", [plate(30)]);
		await detect(system, { id: "d-case", radar: "r-case", plate: plate(30), speedKmh: 150 });
		const row = await infraction(system, "d-case");
		expect(row).toMatchObject({
			id: "d-case",
			detection: "d-case",
			radar: "r-case",
			vehicle: `FR-${plate(30)}`,
			plate: plate(30),
			country: "FR",
			occurredAt: sameInstant(noon),
			speedKmh: 150,
			retainedKmh: 142,
			limitKmh: 110,
			excessKmh: 32,
			class: 4,
			amounts: { reducedMinor: 9000, standardMinor: 13500, increasedMinor: 37500, currency: "EUR" },
			points: 3,
			holder: "o-case",
			status: "open",
			site: { latitude: 44.1, longitude: 3.2, road: "N88" },
		});
		expect(row["pack"]).toBeTruthy();
		const answer = await system.post("/infractions/d-case/cancel", { reason: "stolen vehicle" });
		expectAnswer(answer, { status: 200, id: "d-case" });
		expect(await rowAfter(system, "/infractions/d-case", answer)).toMatchObject({ status: "cancelled" });
		expect(answered(200, await system.post("/infractions/d-case/cancel", { reason: "stolen vehicle" })).body.version).toBe(
			answer.body.version,
		);
		expect(await factsOf(system, "/infractions/d-case")).toContain("infraction.cancelled");
		expectProblem(await system.post("/infractions/nobody/cancel", { reason: "x" }), 404, "INFRACTION_UNKNOWN");
	});

	it.each(["", "/d-inner/open", "/d-inner/identify", "/d-inner/reassign"])(
		"cannot be opened or changed by a client (POST /infractions%s)",
		async (path) => {
			expect([404, 405]).toContain((await system.post(`/infractions${path}`, { holder: "o" })).status);
		},
	);
});

describe("the system", () => {
	it.each(["radars", "detections", "owners", "vehicles", "infractions"])("does not find a missing actor: %s", async (plural) => {
		expectProblem(await system.get(`/${plural}/nobody-of-this-name`), 404);
		expectProblem(await system.get(`/${plural}/nobody-of-this-name/history`), 404);
		expectProblem(await system.post(`/${plural}/nobody-of-this-name/no-such-command`), 404);
	});

	it("reports its health and its metrics", async () => {
		for (const path of ["/health/live", "/health/ready"]) answered(200, await system.get(path));
		const metrics = answered(200, await system.get("/metrics"));
		expect(metrics.headers["content-type"]).toMatch(/^text\/plain/);
		expect(metrics.text).toMatch(/^# (HELP|TYPE) \w+/m);
	});

	it("keeps everything over a restart", async () => {
		const lists = ["/radars", "/detections", "/owners", "/vehicles", "/infractions"];
		await caughtUp(system);
		const before = await Promise.all(lists.map((list) => system.rows(list)));
		expect(await system.stop()).toBe(0);
		await system.up();
		expect(await Promise.all(lists.map((list) => system.rows(list)))).toEqual(before);
		expect(holderIn(await system.get(`/vehicles/FR-${plate(30)}/holder?at=${since2000}`))).toBe("o-case");
	});
});

describe("a preflight", () => {
	it("does not execute its command", async () => {
		await radarInService(system, "r-preflight");
		const headers = { origin: "https://example.org", "access-control-request-method": "POST" };
		expect((await system.send({ method: "OPTIONS", path: "/radars/r-preflight/retire", headers })).status).toBe(204);
		const { status, version } = answered(200, await system.get("/radars/r-preflight/history")).body;
		expect([status, version]).toEqual([undefined, 3]);
	});
});
