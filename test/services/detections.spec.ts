/** Detections - every passage, with its outcome and the reason. */
import { describe, expect, it } from "@jest/globals";
import type { FactIn } from "../../model/given.ts";
import { about, given } from "../../model/given-rows.ts";
import { detection } from "../../services/radar/detection.service.ts";
import { detections } from "../../services/radar/detections.service.ts";
import { day, discarded, qualified, recorded } from "../grammar/words.ts";

const judged = (outcome: FactIn<typeof detection>) => given(detections, about(detection, "D1", [recorded(), outcome]));

describe("the row of a detection", () => {
	const passage = {
		id: "D1",
		version: 2,
		radar: "R1",
		plate: "AB-123-CD",
		country: "FR",
		vehicleClass: "light",
		speedKmh: 100,
		capturedAt: day(10),
	} as const;
	it("has its speeds and no reason if it is evidence", () =>
		judged(qualified()).then({ ...passage, status: "qualified", reason: null, limitKmh: 80, retainedKmh: 95, excessKmh: 15 }));
	it("has the reason if it is not evidence, and the speeds if they were compared", () => {
		const nothing = { ...passage, status: "discarded", limitKmh: null, retainedKmh: null, excessKmh: null } as const;
		judged(discarded("NO_LIMIT")).then({ ...nothing, reason: "NO_LIMIT" });
		judged(discarded("WITHIN_TOLERANCE", { limitKmh: 95, retainedKmh: 95 })).then({
			...nothing,
			reason: "WITHIN_TOLERANCE",
			limitKmh: 95,
			retainedKmh: 95,
		});
	});
	it("has filters for radar, plate and status", () =>
		expect(detections.filters).toEqual(expect.arrayContaining(["radar", "plate", "status"])));
});
