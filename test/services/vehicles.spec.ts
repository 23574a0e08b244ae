/** Vehicles - each vehicle with its current holder and all others. */
import { describe, expect, it } from "@jest/globals";
import type { FactIn } from "../../model/given.ts";
import { vehicle } from "../../services/registration/vehicle.service.ts";
import { vehicles } from "../../services/registration/vehicles.service.ts";
import { START } from "../grammar/lives.ts";
import { rowOf, told } from "../grammar/reading.ts";
import { car, day, deregistered, later, registered, revised, transferred } from "../grammar/words.ts";

const id = "FR-AB-123-CD";
const at = (now: string, ...facts: readonly FactIn<typeof vehicle>[]) =>
	rowOf(vehicles, id, now, ...facts.map((fact) => told(vehicle, id, fact)));

describe("the row of a vehicle", () => {
	it("has the registered details, with one holder since the beginning of time", async () =>
		expect(await at(day(1), registered())).toEqual({
			id,
			version: 1,
			...car,
			plate: "AB-123-CD",
			country: "FR",
			owner: "ada",
			status: "registered",
			holders: [{ owner: "ada", from: null }],
		}));
	it("has the holder at the instant of the read, and all holders in order, in half-open periods", async () => {
		const sold = [registered(), transferred("cy", day(30)), transferred("bob", day(10))] as const;
		const holders = [
			{ owner: "ada", from: null, to: day(10) },
			{ owner: "bob", from: day(10), to: day(30) },
			{ owner: "cy", from: day(30) },
		];
		expect(await at(later(day(10), -1), ...sold)).toMatchObject({ owner: "ada", holders });
		expect(await at(day(10), ...sold)).toMatchObject({ owner: "bob", holders });
		expect(await at(later(day(30), -1), ...sold)).toMatchObject({ owner: "bob", holders });
		expect(await at(day(30), ...sold)).toMatchObject({ owner: "cy", holders });
	});
	it("has no holder from its deregistration until it is registered again", async () => {
		const gone = [registered(), deregistered(day(10)), registered({ owner: "bob", from: day(20), model: "R5" })] as const;
		expect(await at(day(9), ...gone)).toMatchObject({ owner: "ada", status: "registered" });
		expect(await at(day(10), ...gone)).toMatchObject({ owner: null, status: "deregistered" });
		expect(await at(day(20), ...gone)).toMatchObject({
			owner: "bob",
			status: "registered",
			model: "R5",
			holders: [
				{ owner: "ada", from: null, to: day(10) },
				{ owner: "bob", from: day(20) },
			],
		});
	});
	it("has the last hundred holders, and a mark for earlier ones", async () => {
		const sales = Array.from({ length: 300 }, (_, n) => transferred(`owner-${n}`, later(START, n - 300)));
		const row = await at(day(2), registered(), ...sales);
		expect(row).toMatchObject({ owner: "owner-299", earlierHolders: true });
		expect((row as { holders: readonly object[] }).holders).toHaveLength(101);
		expect(await at(day(2), registered(), ...sales.slice(0, 50))).not.toHaveProperty("earlierHolders");
	});
	it("is corrected in the given fields", async () =>
		expect(await at(day(1), registered(), revised({ model: "R5" }), revised({ fiscalPower: 5 }))).toMatchObject({
			brand: "Renault",
			model: "R5",
			fiscalPower: 5,
			version: 3,
		}));
	it("is read again when the holder changes without a new fact", () => {
		const holders = [
			{ from: null, value: "ada" },
			{ from: day(10), value: "bob" },
		];
		const row = { vehicle: { ...car, plate: "AB-123-CD", country: "FR" }, holders };
		expect(vehicles.changesAt?.(row, later(day(10), -1))).toBe(day(10));
		expect(vehicles.changesAt?.(row, day(10))).toBeNull();
	});
});
