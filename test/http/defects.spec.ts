/**
 * Known defects of other implementations, with the numbers of the domain's list: each test fails if this system has the same defect.
 * Number 16 needs the sealing of personal data first.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, System } from "../support/system.ts";
import {
	amountsOf,
	answered,
	caughtUp,
	certificate,
	commits,
	detect,
	expectNoInfraction,
	expectProblem,
	infraction,
	noon,
	ownerOf,
	person,
	plate,
	radarInService,
	rowAfter,
	sameInstant,
	seen,
	shifted,
	since2000,
	site,
} from "./scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

describe("known defects", () => {
	it("1: an excess of the limit opens a case that names the radar", async () => {
		await radarInService(system, "r1");
		const { body } = await detect(system, { radar: "r1" });
		expect(await infraction(system, body.id)).toMatchObject({ radar: "r1", detection: body.id });
	});

	it("2: latitude and longitude are both kept, and not exchanged", async () => {
		const made = answered(201, await system.post("/radars", { id: "r2", ...site, latitude: 12.34567, longitude: -123.45678 }));
		expect(await rowAfter(system, "/radars/r2", made)).toMatchObject({ latitude: 12.34567, longitude: -123.45678 });
	});

	it("3: an excess within the tolerance makes no infraction", async () => {
		await radarInService(system, "r3");
		for (const speedKmh of [50, 110, 116]) await expectNoInfraction(system, (await detect(system, { radar: "r3", speedKmh })).body.id);
	});

	it("4: the fine is not zero at and above 50 km/h of excess", async () => {
		await radarInService(system, "r4", { limits: { lightKmh: 50 } });
		const told = new Map([
			[104, "2025-12-28T22:59:59Z"],
			[105, "2025-12-28T22:59:59Z"],
			[106, "2025-12-28T23:00:00Z"],
			[300, "2026-01-01T00:00:00Z"],
		]);
		const cases = await Promise.all(
			[...told].map(async ([speedKmh, capturedAt]) =>
				infraction(system, (await detect(system, { radar: "r4", speedKmh, capturedAt })).body.id),
			),
		);
		expect(cases.map((row) => [row["excessKmh"], row["class"], amountsOf(row)])).toEqual([
			[48, 4, [9000, 13500, 37500, "EUR"]],
			[49, 4, [9000, 13500, 37500, "EUR"]],
			[50, "délit", [25000, 30000, 60000, "EUR"]],
			[235, "délit", [25000, 30000, 60000, "EUR"]],
		]);
	});

	it("5: a radar that is off, or not calibrated, makes no infraction", async () => {
		for (const id of ["r5-off", "r5-bare"]) answered(201, await system.post("/radars", { id, ...site }));
		answered(200, await system.post("/radars/r5-off/calibrate", certificate));
		answered(200, await system.post("/radars/r5-bare/activate", { from: since2000 }));
		for (const radar of ["r5-off", "r5-bare"]) await expectNoInfraction(system, (await detect(system, { radar })).body.id);
	});

	it("6: the fine goes to the holder at the instant of the offence, however late the sale is known", async () => {
		await radarInService(system, "r6");
		await ownerOf(system, "o6-seller", [plate(6)]);
		await ownerOf(system, "o6-buyer");
		for (const [id, ms] of [
			["d6-before", -1],
			["d6-at", 0],
		] as const)
			await detect(system, { id, radar: "r6", plate: plate(6), capturedAt: shifted(noon, ms) });
		expect([(await infraction(system, "d6-before"))["holder"], (await infraction(system, "d6-at"))["holder"]]).toEqual([
			"o6-seller",
			"o6-seller",
		]);
		answered(200, await system.post(`/vehicles/FR-${plate(6)}/transfer`, { owner: "o6-buyer", from: noon }));
		await eventually(async () => expect((await infraction(system, "d6-at"))["holder"]).toBe("o6-buyer"));
		expect((await infraction(system, "d6-before"))["holder"]).toBe("o6-seller");
	});

	it("7: the offence's instant is that of the capture, not of the message", async () => {
		await radarInService(system, "r7");
		const capturedAt = "2019-03-31T02:30:00+01:00";
		expect(await infraction(system, (await detect(system, { radar: "r7", capturedAt })).body.id)).toMatchObject({
			occurredAt: sameInstant(capturedAt),
		});
	});

	it("8: detections do not grow the radar's own stream", async () => {
		await radarInService(system, "r8");
		await eventually(async () => expect((await system.get("/radars/r8")).body.version).toBe(3));
		const sent = Array.from({ length: 300 }, (_, n) => ({
			id: `d8-${n}`,
			radar: "r8",
			plate: plate(n),
			country: "FR",
			speedKmh: 150,
			capturedAt: noon,
		}));
		answered(200, await system.ndjson(sent));
		await eventually(async () => expect((await system.get("/radars/r8")).body["detections"]).toBe(300));
		expect((await system.get("/radars/r8")).body.version).toBe(3);
		expect(commits(await system.get("/radars/r8/history"))).toHaveLength(3);
	});

	it("9: a change is recorded as a change and a retirement as a retirement, in the row and in the history", async () => {
		answered(201, await system.post("/radars", { id: "r9", ...site }));
		answered(200, await system.post("/radars/r9/describe", { name: "changed" }));
		const end = answered(200, await system.post("/radars/r9/retire", {}));
		expect(await rowAfter(system, "/radars/r9", end)).toMatchObject({ name: "changed", status: "retired" });
		expect(JSON.stringify(commits(await system.get("/radars/r9/history"))).match(/radar\.(installed|described|retired)"/g)).toHaveLength(3);
		expectProblem(await system.post("/radars/r9/activate", {}), 409);
	});

	it("10: the read side shows everything that the command side accepts", async () => {
		const extreme = {
			...site,
			id: "x".repeat(64),
			name: "é".repeat(200),
			road: "道",
			latitude: -90,
			longitude: 180,
			limits: { lightKmh: 400, heavyKmh: 1 },
			sectionMeters: 1,
		};
		const made = answered(201, await system.post("/radars", extreme));
		expect(await rowAfter(system, `/radars/${extreme.id}`, made)).toMatchObject(extreme);
		expect((await system.rows("/radars")).map(({ id }) => id)).toContain(extreme.id);
		const owner = answered(
			201,
			await system.post("/owners", { ...person, id: "o10", name: 'O\'Brien "the" <b>\u{1F600}', birthDate: "1900-01-01" }),
		);
		expect(await rowAfter(system, "/owners/o10", owner)).toMatchObject({ name: 'O\'Brien "the" <b>\u{1F600}', birthDate: "1900-01-01" });
	});

	it("11: a restart keeps all rows", async () => {
		await caughtUp(system);
		const before = await Promise.all(["/radars", "/infractions"].map((list) => system.rows(list)));
		await system.restart();
		expect(await Promise.all(["/radars", "/infractions"].map((list) => system.rows(list)))).toEqual(before);
	});

	it("12: the link between the contexts works, also after a restart", async () => {
		await radarInService(system, "r12");
		await ownerOf(system, "o12", [plate(12)]);
		for (const id of ["d12-before", "d12-after"]) {
			await detect(system, { id, radar: "r12", plate: plate(12) });
			expect(await infraction(system, id)).toMatchObject({ holder: "o12" });
			await system.restart();
		}
	});

	it("13: no command writes a field that is not its own, such as the id", async () => {
		const owner = await ownerOf(system, "o13");
		for (const more of [{ id: "o13-other" }, { version: 9 }, { status: "gone" }, { holder: "x" }])
			expectProblem(await system.post("/owners/o13/correct", { name: "New", ...more }), 422, "VALIDATION_ERROR");
		for (const method of ["PATCH", "PUT", "DELETE"]) {
			const answer = await system.send({
				method,
				path: "/owners/o13",
				headers: { "content-type": "application/json" },
				body: JSON.stringify({ name: "New" }),
			});
			expect([404, 405]).toContain(answer.status);
		}
		expect(answered(200, await system.get("/owners/o13", seen(owner))).body["name"]).toBe(person.name);
	});

	it("14: nothing is made up for a radar that does not exist", async () => {
		expectProblem(
			await system.post("/detections", { id: "d14", radar: "r14", plate: plate(14), country: "FR", speedKmh: 150, capturedAt: noon }),
			404,
			"RADAR_UNKNOWN",
		);
		expectProblem(await system.get("/radars/r14"), 404);
		await expectNoInfraction(system, "d14");
	});

	it("15: the same message delivered again, on either route, creates one infraction", async () => {
		await radarInService(system, "r15");
		const passage = { id: "d15", radar: "r15", plate: plate(15), country: "FR", speedKmh: 150, capturedAt: noon };
		answered(201, await system.post("/detections", passage));
		answered(200, await system.post("/detections", passage));
		expect(answered(200, await system.ndjson([passage, passage])).body).toMatchObject({
			received: 2,
			recorded: 0,
			duplicates: 2,
			refused: 0,
		});
		await caughtUp(system);
		expect(await system.rows("/infractions?radar=r15")).toHaveLength(1);
		expect((await system.get("/radars/r15")).body).toMatchObject({ detections: 1, qualified: 1 });
	});

	it("17: a stopped context does not stop others, and catches up after its restart", async () => {
		await radarInService(system, "r17");
		await ownerOf(system, "o17", [plate(17)]);
		await system.restart({ SERVICES: "radar,registration,identity,gateway" });
		answered(
			201,
			await system.post("/detections", { id: "d17", radar: "r17", plate: plate(17), country: "FR", speedKmh: 150, capturedAt: noon }),
		);
		answered(200, await system.get("/radars/r17"));
		expect((await system.get("/infractions")).status).toBeGreaterThanOrEqual(400);
		await system.restart({});
		expect(await infraction(system, "d17")).toMatchObject({ holder: "o17" });
	});
});
