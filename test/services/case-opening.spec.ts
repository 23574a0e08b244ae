/** CaseOpening - every qualified detection becomes a case of the owner who held the vehicle then, however late the holder is known. */
import { describe, it } from "@jest/globals";
import type { FactIn } from "../../model/given.ts";
import { about, given } from "../../model/given-work.ts";
import { type Commands, send } from "../../model/index.ts";
import { caseOpening } from "../../services/infraction/case-opening.service.ts";
import { infraction } from "../../services/infraction/infraction.service.ts";
import { detection } from "../../services/radar/detection.service.ts";
import { vehicle } from "../../services/registration/vehicle.service.ts";
import {
	cancelled,
	day,
	deregistered,
	discarded,
	identified,
	later,
	opened,
	opening,
	qualified,
	reassigned,
	recorded,
	registered,
	transferred,
} from "../grammar/words.ts";

const PLATE = "FR-AB-123-CD";
const seen = (passage: Parameters<typeof recorded>[0] = {}) => about(detection, "D1", [recorded(passage), qualified()]);
const says = (...facts: readonly FactIn<typeof vehicle>[]) => about(vehicle, PLATE, ...facts);
const isNow = (...facts: readonly FactIn<typeof infraction>[]) => about(infraction, "D1", ...facts);

/** The first registration of the vehicle is the basis of its holder. */
const BASIS = "registration:0:1";
const opens = (changes: Partial<Commands["infraction.open"]> = {}) => send("infraction.open", { id: "D1", ...opening, ...changes }, "open");
const identifies = (holder: string, cause = "1") => send("infraction.identify", { id: "D1", holder, basis: BASIS }, cause);
const reassigns = (holder: string | null, cause = "1", basis = BASIS) => send("infraction.reassign", { id: "D1", holder, basis }, cause);

describe("a qualified detection", () => {
	it("opens a case with a copy of all that was judged", () =>
		given(caseOpening)
			.when(seen())
			.then(
				send(
					"infraction.open",
					{
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
					"open",
				),
			));
	it("opens it for the holder at the instant of capture, to the millisecond, in any order of arrival", () => {
		const sold = says(registered(), transferred("bob", day(10)));
		const before = later(day(10), -1);
		given(caseOpening)
			.when(sold, seen({ capturedAt: before }))
			.inAnyOrder()
			.then(opens({ holder: "ada", occurredAt: before }));
		given(caseOpening)
			.when(sold, seen())
			.inAnyOrder()
			.then(opens({ holder: "bob" }));
	});
	it("opens it without a holder if the vehicle had none then", () => {
		const none = opens({ holder: null });
		given(caseOpening)
			.when(says(registered({ from: day(11) })), seen())
			.inAnyOrder()
			.then(none);
		given(caseOpening)
			.when(says(registered(), deregistered(day(10))), seen())
			.inAnyOrder()
			.then(none);
		given(caseOpening)
			.when(says(registered(), deregistered(day(10)), registered({ owner: "bob", from: day(12) })), seen({ capturedAt: day(12) }))
			.inAnyOrder()
			.then(opens({ holder: "bob", occurredAt: day(12) }));
	});
	it("with an impossible plate opens a case that never gets a holder", () =>
		given(caseOpening)
			.when(says(registered()), seen({ plate: "A?-123" }))
			.inAnyOrder()
			.then(opens({ vehicle: null, plate: "A?-123", holder: null })));
	it("from another country belongs to another vehicle, even with the same plate", () =>
		given(caseOpening)
			.when(says(registered()), seen({ country: "IT" }))
			.inAnyOrder()
			.then(opens({ vehicle: "IT-AB-123-CD", country: "IT", holder: null })));
	it("needs no command once the case is up to date", () => {
		given(caseOpening).when(says(registered()), seen(), isNow(opened())).inAnyOrder().thenNothing();
		given(caseOpening)
			.when(seen(), isNow(opened({ holder: null })))
			.inAnyOrder()
			.thenNothing();
	});
	it("that was discarded needs no command", () => {
		given(caseOpening)
			.when(about(detection, "D1", [recorded(), discarded("NO_LIMIT")]))
			.thenNothing();
		given(caseOpening).when(isNow(opened())).thenNothing();
	});
});

describe("an open case", () => {
	const when = (...facts: readonly FactIn<typeof infraction>[]) =>
		given(caseOpening)
			.when(seen(), isNow(...facts), says(registered()))
			.inAnyOrder();
	it("is identified when a registration of the vehicle arrives", () => when(opened({ holder: null })).then(identifies("ada")));
	it("is reassigned when another owner held the vehicle", () => when(opened({ holder: "bob" })).then(reassigns("ada")));
	it("is reassigned to no holder when the vehicle had none", () =>
		given(caseOpening)
			.when(seen(), isNow(opened()), says(registered(), deregistered(day(5))))
			.inAnyOrder()
			.then(reassigns(null, "1", "registration:0:2")));
	it("gives every move another cause, so that two moves never count as one", () => {
		when(opened({ holder: null }), identified("bob")).then(reassigns("ada", "2"));
		when(opened({ holder: null }), identified("bob"), reassigned("cy")).then(reassigns("ada", "3"));
		when(opened({ holder: null }), identified("bob"), reassigned(null)).then(identifies("ada", "3"));
	});
	it("does not move for a sale that leaves the holder at the capture unchanged", () => {
		const bought = given(caseOpening, says(registered()), seen(), isNow(opened()));
		bought.when(says(transferred("bob", later(day(10), 1)))).thenNothing();
		bought.when(says(transferred("ada", day(8)), transferred("bob", day(5)))).thenNothing();
	});
	it("does not move once it is cancelled", () => when(opened({ holder: "bob" }), cancelled()).thenNothing());
});
