/** Intervention - gives up a parked command: recorded once, with the reason. */
import { describe, it } from "@jest/globals";
import { given } from "../../model/given.ts";
import { intervention } from "../../services/operations/intervention.service.ts";
import { dropped, droppedWork } from "../grammar/words.ts";

const { command, ...why } = droppedWork;
const drop = { id: command, ...why };

describe("an intervention", () => {
	it("gives up one command, with its origin", () => given(intervention).when("drop", drop).then(dropped));
	it("is recorded once", () => given(intervention, dropped).when("drop", drop).thenNothing());
	it("cannot be revoked or get another reason", () =>
		given(intervention, dropped)
			.when("drop", { ...drop, reason: "a mistake" })
			.thenRefused("INTERVENTION_ALREADY_EXISTS"));
});
