/** Infraction - judged once, by the law of the instant of capture; moved while it is open, never after its cancellation. */
import { describe, expect, it } from "@jest/globals";
import { judge } from "../../jurisdictions/index.ts";
import { given } from "../../model/given.ts";
import { infraction } from "../../services/infraction/infraction.service.ts";
import { cancelled, day, identified, later, opened, opening, reassigned } from "../grammar/words.ts";

const basis = "registration:0:1";

describe("an infraction", () => {
	it("is opened with all data for a judge: class, amounts, points and the law they come from", () =>
		given(infraction).when("open", opening).then(opened()));
	it("is opened without a holder if none is known", () =>
		given(infraction)
			.when("open", { ...opening, holder: null, vehicle: null })
			.then(opened({ holder: null, vehicle: null })));
	it("is judged by the law of the instant of the offence, to the millisecond", () => {
		const midnight = "2025-12-28T23:00:00.000Z"; // in Paris, the 29th
		const grave = { ...opening, excessKmh: 50, limitKmh: 45 };
		const of = (occurredAt: string) => opened({ ...grave, occurredAt, ...judge("FR", { ...grave, occurredAt }) });
		given(infraction)
			.when("open", { ...grave, occurredAt: midnight })
			.then(of(midnight));
		given(infraction)
			.when("open", { ...grave, occurredAt: later(midnight, -1) })
			.then(of(later(midnight, -1)));
		expect([of(later(midnight, -1)).data.class, of(midnight).data.class]).toEqual([5, "délit"]);
		expect(of(later(midnight, -1)).data.amounts).toBeNull();
	});
	it("opened again is already so, with any holder and in any later state", () => {
		given(infraction, opened()).when("open", opening).thenNothing();
		given(infraction, opened())
			.when("open", { ...opening, holder: null })
			.thenNothing();
		given(infraction, opened({ holder: null }), identified("bob"), reassigned(null), cancelled())
			.when("open", opening)
			.thenNothing();
	});
	it("is not opened again with other evidence", () => {
		for (const other of [{ speedKmh: 101 }, { detection: "D2" }, { occurredAt: day(11) }, { site: { ...opening.site, road: null } }])
			given(infraction, opened())
				.when("open", { ...opening, ...other })
				.thenRefused("INFRACTION_ALREADY_EXISTS");
	});
	it("is unknown before it is opened", () => {
		given(infraction).when("identify", { holder: "ada", basis }).thenRefused("INFRACTION_UNKNOWN", 404);
		given(infraction).when("reassign", { holder: null, basis }).thenRefused("INFRACTION_UNKNOWN", 404);
		given(infraction).when("cancel", { reason: "" }).thenRefused("INFRACTION_UNKNOWN", 404);
	});
});

describe("an unidentified infraction", () => {
	const nobodys = opened({ holder: null });
	it("becomes open once it is identified", () => {
		given(infraction, nobodys).when("identify", { holder: "ada", basis }).then(identified("ada"));
		given(infraction, nobodys, identified("ada")).when("identify", { holder: "bob", basis }).thenRefused("INFRACTION_OPEN");
		given(infraction, nobodys, identified("ada")).when("identify", { holder: "ada", basis: "registration:0:9" }).thenNothing();
	});
	it("already has no holder", () => given(infraction, nobodys).when("reassign", { holder: null, basis }).thenNothing());
	it("can be reassigned to a holder", () =>
		given(infraction, nobodys).when("reassign", { holder: "bob", basis }).then(reassigned("bob", basis)));
});

describe("an open infraction", () => {
	it("is reassigned to another holder, or to none, and can then be identified again", () => {
		given(infraction, opened()).when("reassign", { holder: "bob", basis }).then(reassigned("bob", basis));
		given(infraction, opened()).when("reassign", { holder: null, basis }).then(reassigned(null, basis));
		given(infraction, opened(), reassigned(null)).when("identify", { holder: "cy", basis }).then(identified("cy"));
	});
	it("is already assigned to its holder, with any basis", () =>
		given(infraction, opened()).when("reassign", { holder: "ada", basis: "registration:0:7" }).thenNothing());
	it("is cancelled once, with a reason", () => {
		given(infraction, opened()).when("cancel", { reason: "emergency vehicle" }).then(cancelled());
		given(infraction, opened({ holder: null }))
			.when("cancel", { reason: "bad picture" })
			.then(cancelled("bad picture"));
		given(infraction, opened(), cancelled()).when("cancel", { reason: "bad picture" }).thenNothing();
	});
});

describe("a cancelled infraction", () => {
	it("does not move", () => {
		given(infraction, opened(), cancelled()).when("reassign", { holder: "bob", basis }).thenRefused("INFRACTION_CANCELLED");
		given(infraction, opened({ holder: null }), cancelled())
			.when("identify", { holder: "bob", basis })
			.thenRefused("INFRACTION_CANCELLED");
	});
});
