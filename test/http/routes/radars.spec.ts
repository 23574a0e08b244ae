/** The routes of radars and detections: commands store their content, answers have their documented fields, and rows can be read at once. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System, type Row } from "../../support/system.ts";
import {
	ahead,
	answered,
	certificate,
	detect,
	expectAnswer,
	expectCreated,
	expectProblem,
	factsOf,
	noon,
	plate,
	radarInService,
	rowAfter,
	sameInstant,
	shifted,
	site,
} from "../scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const hour = 3_600_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe("a radar", () => {
	it("is installed with its content, including both coordinates", async () => {
		const given = {
			...site,
			name: "Pont de Sèvres",
			kind: "section",
			jurisdiction: "FR",
			limits: { lightKmh: 110, heavyKmh: 90 },
			sectionMeters: 4200,
		};
		await expectCreated(
			system,
			"/radars",
			"r-given",
			{ id: "r-given", ...given },
			{ ...given, status: "installed", detections: 0, qualified: 0 },
		);
	});

	it("gets a generated id and the jurisdiction of France by default", async () => {
		const first = answered(201, await system.post("/radars", { kind: "fixed", latitude: -33.5, longitude: 0 }));
		const second = answered(201, await system.post("/radars", { kind: "fixed", latitude: -33.5, longitude: 0 }));
		expect(first.body.id).toMatch(uuid);
		expect(second.body.id).not.toBe(first.body.id);
		expect(await rowAfter(system, `/radars/${first.body.id}`, first)).toMatchObject({ jurisdiction: "FR", latitude: -33.5, longitude: 0 });
	});

	it.each(["fixed", "discriminating", "section", "red-light", "level-crossing", "urban", "mobile", "itinerary"])(
		"may be of kind %s",
		async (kind) => {
			await expectCreated(system, "/radars", `r-kind-${kind}`, { id: `r-kind-${kind}`, ...site, kind }, { kind });
		},
	);

	it.each(["__proto__", "constructor", "toString", "A.b_c-9", "x".repeat(64)])("may be called %s", async (id) => {
		await expectCreated(system, "/radars", id, { id, ...site }, { kind: "fixed", latitude: site.latitude });
	});

	it("is changed by each of its commands, each seen in its row and its history", async () => {
		await expectCreated(system, "/radars", "r-life", { id: "r-life", ...site }, {});
		const { number, validFrom, validUntil } = certificate;
		const life: readonly [string, Row, Row][] = [
			["describe", { name: "North post", road: "D7", direction: "north" }, { name: "North post", road: "D7", direction: "north" }],
			[
				"relocate",
				{ latitude: 45.75, longitude: -4.85, road: "D8", direction: "south" },
				{ latitude: 45.75, longitude: -4.85, road: "D8", direction: "south" },
			],
			["change-limits", { lightKmh: 90, heavyKmh: 80 }, { limits: { lightKmh: 90, heavyKmh: 80 } }],
			[
				"calibrate",
				certificate,
				{ certificate: expect.objectContaining({ number, validFrom: sameInstant(validFrom), validUntil: sameInstant(validUntil) }) },
			],
			["activate", {}, { status: "active" }],
			["deactivate", { reason: "works" }, { status: "inactive" }],
			["retire", { reason: "replaced" }, { status: "retired" }],
		];
		let version = 1;
		for (const [command, given, row] of life) {
			const answer = await system.post(`/radars/r-life/${command}`, given);
			expectAnswer(answer, { status: 200, id: "r-life" });
			expect(answer.body.version).toBeGreaterThan(version);
			version = answer.body.version;
			expect(await rowAfter(system, "/radars/r-life", answer)).toMatchObject({ ...row, version });
		}
		expect(await factsOf(system, "/radars/r-life")).toEqual(
			["installed", "described", "relocated", "limitsChanged", "calibrated", "activated", "deactivated", "retired"].map(
				(fact) => `radar.${fact}`,
			),
		);
	});

	it("refuses every command after it is retired", async () => {
		answered(201, await system.post("/radars", { id: "r-retired", ...site }));
		answered(200, await system.post("/radars/r-retired/retire", {}));
		expectProblem(await system.post("/radars/r-retired/activate", {}), 409);
		expectProblem(await system.post("/radars/r-retired/change-limits", { lightKmh: 30 }), 409);
		expectProblem(await system.post("/radars/r-retired/relocate", { latitude: 1, longitude: 1 }), 409);
	});

	it("writes nothing if a command changes nothing", async () => {
		const from = shifted(noon, -hour);
		answered(201, await system.post("/radars", { id: "r-twice", ...site }));
		const told: readonly [string, Row][] = [
			["describe", { name: "Twice" }],
			["relocate", { latitude: 1, longitude: 2, road: "N1", direction: "east", from }],
			["change-limits", { lightKmh: 70, heavyKmh: 60, from }],
			["calibrate", certificate],
			["activate", { from }],
			["deactivate", { reason: "storm", from: shifted(from, 1) }],
			["retire", { reason: "worn" }],
		];
		for (const [command, given] of told) {
			const { body } = answered(200, await system.post(`/radars/r-twice/${command}`, given));
			const again = answered(200, await system.post(`/radars/r-twice/${command}`, given));
			expect([command, again.body.version]).toEqual([command, body.version]);
		}
	});

	it("is not active before its start", async () => {
		answered(201, await system.post("/radars", { id: "r-tomorrow", ...site }));
		const planned = answered(200, await system.post("/radars/r-tomorrow/activate", { from: ahead(24 * hour) }));
		expect((await rowAfter(system, "/radars/r-tomorrow", planned))["status"]).not.toBe("active");
		const started = answered(200, await system.post("/radars/r-tomorrow/activate", { from: ahead(-hour) }));
		expect((await rowAfter(system, "/radars/r-tomorrow", started))["status"]).toBe("active");
		const ending = answered(200, await system.post("/radars/r-tomorrow/deactivate", { reason: "works", from: ahead(hour) }));
		expect((await rowAfter(system, "/radars/r-tomorrow", ending))["status"]).toBe("active");
	});

	it.each(["describe", "relocate", "change-limits", "calibrate", "activate", "deactivate", "retire"])(
		"that does not exist refuses %s",
		async (command) => {
			const body: Record<string, Row> = {
				describe: { name: "x" },
				relocate: { latitude: 1, longitude: 1 },
				"change-limits": { lightKmh: 50 },
				calibrate: certificate,
				deactivate: { reason: "x" },
			};
			expectProblem(await system.post(`/radars/nobody/${command}`, body[command] ?? {}), 404, "RADAR_UNKNOWN");
		},
	);
});

describe("a detection", () => {
	it("is stored with its content and judged, and its radar counts it", async () => {
		await radarInService(system, "r-judge");
		const given = { radar: "r-judge", plate: "ab123cd", country: "FR", speedKmh: 137, capturedAt: "2025-06-02T14:00:00+02:00" };
		const row = {
			...given,
			plate: "AB-123-CD",
			capturedAt: sameInstant(noon),
			vehicleClass: "light",
			status: "qualified",
			limitKmh: 110,
			retainedKmh: 130,
			excessKmh: 20,
		};
		const answer = await expectCreated(system, "/detections", "d-kept", { id: "d-kept", ...given }, row);
		expect(answer.body["outcome"]).toBe("qualified");
		expect(await rowAfter(system, "/radars/r-judge", answer)).toMatchObject({ detections: 1, qualified: 1 });
		expect(await factsOf(system, "/detections/d-kept")).toEqual(["detection.recorded", "detection.qualified"]);
	});

	it("is stored with the reason if it is no evidence", async () => {
		await radarInService(system, "r-slow");
		const answer = await detect(system, { id: "d-slow", radar: "r-slow", speedKmh: 116 });
		expect(answer.body).toMatchObject({ outcome: "discarded", reason: "WITHIN_TOLERANCE" });
		expect(await rowAfter(system, "/detections/d-slow", answer)).toMatchObject({ status: "discarded", reason: "WITHIN_TOLERANCE" });
		expect(await rowAfter(system, "/radars/r-slow", answer)).toMatchObject({ detections: 1, qualified: 0 });
		expect(await factsOf(system, "/detections/d-slow")).toEqual(["detection.recorded", "detection.discarded"]);
	});

	it("gets a generated id by default", async () => {
		await radarInService(system, "r-anon");
		expect((await detect(system, { radar: "r-anon" })).body.id).toMatch(uuid);
	});

	it("of an unknown radar is refused", async () => {
		expectProblem(
			await system.post("/detections", { radar: "nobody", plate: plate(1), country: "FR", speedKmh: 90, capturedAt: noon }),
			404,
			"RADAR_UNKNOWN",
		);
	});
});
