/** Radar enforcement - the data of a radar at an instant: limits, certificate, service and place. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type FactIn, given } from "../../model/given.ts";
import { radar } from "../../services/radar/radar.service.ts";
import { activated, calibrated, day, deactivated, described, installed, later, limited, relocated, retired } from "../grammar/words.ts";

const at = (instant: string, ...facts: readonly FactIn<typeof radar>[]) =>
	given(radar, installed({ road: "A1" }), ...facts).ask("enforcementAt", { at: instant }).answer;

describe("in service", () => {
	it("is a radar from its activation to its deactivation", () => {
		const on = [activated(day(10)), deactivated(day(20))] as const;
		expect(at(later(day(10), -1), ...on).inService).toBe(false);
		expect(at(day(10), ...on).inService).toBe(true);
		expect(at(later(day(20), -1), ...on).inService).toBe(true);
		expect(at(day(20), ...on).inService).toBe(false);
	});
	it("is not a radar without an activation", () => expect(at(day(10)).inService).toBe(false));
	it("is a radar until it retires, also for later reports of earlier captures", () => {
		const gone = [activated(day(10)), retired(day(20))] as const;
		expect(at(later(day(20), -1), ...gone).inService).toBe(true);
		expect(at(day(20), ...gone).inService).toBe(false);
		expect(at(day(25), activated(day(10)), activated(day(24)), retired(day(20))).inService).toBe(false);
	});
	it("depends on what was recorded, in any order", () => {
		const records = [activated(day(10)), deactivated(day(20)), activated(day(30)), deactivated(day(40))];
		fc.assert(
			fc.property(fc.shuffledSubarray(records, { minLength: 4 }), (shuffled) =>
				[5, 10, 15, 20, 25, 30, 35, 40, 45].every(
					(n) => at(day(n), ...shuffled).inService === ((n >= 10 && n < 20) || (n >= 30 && n < 40)),
				),
			),
		);
	});
	it("follows the last record for the same instant", () => {
		expect(at(day(10), activated(day(10)), deactivated(day(10))).inService).toBe(false);
		expect(at(day(10), deactivated(day(10)), activated(day(10))).inService).toBe(true);
	});
});

describe("certified", () => {
	it("is a radar within [validFrom, validUntil) of any certificate", () => {
		const papers = [calibrated(day(10), day(20)), calibrated(day(15), day(30), "C-2")] as const;
		for (const [instant, certified] of [
			[later(day(10), -1), false],
			[day(10), true],
			[day(20), true],
			[later(day(30), -1), true],
			[day(30), false],
		] as const)
			expect([instant, at(instant, ...papers).certified]).toEqual([instant, certified]);
	});
	it("is not a radar in a gap between two certificates", () =>
		expect(at(day(20), calibrated(day(10), day(20)), calibrated(later(day(20), 1), day(30), "C-2")).certified).toBe(false));
});

describe("the limit", () => {
	it("is that of the instant, from its first millisecond", () => {
		const changed = limited({ lightKmh: 50, from: day(20) });
		expect(at(later(day(20), -1), changed).lightKmh).toBe(80);
		expect(at(day(20), changed).lightKmh).toBe(50);
	});
	it("is inserted if it is backdated, and holds until the next one", () => {
		const late = [limited({ lightKmh: 50, from: day(20) }), limited({ lightKmh: 70, from: day(10) })] as const;
		expect([9, 10, 19, 20].map((n) => at(day(n), ...late).lightKmh)).toEqual([80, 70, 70, 50]);
	});
	it("of heavy vehicles is separate, or none", () => {
		expect(at(day(10)).heavyKmh).toBeNull();
		expect(at(day(10), limited({ heavyKmh: 60, from: day(9) }))).toMatchObject({ lightKmh: 80, heavyKmh: 60 });
	});
	it("is none before the instant of the installation", () => {
		const from = installed({ from: day(10), limits: { lightKmh: 80 } });
		expect(given(radar, from).ask("enforcementAt", { at: later(day(10), -1) }).answer.lightKmh).toBeNull();
		expect(given(radar, from).ask("enforcementAt", { at: day(10) }).answer.lightKmh).toBe(80);
	});
});

describe("the place", () => {
	it("is that of the instant, with the road if there is one", () => {
		const moved = relocated({ latitude: 1, longitude: 2, from: day(20) });
		expect(at(later(day(20), -1), moved).site).toEqual({ latitude: 48.85, longitude: 2.35, road: "A1" });
		expect(at(day(20), moved).site).toEqual({ latitude: 1, longitude: 2, road: "A1" });
		expect(at(day(20), relocated({ latitude: 1, longitude: 2, road: "D7", from: day(20) })).site.road).toBe("D7");
		expect(at(day(30), moved, described({ road: "N3", from: day(25) })).site.road).toBe("N3");
	});
	it("is the first known one before the radar was installed, rather than none", () =>
		expect(given(radar, installed({ from: day(10) })).ask("enforcementAt", { at: day(1) }).answer.site).toEqual({
			latitude: 48.85,
			longitude: 2.35,
			road: null,
		}));
});

describe("the description for an import", () => {
	it("is the current one, without unknown fields", () =>
		expect(
			given(radar, installed({ name: "Bridge", road: "A1", sectionMeters: 900 }), limited({ lightKmh: 50, from: day(20) }))
				.at(day(10))
				.ask("description", {}).answer,
		).toMatchObject({
			kind: "fixed",
			name: "Bridge",
			latitude: 48.85,
			longitude: 2.35,
			road: "A1",
			direction: undefined,
			lightKmh: 80,
			heavyKmh: undefined,
			sectionMeters: 900,
		}));
});
