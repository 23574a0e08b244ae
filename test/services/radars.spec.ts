/** Radars - the current state of each radar: its equipment, its status, and its counters. */
import { describe, expect, it } from "@jest/globals";
import type { FactIn } from "../../model/given.ts";
import { about, given } from "../../model/given-rows.ts";
import { detection } from "../../services/radar/detection.service.ts";
import { radar } from "../../services/radar/radar.service.ts";
import { radars } from "../../services/radar/radars.service.ts";
import {
	activated,
	calibrated,
	day,
	deactivated,
	described,
	discarded,
	installed,
	later,
	limited,
	qualified,
	recorded,
	relocated,
	retired,
} from "../grammar/words.ts";

const after = (...facts: readonly FactIn<typeof radar>[]) => given(radars, about(radar, "R1", ...facts));
const measured = (id: string, outcome: FactIn<typeof detection>) => about(detection, id, [recorded(), outcome]);

describe("the row of a radar", () => {
	it("has the installed equipment, without any other facts", () =>
		after(installed({ road: "A1" })).then({
			id: "R1",
			version: 1,
			kind: "fixed",
			latitude: 48.85,
			longitude: 2.35,
			road: "A1",
			jurisdiction: "FR",
			limits: { lightKmh: 80 },
			status: "installed",
			certificate: null,
			detections: 0,
			qualified: 0,
		}));
	it("has the optional fields if they were given", () => {
		const optional = { name: "Bridge", direction: "Lille", sectionMeters: 900, limits: { heavyKmh: 60 } };
		after(installed(optional)).thenHas(optional);
	});
	it("shows the state at the instant of the read, to the millisecond", () => {
		const changed = after(
			installed(),
			limited({ lightKmh: 50, heavyKmh: 40, from: day(10) }),
			relocated({ latitude: 0, longitude: -1, road: "D7", from: day(20) }),
			described({ name: "Bridge", direction: "Lille", from: day(30) }),
		);
		changed.at(later(day(10), -1)).thenHas({ limits: { lightKmh: 80 }, latitude: 48.85 });
		changed.at(day(10)).thenHas({ limits: { lightKmh: 50, heavyKmh: 40 }, latitude: 48.85 });
		changed.at(day(20)).thenHas({ latitude: 0, longitude: -1, road: "D7" });
		changed.at(day(30)).thenHas({ name: "Bridge", direction: "Lille", version: 4 });
	});
	it.each([
		[9, "installed"],
		[10, "active"],
		[19, "active"],
		[20, "inactive"],
		[25, "active"],
		[29, "active"],
		[30, "retired"],
		[99, "retired"],
	] as const)("shows whether the radar measures: on day %d it is %s", (n, status) =>
		after(installed(), activated(day(10)), deactivated(day(20)), activated(day(25)), retired(day(30)))
			.at(day(n))
			.thenHas({ status }),
	);
	it("stays retired after later facts about earlier instants, and despite plans for later ones", () => {
		after(installed(), activated(day(35)), retired(day(30)))
			.at(day(40))
			.thenHas({ status: "retired" });
		const late = after(installed(), retired(day(30)), activated(day(10)));
		late.at(day(40)).thenHas({ status: "retired" });
		late.at(day(20)).thenHas({ status: "active" });
	});
	it("has the certificate valid now, of several the one that lasts longest, else the last one", () => {
		const papers = after(
			installed(),
			calibrated(day(10), day(20), "1"),
			calibrated(day(15), day(30), "2"),
			calibrated(day(1), day(5), "3"),
		);
		const numbers = [1, 4, 7, 12, 15, 29, 30].map((n) => papers.at(day(n)).shown?.certificate?.number);
		expect(numbers).toEqual(["3", "3", "2", "1", "2", "2", "2"]);
	});
	it("counts detections and qualified detections", () =>
		given(
			radars,
			about(radar, "R1", installed()),
			measured("D1", qualified()),
			measured("D2", discarded("NO_LIMIT")),
			measured("D3", qualified()),
		).thenHas({ detections: 3, qualified: 2, version: 1 }));
	it("is hidden before the radar is installed, and keeps earlier counts", () => {
		given(radars, measured("D1", qualified())).row("R1").thenNothing();
		given(radars, measured("D1", qualified()), about(radar, "R1", installed())).thenHas({ detections: 1, qualified: 1 });
	});
	it("keeps only a few ended entries, however often it changed, and shows the same as with all of them", () => {
		const minute = (n: number): string => later(day(1), n * 60_000);
		const changes = Array.from({ length: 600 }, (_, n) => [
			n % 2 === 0 ? activated(minute(n)) : deactivated(minute(n)),
			limited({ lightKmh: 50 + (n % 40), from: minute(n) }),
			calibrated(minute(n), minute(n + 1), `C-${n}`),
		]).flat();
		const decidedAt = (instant: string) => given(radars, about(radar, "R1", installed(), ...changes).at(instant));
		const [few, whole] = [decidedAt(minute(600)), decidedAt(minute(0))];
		expect(JSON.stringify(few.stored).length).toBeLessThan(20_000);
		expect(JSON.stringify(whole.stored).length).toBeGreaterThan(100_000);
		for (const n of [600, 601, 5000]) expect(few.at(minute(n)).shown).toEqual(whole.at(minute(n)).shown);
	});
	it("is read again at the instants at which it changes without a fact, and only then", () => {
		const life = after(installed(), activated(day(10)), limited({ lightKmh: 50, from: day(20) }), described({ road: "A2", from: day(15) }));
		life.at(day(1)).thenChangesAt(day(10));
		life.at(later(day(10), -1)).thenChangesAt(day(10));
		life.at(day(10)).thenChangesAt(day(15));
		life.at(day(15)).thenChangesAt(day(20));
		life.at(day(20)).thenNeverChanges();
		after(installed({ from: day(5) }))
			.at(day(1))
			.thenChangesAt(day(5));
		after(installed(), retired(day(5)))
			.at(day(1))
			.thenChangesAt(day(5)); // a clock may be behind the clock of the decision
	});
});
