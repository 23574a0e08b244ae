/** Infractions - the current state of each case, with everything it was judged by. */
import { describe, expect, it } from "@jest/globals";
import type { FactIn } from "../../model/given.ts";
import { about, given } from "../../model/given-rows.ts";
import { infraction } from "../../services/infraction/infraction.service.ts";
import { infractions } from "../../services/infraction/infractions.service.ts";
import { cancelled, day, identified, opened, reassigned } from "../grammar/words.ts";

const after = (...facts: readonly FactIn<typeof infraction>[]) => given(infractions, about(infraction, "D1", ...facts));

describe("the row of an infraction", () => {
	it("has everything the case was judged by, and nothing else", () =>
		after(opened()).then({
			id: "D1",
			version: 1,
			detection: "D1",
			radar: "R1",
			vehicle: "FR-AB-123-CD",
			plate: "AB-123-CD",
			country: "FR",
			occurredAt: day(10),
			speedKmh: 100,
			retainedKmh: 95,
			limitKmh: 80,
			excessKmh: 15,
			class: 3,
			amounts: { reducedMinor: 4500, standardMinor: 6800, increasedMinor: 18000, currency: "EUR" },
			points: 1,
			pack: "FR@2025-12-29",
			holder: "ada",
			status: "open",
			site: { latitude: 48.85, longitude: 2.35, road: "A1" },
		}));
	it("has no amounts if the law fixes none", () =>
		after(opened({ class: 5, amounts: null, points: 6 })).thenHas({ class: 5, amounts: null, points: 6 }));
	it("is unidentified while no holder is known, and open from then on", () => {
		after(opened({ holder: null })).thenHas({ holder: null, status: "unidentified" });
		after(opened({ holder: null }), identified("ada")).thenHas({ holder: "ada", status: "open", version: 2 });
		after(opened(), reassigned("bob")).thenHas({ holder: "bob", status: "open" });
		after(opened(), reassigned(null)).thenHas({ holder: null, status: "unidentified" });
	});
	it("is cancelled with its reason, and keeps its holder", () =>
		after(opened(), cancelled("bad picture")).thenHas({ status: "cancelled", reason: "bad picture", holder: "ada" }));
	it("has filters for radar, plate, status, holder, vehicle and detection", () =>
		expect(infractions.filters).toEqual(expect.arrayContaining(["radar", "plate", "status", "holder", "vehicle", "detection"])));
});
