/** Radar, asked - what it could enforce at an instant: the limits, the certificate, the service and the place of that instant. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type FactIn, given } from "../../model/given.ts";
import { radar } from "../../services/radar/radar.service.ts";
import { activated, calibrated, day, deactivated, described, installed, later, limited, relocated, retired } from "../grammar/words.ts";

const at = (instant: string, ...facts: readonly FactIn<typeof radar>[]) =>
	given(radar, installed({ road: "A1" }), ...facts).ask("enforcementAt", { at: instant }).answer;

describe("in service", () => {
	it("is a radar from the instant it is activated to the one it is deactivated", () => {
		const on = [activated(day(10)), deactivated(day(20))] as const;
		expect(at(later(day(10), -1), ...on).inService).toBe(false);
		expect(at(day(10), ...on).inService).toBe(true);
		expect(at(later(day(20), -1), ...on).inService).toBe(true);
		expect(at(day(20), ...on).inService).toBe(false);
	});
	it("is no radar that nobody ever activated", () => expect(at(day(10)).inService).toBe(false));
	it("is a radar up to the instant it retired, and for captures of before for ever", () => {
		const gone = [activated(day(10)), retired(day(20))] as const;
		expect(at(later(day(20), -1), ...gone).inService).toBe(true);
		expect(at(day(20), ...gone).inService).toBe(false);
		expect(at(day(25), activated(day(10)), activated(day(24)), retired(day(20))).inService).toBe(false);
	});
	it("is a matter of what is recorded, whatever the order it was recorded in", () => {
		const records = [activated(day(10)), deactivated(day(20)), activated(day(30)), deactivated(day(40))];
		fc.assert(
			fc.property(fc.shuffledSubarray(records, { minLength: 4 }), (shuffled) =>
				[5, 10, 15, 20, 25, 30, 35, 40, 45].every(
					(n) => at(day(n), ...shuffled).inService === ((n >= 10 && n < 20) || (n >= 30 && n < 40)),
				),
			),
		);
	});
	it("is what the last word on the same instant says", () => {
		expect(at(day(10), activated(day(10)), deactivated(day(10))).inService).toBe(false);
		expect(at(day(10), deactivated(day(10)), activated(day(10))).inService).toBe(true);
	});
});

describe("certified", () => {
	it("is a radar in [validFrom, validUntil) of any certificate", () => {
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
	it("is nobody in a gap between two certificates", () =>
		expect(at(day(20), calibrated(day(10), day(20)), calibrated(later(day(20), 1), day(30), "C-2")).certified).toBe(false));
});

describe("the limit", () => {
	it("is the one of the instant, from its first millisecond", () => {
		const changed = limited({ lightKmh: 50, from: day(20) });
		expect(at(later(day(20), -1), changed).lightKmh).toBe(80);
		expect(at(day(20), changed).lightKmh).toBe(50);
	});
	it("that is dated back is inserted, and holds until the next", () => {
		const late = [limited({ lightKmh: 50, from: day(20) }), limited({ lightKmh: 70, from: day(10) })] as const;
		expect([9, 10, 19, 20].map((n) => at(day(n), ...late).lightKmh)).toEqual([80, 70, 70, 50]);
	});
	it("of heavy vehicles is their own, or none", () => {
		expect(at(day(10)).heavyKmh).toBeNull();
		expect(at(day(10), limited({ heavyKmh: 60, from: day(9) }))).toMatchObject({ lightKmh: 80, heavyKmh: 60 });
	});
	it("is none before the instant the radar is installed from", () => {
		const from = installed({ from: day(10), limits: { lightKmh: 80 } });
		expect(given(radar, from).ask("enforcementAt", { at: later(day(10), -1) }).answer.lightKmh).toBeNull();
		expect(given(radar, from).ask("enforcementAt", { at: day(10) }).answer.lightKmh).toBe(80);
	});
});

describe("the place", () => {
	it("is the one of the instant, with the road where one was said", () => {
		const moved = relocated({ latitude: 1, longitude: 2, from: day(20) });
		expect(at(later(day(20), -1), moved).site).toEqual({ latitude: 48.85, longitude: 2.35, road: "A1" });
		expect(at(day(20), moved).site).toEqual({ latitude: 1, longitude: 2, road: "A1" });
		expect(at(day(20), relocated({ latitude: 1, longitude: 2, road: "D7", from: day(20) })).site.road).toBe("D7");
		expect(at(day(30), moved, described({ road: "N3", from: day(25) })).site.road).toBe("N3");
	});
	it("is the first one known before the radar was there, rather than none", () =>
		expect(given(radar, installed({ from: day(10) })).ask("enforcementAt", { at: day(1) }).answer.site).toEqual({
			latitude: 48.85,
			longitude: 2.35,
			road: null,
		}));
});

describe("the description an import compares with", () => {
	it("is of now, and leaves out what nobody said", () =>
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
