/** Vehicle - a plate of a country, with exactly one holder at any instant. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type FactIn, given } from "../../model/given.ts";
import { refuse, unknownCode } from "../../model/index.ts";
import { vehicle } from "../../services/registration/vehicle.service.ts";
import { day, deregistered, later, registered, registration, revised, transferred } from "../grammar/words.ts";

const noon = day(100);
const after = (...facts: readonly FactIn<typeof vehicle>[]) =>
	given(vehicle, ...facts)
		.consulting({ owner: true })
		.at(noon);

describe("a vehicle", () => {
	it("is registered from the beginning of time by default", () => {
		after().when("register", registration).then(registered());
		after()
			.when("register", { ...registration, from: day(300) })
			.then(registered({ from: day(300) }));
	});
	it("has its plate in the form of its country, and an id made of both", () => {
		after()
			.when("register", { ...registration, plate: "ab 123 cd" })
			.then(registered());
		after()
			.when("register", { ...registration, plate: "zz-9", country: "IT" })
			.then(registered({ plate: "ZZ-9", country: "IT" }));
		const { identity, normalise } = vehicle.commands.register;
		expect(identity?.({ ...registration, plate: "ab123cd" })).toBe("FR-AB-123-CD");
		expect(normalise?.({ ...registration, plate: "ab123cd" })).toEqual(registration);
	});
	it("is not registered with a plate that its country does not issue", () => {
		for (const plate of ["SS-123-AA", "WW-123-AA", "AA-000-AA", "AI-123-AA", "A"])
			after()
				.when("register", { ...registration, plate })
				.thenRefused("PLATE_MALFORMED", 422);
	});
	it("is not registered to an unknown owner", () =>
		given(vehicle)
			.consulting({ owner: refuse(unknownCode("owner"), "There is no owner ada") })
			.when("register", registration)
			.thenRefused("OWNER_UNKNOWN", 404));
	it("consults the owner before it checks the plate", () =>
		given(vehicle)
			.consulting({ owner: refuse(unknownCode("owner"), "There is no owner ada") })
			.when("register", { ...registration, plate: "A" })
			.thenRefused("OWNER_UNKNOWN", 404));
	it("registered again with the same content is already so, also after a sale or a correction", () => {
		after(registered()).when("register", registration).thenNothing();
		after(registered(), transferred("bob", day(5)), revised({ model: "R5" }))
			.when("register", registration)
			.thenNothing();
		after(registered({ from: day(5) }))
			.when("register", { ...registration, from: day(5) })
			.thenNothing();
	});
	it("is not registered again with other content while it has a holder", () => {
		after(registered())
			.when("register", { ...registration, owner: "bob" })
			.thenRefused("VEHICLE_ALREADY_EXISTS");
		after(registered())
			.when("register", { ...registration, brand: "Citroën" })
			.thenRefused("VEHICLE_ALREADY_EXISTS");
		after(registered())
			.when("register", { ...registration, from: day(5) })
			.thenRefused("VEHICLE_ALREADY_EXISTS");
	});
	it("is unknown to every other command before it is registered", () => {
		after().when("transfer", { owner: "bob" }).thenRefused("VEHICLE_UNKNOWN", 404);
		after().when("correct", { model: "R5" }).thenRefused("VEHICLE_UNKNOWN", 404);
		after().when("deregister", {}).thenRefused("VEHICLE_UNKNOWN", 404);
	});
	it("is corrected in the given fields, and records nothing if they are the same", () => {
		after(registered())
			.when("correct", { model: "R5" })
			.then(revised({ model: "R5" }));
		after(registered(), revised({ model: "R5" }))
			.when("correct", { model: "R5", brand: "Renault" })
			.thenNothing();
		after(registered(), deregistered(day(5)))
			.when("correct", { fiscalPower: 5 })
			.then(revised({ fiscalPower: 5 }));
	});
});

describe("a transfer", () => {
	it("holds from now by default, or from an instant in the past or the future", () => {
		after(registered()).when("transfer", { owner: "bob" }).then(transferred("bob", noon));
		for (const from of [day(1), later(noon, 1), day(300)])
			after(registered()).when("transfer", { owner: "bob", from }).then(transferred("bob", from));
	});
	it("to the current holder is already so; with a date only the same record is", () => {
		after(registered()).when("transfer", { owner: "ada" }).thenNothing();
		after(registered(), transferred("bob", day(5)))
			.when("transfer", { owner: "bob", from: day(5) })
			.thenNothing();
		after(registered(), transferred("bob", day(5)))
			.when("transfer", { owner: "bob", from: day(6) })
			.then(transferred("bob", day(6)));
	});
	it("to an unknown owner is refused", () =>
		given(vehicle, registered())
			.consulting({ owner: refuse(unknownCode("owner"), "There is no owner bob") })
			.when("transfer", { owner: "bob" })
			.thenRefused("OWNER_UNKNOWN", 404));
	it("is refused if the vehicle is deregistered at that instant, but not before or after", () => {
		const gone = after(registered(), deregistered(day(10)), registered({ from: day(20), owner: "cy" }));
		gone.when("transfer", { owner: "bob", from: later(day(10), -1) }).then(transferred("bob", later(day(10), -1)));
		gone.when("transfer", { owner: "bob", from: day(10) }).thenRefused("VEHICLE_DEREGISTERED");
		gone.when("transfer", { owner: "bob", from: later(day(20), -1) }).thenRefused("VEHICLE_DEREGISTERED");
		gone.when("transfer", { owner: "bob", from: day(20) }).then(transferred("bob", day(20)));
	});
	it("before the first holder is accepted", () =>
		after(registered({ from: day(20) }))
			.when("transfer", { owner: "bob", from: day(5) })
			.then(transferred("bob", day(5))));
});

describe("a deregistered vehicle", () => {
	const gone = [registered(), deregistered(day(50))] as const;
	it("is deregistered once, from now or from the given instant", () => {
		after(registered()).when("deregister", {}).then(deregistered(noon));
		after(registered())
			.when("deregister", { from: day(5) })
			.then(deregistered(day(5)));
		after(...gone)
			.when("deregister", {})
			.thenNothing();
		after(...gone)
			.when("deregister", { from: day(50) })
			.thenNothing();
	});
	it("is registered again from now, or from an instant without a holder", () => {
		after(...gone)
			.when("register", registration)
			.then(registered({ from: noon }));
		after(...gone)
			.when("register", { ...registration, owner: "bob", from: day(50) })
			.then(registered({ owner: "bob", from: day(50) }));
		after(...gone)
			.when("register", { ...registration, from: later(day(50), -1) })
			.thenRefused("VEHICLE_ALREADY_EXISTS");
	});
	it("records nothing for a repeated registration", () => {
		after(...gone, registered({ from: day(60) }))
			.when("register", registration)
			.thenNothing();
		after(...gone, registered({ from: day(60) }))
			.when("register", { ...registration, from: day(60) })
			.thenNothing();
	});
	it("keeps its earlier holders", () => {
		const line = given(vehicle, ...gone, registered({ owner: "bob", from: day(60) }));
		const at = (instant: string) => line.ask("holderAt", { at: instant }).answer.owner;
		expect([later(day(50), -1), day(50), later(day(60), -1), day(60)].map(at)).toEqual(["ada", null, null, "bob"]);
	});
});

describe("the holder of a vehicle at an instant", () => {
	const sold = [registered(), transferred("cy", day(30)), transferred("bob", day(10))] as const;
	const id = "FR-AB-123-CD";
	it("has a half-open interval, with null for the beginning of time and for no known end", () => {
		const line = given(vehicle, ...sold);
		const at = (instant: string, owner: string, from: string | null, to: string | null) =>
			line.ask("holderAt", { id, at: instant }).thenAnswered({ vehicle: id, at: instant, owner, from, to });
		at(later(day(10), -1), "ada", null, day(10));
		at(day(10), "bob", day(10), day(30));
		at(later(day(30), -1), "bob", day(10), day(30));
		at(day(30), "cy", day(30), null);
	});
	it("is the current one by default", () =>
		given(vehicle, ...sold)
			.at(day(20))
			.ask("holderAt", { id })
			.thenAnswered({ vehicle: id, at: day(20), owner: "bob", from: day(10), to: day(30) }));
	it("is null before the first registration", () =>
		given(vehicle, registered({ from: day(5) }))
			.ask("holderAt", { id, at: later(day(5), -1) })
			.thenAnswered({ vehicle: id, at: later(day(5), -1), owner: null, from: null, to: day(5) }));
	it("does not depend on the order in which sales arrive", () => {
		const sales = [10, 20, 30, 40].map((n) => transferred(`owner-${n}`, day(n)));
		fc.assert(
			fc.property(fc.shuffledSubarray(sales, { minLength: 4 }), fc.integer({ min: 1, max: 50 }), (told, n) => {
				const { owner } = given(vehicle, registered(), ...told).ask("holderAt", { id, at: day(n) }).answer;
				return owner === (n < 10 ? "ada" : `owner-${Math.min(40, n - (n % 10))}`);
			}),
		);
	});
});
