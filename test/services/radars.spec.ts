/** Radars - the current state of each radar: its equipment, its status, and its counters. */
import { describe, expect, it } from "@jest/globals";
import type { FactIn } from "../../model/given.ts";
import { detection } from "../../services/radar/detection.service.ts";
import { radar } from "../../services/radar/radar.service.ts";
import { radars } from "../../services/radar/radars.service.ts";
import { rowOf, told } from "../grammar/reading.ts";
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

const at = (now: string, ...facts: readonly FactIn<typeof radar>[]) =>
	rowOf(radars, "R1", now, ...facts.map((fact) => told(radar, "R1", fact)));
const measured = (id: string, outcome: FactIn<typeof detection>) => told(detection, id, recorded(), outcome);

describe("the row of a radar", () => {
	it("has the installed equipment, without any other facts", async () =>
		expect(await at(day(1), installed({ road: "A1" }))).toEqual({
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
	it("has the optional fields if they were given", async () =>
		expect(await at(day(1), installed({ name: "Bridge", direction: "Lille", sectionMeters: 900, limits: { heavyKmh: 60 } }))).toMatchObject(
			{ name: "Bridge", direction: "Lille", sectionMeters: 900, limits: { heavyKmh: 60 } },
		));
	it("shows the state at the instant of the read, to the millisecond", async () => {
		const changes = [
			installed(),
			limited({ lightKmh: 50, heavyKmh: 40, from: day(10) }),
			relocated({ latitude: 0, longitude: -1, road: "D7", from: day(20) }),
			described({ name: "Bridge", direction: "Lille", from: day(30) }),
		] as const;
		expect(await at(later(day(10), -1), ...changes)).toMatchObject({ limits: { lightKmh: 80 }, latitude: 48.85 });
		expect(await at(day(10), ...changes)).toMatchObject({ limits: { lightKmh: 50, heavyKmh: 40 }, latitude: 48.85 });
		expect(await at(day(20), ...changes)).toMatchObject({ latitude: 0, longitude: -1, road: "D7" });
		expect(await at(day(30), ...changes)).toMatchObject({ name: "Bridge", direction: "Lille", version: 4 });
	});
	it("shows whether the radar measures", async () => {
		const life = [installed(), activated(day(10)), deactivated(day(20)), activated(day(25)), retired(day(30))] as const;
		const statuses = await Promise.all([9, 10, 19, 20, 25, 29, 30, 99].map(async (n) => at(day(n), ...life)));
		expect(statuses.map((row) => row && "status" in row && row.status)).toEqual([
			"installed",
			"active",
			"active",
			"inactive",
			"active",
			"active",
			"retired",
			"retired",
		]);
	});
	it("stays retired after later facts about earlier instants, and despite plans for later ones", async () => {
		expect(await at(day(40), installed(), activated(day(35)), retired(day(30)))).toMatchObject({ status: "retired" });
		expect(await at(day(40), installed(), retired(day(30)), activated(day(10)))).toMatchObject({ status: "retired" });
		expect(await at(day(20), installed(), retired(day(30)), activated(day(10)))).toMatchObject({ status: "active" });
	});
	it("has the certificate valid now, of several the one that lasts longest, else the last one", async () => {
		const papers = [
			installed(),
			calibrated(day(10), day(20), "1"),
			calibrated(day(15), day(30), "2"),
			calibrated(day(1), day(5), "3"),
		] as const;
		const numbers = await Promise.all([1, 4, 7, 12, 15, 29, 30].map(async (n) => at(day(n), ...papers)));
		expect(numbers).toMatchObject(["3", "3", "2", "1", "2", "2", "2"].map((number) => ({ certificate: { number } })));
	});
	it("counts detections and qualified detections", async () =>
		expect(
			await rowOf(
				radars,
				"R1",
				day(1),
				told(radar, "R1", installed()),
				measured("D1", qualified()),
				measured("D2", discarded("NO_LIMIT")),
				measured("D3", qualified()),
			),
		).toMatchObject({ detections: 3, qualified: 2, version: 1 }));
	it("is hidden before the radar is installed, and keeps earlier counts", async () => {
		expect(await rowOf(radars, "R1", day(1), measured("D1", qualified()))).toBeNull();
		expect(await rowOf(radars, "R1", day(1), measured("D1", qualified()), told(radar, "R1", installed()))).toMatchObject({
			detections: 1,
			qualified: 1,
		});
	});
	it("keeps only a few ended entries, however often it changed, and shows the same as with all of them", () => {
		const minute = (n: number): string => later(day(1), n * 60_000);
		const changes = Array.from({ length: 2000 }, (_, n) => [
			n % 2 === 0 ? activated(minute(n)) : deactivated(minute(n)),
			limited({ lightKmh: 50 + (n % 40), from: minute(n) }),
			calibrated(minute(n), minute(n + 1), `C-${n}`),
		]).flat();
		const row = foldedAt(minute(2000), installed(), ...changes);
		expect(JSON.stringify(row).length).toBeLessThan(20_000);
		const whole = foldedAt(minute(0), installed(), ...changes);
		for (const n of [2000, 2001, 5000]) expect(radars.show(row, minute(n), "R1")).toEqual(radars.show(whole, minute(n), "R1"));
	});
	it("is read again at the instants at which it changes without a fact, and only then", () => {
		const due = (now: string, ...facts: readonly FactIn<typeof radar>[]) => radars.changesAt?.(folded(...facts), now);
		const life = [
			installed(),
			activated(day(10)),
			limited({ lightKmh: 50, from: day(20) }),
			described({ road: "A2", from: day(15) }),
		] as const;
		expect([1, 10, 15, 20].map((n) => due(day(n), ...life))).toEqual([day(10), day(15), day(20), null]);
		expect(due(later(day(10), -1), ...life)).toBe(day(10));
		expect(due(day(1), installed({ from: day(5) }))).toBe(day(5));
		expect(due(day(1), installed(), retired(day(5)))).toBe(day(5)); // a clock may be behind the clock of the decision
	});
});

type Row = Parameters<typeof radars.show>[0];
/** The row as stored, after facts of the radar itself. */
const folded = (...facts: readonly FactIn<typeof radar>[]): Row => foldedAt(day(1), ...facts);
const foldedAt = (decided: string, ...facts: readonly FactIn<typeof radar>[]): Row =>
	facts.reduce<Row>((row, { type, data }) => {
		const fold = radars.on[type];
		return (typeof fold === "function" ? fold(row, data as never, { at: decided } as never) : null) ?? row; // each fold gets its own fact
	}, {});
