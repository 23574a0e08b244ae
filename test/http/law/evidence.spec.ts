/** Evidence: a passage needs a limit, service and a certificate at the instant of capture. The time zone of the machine differs on purpose. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System, type Row } from "../../support/system.ts";
import { installed, judged, unique } from "../judged.ts";
import { ahead, answered, certificate, detect, expectProblem, infraction, noon, shifted, since2000, site } from "../scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start({ TZ: "Pacific/Auckland" })));
afterAll(() => system.dispose());

describe("the limit", () => {
	it("of heavy vehicles is their own if there is one, else that of light vehicles", async () => {
		const [both, light] = [
			await installed(system, { limits: { lightKmh: 110, heavyKmh: 90 } }),
			await installed(system, { limits: { lightKmh: 110 } }),
		];
		const told = await judged(
			system,
			[
				{ what: "both, light", radar: both, speedKmh: 120 },
				{ what: "both, heavy", radar: both, speedKmh: 120, vehicleClass: "heavy" },
				{ what: "light only, heavy", radar: light, speedKmh: 120, vehicleClass: "heavy" },
				{ what: "both, said to be light", radar: both, speedKmh: 120, vehicleClass: "light" },
			],
			({ limitKmh, excessKmh }) => `${limitKmh}+${excessKmh}`,
		);
		expect(told).toEqual(["both, light: 110+4", "both, heavy: 90+24", "light only, heavy: 110+4", "both, said to be light: 110+4"]);
	});

	it("and the site are those at the instant of capture, in any order of recording", async () => {
		const radar = await installed(system, { limits: { lightKmh: 130 }, road: "A1" });
		for (const [days, lightKmh] of [
			[20, 70],
			[10, 90],
		] as const)
			answered(200, await system.post(`/radars/${radar}/change-limits`, { lightKmh, from: shifted(noon, days * 86_400_000) }));
		answered(
			200,
			await system.post(`/radars/${radar}/relocate`, { latitude: 43.5, longitude: 5.4, road: "A8", from: shifted(noon, 15 * 86_400_000) }),
		);
		const passages = [-1, 10, 20].flatMap((days) =>
			[-1, 0].map((ms) => ({ what: `${days} d ${ms} ms`, radar, speedKmh: 200, capturedAt: shifted(noon, days * 86_400_000 + ms) })),
		);
		const told = await judged(
			system,
			passages,
			({ limitKmh, site: where }) => `${limitKmh} on ${(where as Row)["road"]} at ${(where as Row)["latitude"]}`,
		);
		expect(told).toEqual([
			"-1 d -1 ms: 130 on A1 at 48.8566",
			"-1 d 0 ms: 130 on A1 at 48.8566",
			"10 d -1 ms: 130 on A1 at 48.8566",
			"10 d 0 ms: 90 on A1 at 48.8566",
			"20 d -1 ms: 90 on A8 at 43.5",
			"20 d 0 ms: 70 on A8 at 43.5",
		]);
	});

	it("that is unknown makes a passage no evidence", async () => {
		const [none, heavyOnly, later] = [
			await installed(system, { limits: undefined }),
			await installed(system, { limits: { heavyKmh: 80 } }),
			await installed(system, { from: noon }),
		];
		for (const given of [
			{ radar: none },
			{ radar: none, vehicleClass: "heavy" },
			{ radar: heavyOnly },
			{ radar: later, capturedAt: shifted(noon, -1) },
		]) {
			expect((await detect(system, given)).body).toMatchObject({ outcome: "discarded", reason: "NO_LIMIT" });
		}
		for (const given of [
			{ radar: heavyOnly, vehicleClass: "heavy" },
			{ radar: later, capturedAt: noon },
		])
			expect((await detect(system, given)).body["outcome"]).toBe("qualified");
	});
});

describe("a passage is evidence", () => {
	const outcome = async (radar: string, capturedAt: string, speedKmh = 150): Promise<unknown> => {
		const { body } = await detect(system, { radar, capturedAt, speedKmh });
		return body["reason"] ?? body["outcome"];
	};

	it("only while the radar was in service: from the instant it starts, up to the instant it stops", async () => {
		const radar = unique("r");
		answered(201, await system.post("/radars", { id: radar, ...site }));
		answered(200, await system.post(`/radars/${radar}/calibrate`, certificate));
		expect(await outcome(radar, noon)).toBe("RADAR_NOT_IN_SERVICE");
		answered(200, await system.post(`/radars/${radar}/activate`, { from: noon }));
		answered(200, await system.post(`/radars/${radar}/deactivate`, { reason: "works", from: shifted(noon, 10_000) }));
		answered(200, await system.post(`/radars/${radar}/activate`, { from: shifted(noon, 20_000) }));
		expect(await Promise.all([-1, 0, 9_999, 10_000, 19_999, 20_000].map((ms) => outcome(radar, shifted(noon, ms))))).toEqual([
			"RADAR_NOT_IN_SERVICE",
			"qualified",
			"qualified",
			"RADAR_NOT_IN_SERVICE",
			"RADAR_NOT_IN_SERVICE",
			"qualified",
		]);
		answered(200, await system.post(`/radars/${radar}/retire`, {}));
		expect(await outcome(radar, shifted(noon, 30_000))).toBe("qualified");
		expect(await outcome(radar, ahead(60_000))).toBe("RADAR_NOT_IN_SERVICE");
	});

	it("only under a certificate: its first instant is inside, its last is not", async () => {
		const radar = unique("r");
		answered(201, await system.post("/radars", { id: radar, ...site }));
		answered(200, await system.post(`/radars/${radar}/activate`, { from: since2000 }));
		expect(await outcome(radar, noon)).toBe("CERTIFICATE_NOT_VALID");
		for (const [start, end] of [
			[20_000, 30_000],
			[0, 10_000],
		] as const) {
			answered(
				200,
				await system.post(`/radars/${radar}/calibrate`, {
					number: `LNE-${start}`,
					validFrom: shifted(noon, start),
					validUntil: shifted(noon, end),
				}),
			);
		}
		expect(
			await Promise.all([-1, 0, 9_999, 10_000, 19_999, 20_000, 29_999, 30_000].map((ms) => outcome(radar, shifted(noon, ms)))),
		).toEqual([-1, 0, 0, -1, -1, 0, 0, -1].map((inside) => (inside ? "CERTIFICATE_NOT_VALID" : "qualified")));
	});

	it("or is discarded for the first reason that applies", async () => {
		const radar = unique("r");
		const slow = (): Promise<unknown> => outcome(radar, noon, 40);
		answered(201, await system.post("/radars", { id: radar, ...site, limits: undefined }));
		expect(await slow()).toBe("RADAR_NOT_IN_SERVICE");
		answered(200, await system.post(`/radars/${radar}/activate`, { from: since2000 }));
		expect(await slow()).toBe("CERTIFICATE_NOT_VALID");
		answered(200, await system.post(`/radars/${radar}/calibrate`, certificate));
		expect(await slow()).toBe("NO_LIMIT");
		answered(200, await system.post(`/radars/${radar}/change-limits`, { lightKmh: 50, from: since2000 }));
		expect(await slow()).toBe("WITHIN_TOLERANCE");
	});

	it("even if the radar's clock is five minutes ahead, and is refused beyond", async () => {
		const radar = await installed(system, {});
		expect(await outcome(radar, ahead(290_000))).toBe("qualified");
		expectProblem(
			await system.post("/detections", { radar, plate: "AA-123-AA", country: "FR", speedKmh: 150, capturedAt: ahead(320_000) }),
			409,
			"CAPTURED_IN_THE_FUTURE",
		);
	});

	it.each(["A?-12#-??", "É-1", "SS-123-AA", "x".repeat(200)])("even with the plate read as %j, which has no holder", async (plate) => {
		const { body } = await detect(system, { radar: await installed(system, {}), plate });
		expect(await infraction(system, body.id)).toMatchObject({ plate, holder: null, status: "unidentified" });
	});
});
