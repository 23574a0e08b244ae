/** CaseOpening - every qualified detection becomes a case of the owner who held the vehicle then, however late the holder is known. */
import { describe, expect, it } from "@jest/globals";
import type { FactIn } from "../../model/given.ts";
import { caseOpening } from "../../services/infraction/case-opening.service.ts";
import { infraction } from "../../services/infraction/infraction.service.ts";
import { detection } from "../../services/radar/detection.service.ts";
import { vehicle } from "../../services/registration/vehicle.service.ts";
import type { Said } from "../grammar/lives.ts";
import { Keeping } from "../grammar/promise.ts";
import { told } from "../grammar/reading.ts";
import {
	cancelled,
	day,
	deregistered,
	discarded,
	identified,
	later,
	opened,
	qualified,
	reassigned,
	recorded,
	registered,
	transferred,
} from "../grammar/words.ts";

const PLATE = "FR-AB-123-CD";
const seen = (capturedAt = day(10), plate = "AB-123-CD") => told(detection, "D1", recorded({ capturedAt, plate }), qualified());
const says = (...facts: readonly FactIn<typeof vehicle>[]) => facts.map((fact) => told(vehicle, PLATE, fact));
const isNow = (...facts: readonly FactIn<typeof infraction>[]) => facts.map((fact) => told(infraction, "D1", fact));

/** The commands that are due after these facts. */
function asksFor(...said: readonly Said[]) {
	const keeping = new Keeping(caseOpening);
	keeping.tellAll(...said);
	return keeping.due("D1").map(({ action, params, cause }) => ({ action, cause, ...params }));
}
const opens = (holder: string | null) => [expect.objectContaining({ action: "infraction.open", id: "D1", holder })];

describe("a qualified detection", () => {
	it("opens a case with a copy of all that was judged", () =>
		expect(asksFor(seen())).toEqual([
			{
				action: "infraction.open",
				cause: "open",
				id: "D1",
				detection: "D1",
				radar: "R1",
				vehicle: PLATE,
				plate: "AB-123-CD",
				country: "FR",
				occurredAt: day(10),
				speedKmh: 100,
				retainedKmh: 95,
				limitKmh: 80,
				excessKmh: 15,
				jurisdiction: "FR",
				site: { latitude: 48.85, longitude: 2.35, road: "A1" },
				holder: null,
			},
		]));
	it("opens it for the holder at the instant of capture, to the millisecond, in any order of arrival", () => {
		const sold = says(registered(), transferred("bob", day(10)));
		expect(asksFor(...sold, seen(later(day(10), -1)))).toEqual(opens("ada"));
		expect(asksFor(...sold, seen(day(10)))).toEqual(opens("bob"));
		expect(asksFor(seen(day(10)), ...sold)).toEqual(opens("bob"));
	});
	it("opens it without a holder if the vehicle had none then", () => {
		expect(asksFor(...says(registered({ from: day(11) })), seen())).toEqual(opens(null));
		expect(asksFor(...says(registered(), deregistered(day(10))), seen())).toEqual(opens(null));
		expect(asksFor(...says(registered(), deregistered(day(10)), registered({ owner: "bob", from: day(12) })), seen(day(12)))).toEqual(
			opens("bob"),
		);
	});
	it("with an impossible plate opens a case that never gets a holder", () =>
		expect(asksFor(...says(registered()), seen(day(10), "A?-123"))).toEqual([
			expect.objectContaining({ vehicle: null, plate: "A?-123", holder: null }),
		]));
	it("from another country belongs to another vehicle, even with the same plate", () =>
		expect(asksFor(...says(registered()), told(detection, "D1", recorded({ country: "IT" }), qualified()))).toEqual([
			expect.objectContaining({ vehicle: "IT-AB-123-CD", holder: null }),
		]));
	it("needs no command once the case is up to date", () => {
		expect(asksFor(...says(registered()), seen(), ...isNow(opened()))).toEqual([]);
		expect(asksFor(...isNow(opened()), ...says(registered()), seen())).toEqual([]);
		expect(asksFor(seen(), ...isNow(opened({ holder: null })))).toEqual([]);
	});
	it("that was discarded needs no command", () => {
		expect(asksFor(told(detection, "D1", recorded(), discarded("NO_LIMIT")))).toEqual([]);
		expect(asksFor(...isNow(opened()))).toEqual([]);
	});
});

describe("an open case", () => {
	const moved = (...facts: readonly FactIn<typeof infraction>[]) => asksFor(seen(), ...isNow(...facts), ...says(registered()));
	it("is identified when a registration of the vehicle arrives", () =>
		expect(moved(opened({ holder: null }))).toEqual([
			{ action: "infraction.identify", cause: "1", id: "D1", holder: "ada", basis: "registration:2:1" },
		]));
	it("is reassigned when another owner held the vehicle", () =>
		expect(moved(opened({ holder: "bob" }))).toEqual([
			{ action: "infraction.reassign", cause: "1", id: "D1", holder: "ada", basis: "registration:2:1" },
		]));
	it("is reassigned to no holder when the vehicle had none", () =>
		expect(asksFor(seen(), ...isNow(opened()), ...says(registered(), deregistered(day(5))))).toMatchObject([
			{ action: "infraction.reassign", holder: null },
		]));
	it("gives every move another cause, so that two moves never count as one", () => {
		expect(moved(opened({ holder: null }), identified("bob"))).toMatchObject([{ action: "infraction.reassign", cause: "2" }]);
		expect(moved(opened({ holder: null }), identified("bob"), reassigned("cy"))).toMatchObject([{ cause: "3" }]);
		expect(moved(opened({ holder: null }), identified("bob"), reassigned(null))).toMatchObject([
			{ action: "infraction.identify", cause: "3" },
		]);
	});
	it("does not move for a sale that leaves the holder at the capture unchanged", () => {
		const bought = [...says(registered()), seen(), ...isNow(opened())];
		expect(asksFor(...bought, ...says(registered(), transferred("bob", later(day(10), 1))))).toEqual([]);
		expect(asksFor(...bought, ...says(registered(), transferred("ada", day(8)), transferred("bob", day(5))))).toEqual([]);
	});
	it("does not move once it is cancelled", () => expect(moved(opened({ holder: "bob" }), cancelled())).toEqual([]));
});
