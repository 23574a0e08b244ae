/** Vehicles - each vehicle with its current holder and all others. */
import { describe, expect, it } from "@jest/globals";
import type { FactIn } from "../../model/given.ts";
import { NOON } from "../../model/given-facts.ts";
import { about, given } from "../../model/given-rows.ts";
import { vehicle } from "../../services/registration/vehicle.service.ts";
import { vehicles } from "../../services/registration/vehicles.service.ts";
import { car, day, deregistered, later, registered, revised, transferred } from "../grammar/words.ts";

const id = "FR-AB-123-CD";
const after = (...facts: readonly FactIn<typeof vehicle>[]) => given(vehicles, about(vehicle, id, ...facts));

describe("the row of a vehicle", () => {
	it("has the registered details, with one holder since the beginning of time", () =>
		after(registered()).then({
			id,
			version: 1,
			...car,
			plate: "AB-123-CD",
			country: "FR",
			owner: "ada",
			status: "registered",
			holders: [{ owner: "ada", from: null }],
		}));
	it("has the holder at the instant of the read, and all holders in order, in half-open periods", () => {
		const sold = after(registered(), transferred("cy", day(30)), transferred("bob", day(10)));
		const holders = [
			{ owner: "ada", from: null, to: day(10) },
			{ owner: "bob", from: day(10), to: day(30) },
			{ owner: "cy", from: day(30) },
		];
		sold.at(later(day(10), -1)).thenHas({ owner: "ada", holders });
		sold.at(day(10)).thenHas({ owner: "bob", holders });
		sold.at(later(day(30), -1)).thenHas({ owner: "bob", holders });
		sold.at(day(30)).thenHas({ owner: "cy", holders });
	});
	it("has no holder from its deregistration until it is registered again", () => {
		const gone = after(registered(), deregistered(day(10)), registered({ owner: "bob", from: day(20), model: "R5" }));
		gone.at(day(9)).thenHas({ owner: "ada", status: "registered" });
		gone.at(day(10)).thenHas({ owner: null, status: "deregistered" });
		gone.at(day(20)).thenHas({
			owner: "bob",
			status: "registered",
			model: "R5",
			holders: [
				{ owner: "ada", from: null, to: day(10) },
				{ owner: "bob", from: day(20) },
			],
		});
	});
	it("has the last hundred holders, and a mark for earlier ones", () => {
		const sales = Array.from({ length: 300 }, (_, n) => transferred(`owner-${n}`, later(NOON, n - 300)));
		const many = after(registered(), ...sales).at(day(2));
		many.thenHas({ owner: "owner-299", earlierHolders: true });
		expect(many.shown?.holders).toHaveLength(101);
		after(registered(), ...sales.slice(0, 50)).thenHas({ earlierHolders: undefined });
	});
	it("is corrected in the given fields", () =>
		after(registered(), revised({ model: "R5" }), revised({ fiscalPower: 5 })).thenHas({
			brand: "Renault",
			model: "R5",
			fiscalPower: 5,
			version: 3,
		}));
	it("is read again when the holder changes without a new fact", () => {
		const sold = after(registered(), transferred("bob", day(10)));
		sold.at(later(day(10), -1)).thenChangesAt(day(10));
		sold.at(day(10)).thenNeverChanges();
	});
});
