/** Intervention - gives up a parked command: recorded once with the reason, and readable for auditors. */
import { describe, expect, it } from "@jest/globals";
import { given } from "../../model/given.ts";
import { intervention } from "../../services/operations/intervention.service.ts";
import { interventions } from "../../services/operations/interventions.service.ts";
import { rowOf, told } from "../grammar/reading.ts";
import { day } from "../grammar/words.ts";

const command = "case-opening/subject/d-1/open";
const why = {
	process: "case-opening",
	work: "d-1",
	action: "infraction.open",
	code: "INFRACTION_ALREADY_EXISTS",
	detail: "There is a infraction d-1 with other content",
	attempts: 1,
	reason: "opened by hand",
};
const drop = { id: command, ...why };
const dropped = { type: "intervention.dropped", data: { ...why, command } } as const;

describe("an intervention", () => {
	it("gives up one command, with its origin", () => given(intervention).when("drop", drop).then(dropped));
	it("is recorded once", () => given(intervention, dropped).when("drop", drop).thenNothing());
	it("cannot be revoked or get another reason", () =>
		given(intervention, dropped)
			.when("drop", { ...drop, reason: "a mistake" })
			.thenRefused("INTERVENTION_ALREADY_EXISTS"));
	it("is shown with its operator and instant", async () =>
		expect(await rowOf(interventions, command, day(1), told(intervention, command, dropped))).toMatchObject({
			id: command,
			...why,
			by: expect.any(String),
			at: expect.any(String),
		}));
});
