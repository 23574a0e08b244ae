/** The routes of owners and vehicles: commands store their content, answers have documented fields, and a vehicle has one holder at a time. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, System, type Row } from "../../support/system.ts";
import {
	answered,
	car,
	detect,
	expectAnswer,
	expectCreated,
	expectProblem,
	factsOf,
	holderIn,
	infraction,
	noon,
	ownerOf,
	person,
	plate,
	radarInService,
	rowAfter,
	sameInstant,
	shifted,
} from "../scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const hour = 3_600_000;

describe("an owner", () => {
	it("is registered with its content, and corrected", async () => {
		const given = { ...person, nationalId: "1840275123456", phone: "+33 1 23 45 67 89", address: "1 rue de la Paix, 75002 Paris" };
		await expectCreated(system, "/owners", "o-given", { id: "o-given", ...given }, given);
		const corrected = {
			name: "Jeanne Durand",
			email: "jd@example.org",
			birthDate: "1984-03-01",
			nationalId: "2840275123456",
			phone: "+33 9",
			address: "2 rue Basse",
		};
		const answer = await system.post("/owners/o-given/correct", corrected);
		expectAnswer(answer, { status: 200, id: "o-given" });
		expect(await rowAfter(system, "/owners/o-given", answer)).toMatchObject({ kind: "person", ...corrected });
		expect(answered(200, await system.post("/owners/o-given/correct", corrected)).body.version).toBe(answer.body.version);
		expect(await factsOf(system, "/owners/o-given")).toEqual(["owner.registered", "owner.corrected"]);
	});

	it("may be a company", async () => {
		await expectCreated(
			system,
			"/owners",
			"o-co",
			{ id: "o-co", kind: "company", name: "Cars & Co", email: "fleet@example.org" },
			{ kind: "company" },
		);
	});

	it("that does not exist cannot be corrected", async () => {
		expectProblem(await system.post("/owners/nobody/correct", { name: "x" }), 404, "OWNER_UNKNOWN");
	});

	it("has the infractions of all vehicles that it held, and no others", async () => {
		await radarInService(system, "r-consult");
		await ownerOf(system, "o-consult", [plate(10), plate(11)]);
		await ownerOf(system, "o-else", [plate(12)]);
		for (const n of [10, 11, 12]) await detect(system, { id: `d-consult-${n}`, radar: "r-consult", plate: plate(n) });
		for (const n of [10, 11, 12]) await infraction(system, `d-consult-${n}`);
		const rows = await system.rows("/owners/o-consult/infractions");
		expect(rows.map(({ id }) => id).sort()).toEqual(["d-consult-10", "d-consult-11"]);
		expect(rows).toEqual(rows.map((row) => ({ ...row, holder: "o-consult", status: "open" })));
	});
});

describe("a vehicle", () => {
	it("is registered under its country and plate, with its holder from the beginning of time", async () => {
		await ownerOf(system, "o-reg");
		await expectCreated(
			system,
			"/vehicles",
			"FR-AB-321-CD",
			{ plate: "ab321cd", ...car, owner: "o-reg" },
			{ ...car, plate: "AB-321-CD", holders: [expect.objectContaining({ owner: "o-reg" })] },
		);
		expect(holderIn(await system.get("/vehicles/FR-AB-321-CD/holder?at=1999-01-01T00:00:00Z"))).toBe("o-reg");
		expect(holderIn(await system.get("/vehicles/FR-AB-321-CD/holder"))).toBe("o-reg");
	});

	it("may have a plate of before 2009, whose id has spaces", async () => {
		await ownerOf(system, "o-fni");
		await expectCreated(system, "/vehicles", "FR-123 AB 45", { plate: "123 AB 45", ...car, owner: "o-fni" }, { plate: "123 AB 45" });
		answered(200, await system.post("/vehicles/FR-123%20AB%2045/correct", { model: "Mégane" }));
	});

	it.each([
		["MA", "2315-A-14"],
		["DE", "B-MW 1234"],
		["IT", "AB-321-CD"],
	])("may be of %s, plate %s", async (country, plate) => {
		await ownerOf(system, `o-${country}`);
		await expectCreated(system, "/vehicles", `${country}-${plate}`, { ...car, country, plate, owner: `o-${country}` }, { country, plate });
	});

	it.each(["SS-123-AA", "WW-123-AA", "AA-000-AA", "AI-123-AA", "AA-123-SS", "123 AB 99", "12345 AB 45", "X"])(
		"is refused with the plate %s, which France never issued",
		async (plate) => {
			await ownerOf(system, `o-plate-${plate.replaceAll(" ", "_")}`);
			expectProblem(await system.post("/vehicles", { ...car, plate, owner: `o-plate-${plate.replaceAll(" ", "_")}` }), 422);
		},
	);

	it("needs an existing owner for its registration and for a transfer", async () => {
		expectProblem(await system.post("/vehicles", { ...car, plate: plate(20), owner: "nobody" }), 404, "OWNER_UNKNOWN");
		await ownerOf(system, "o-sells", [plate(21)]);
		expectProblem(await system.post(`/vehicles/FR-${plate(21)}/transfer`, { owner: "nobody" }), 404, "OWNER_UNKNOWN");
	});

	it.each(["transfer", "correct", "deregister"])("that does not exist refuses %s", async (command) => {
		await ownerOf(system, `o-un-${command}`);
		const body: Record<string, Row> = { transfer: { owner: `o-un-${command}` }, correct: { model: "x" } };
		expectProblem(await system.post(`/vehicles/FR-ZZ-999-ZZ/${command}`, body[command] ?? {}), 404, "VEHICLE_UNKNOWN");
	});

	it("has one holder at every instant: sold, sold at an earlier instant, corrected, taken off the road and registered again", async () => {
		const id = `FR-${plate(22)}`;
		await ownerOf(system, "o-a", [plate(22)]);
		for (const owner of ["o-b", "o-c"]) await ownerOf(system, owner);
		const at = (hours: number): string => shifted(noon, hours * hour);
		const holders = (...hours: number[]): Promise<unknown[]> =>
			Promise.all(hours.map(async (h) => holderIn(await system.get(`/vehicles/${id}/holder?at=${encodeURIComponent(at(h))}`))));
		const commands: readonly [string, Row][] = [
			["transfer", { owner: "o-c", from: at(20) }],
			["transfer", { owner: "o-b", from: at(10) }],
			["correct", { type: "truck", brand: "Iveco", model: "Daily", fiscalPower: 9 }],
		];
		for (const [command, given] of commands) {
			const answer = await system.post(`/vehicles/${id}/${command}`, given);
			expectAnswer(answer, { status: 200, id });
			expect(answered(200, await system.post(`/vehicles/${id}/${command}`, given)).body.version).toBe(answer.body.version);
		}
		const expectHolders = (hours: number[], wanted: unknown[]): Promise<void> =>
			eventually(async () => expect(await holders(...hours)).toEqual(wanted), 5_000);
		await expectHolders([-1, 9.999, 10, 19.999, 20, 99], ["o-a", "o-a", "o-b", "o-b", "o-c", "o-c"]);
		const off = answered(200, await system.post(`/vehicles/${id}/deregister`, { from: at(30) }));
		await expectHolders([29, 30, 31], ["o-c", null, null]);
		expect(await rowAfter(system, `/vehicles/${id}`, off)).toMatchObject({
			type: "truck",
			brand: "Iveco",
			model: "Daily",
			fiscalPower: 9,
			holders: [
				{ owner: "o-a", to: sameInstant(at(10)) },
				{ owner: "o-b", from: sameInstant(at(10)), to: sameInstant(at(20)) },
				{ owner: "o-c", from: sameInstant(at(20)), to: sameInstant(at(30)) },
			],
		});
		expect([200, 201]).toContain((await system.post("/vehicles", { ...car, plate: plate(22), owner: "o-a", from: at(40) })).status);
		await expectHolders([-1, 25, 35, 40, 41], ["o-a", "o-c", null, "o-a", "o-a"]);
	});
});
