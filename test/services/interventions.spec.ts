/** Interventions - the parked commands that operators gave up, for auditors. */
import { it } from "@jest/globals";
import { about, given } from "../../model/given-rows.ts";
import { intervention } from "../../services/operations/intervention.service.ts";
import { interventions } from "../../services/operations/interventions.service.ts";
import { day, dropped, droppedWork } from "../grammar/words.ts";

it("the row of an intervention has its operator and instant", () =>
	given(interventions, about(intervention, droppedWork.command, dropped).at(day(3)).by("op")).then({
		id: droppedWork.command,
		version: 1,
		...droppedWork,
		by: "op",
		at: day(3),
	}));
