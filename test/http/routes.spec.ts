/** Every route of the product: what is given comes in, what is promised comes out, and can be read back at once. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, System, type Answer, type Row } from "../support/system.ts";
import {
	ahead,
	answered,
	car,
	caughtUp,
	certificate,
	commits,
	detect,
	expectProblem,
	holderIn,
	infraction,
	noon,
	ownerOf,
	person,
	plate,
	radarInService,
	rowAfter,
	sameInstant,
	shifted,
	since2000,
	site,
} from "./scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const hour = 3_600_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const pastTense =
	/\.(installed|described|relocated|limitsChanged|calibrated|activated|deactivated|retired|recorded|qualified|discarded|registered|corrected|transferred|deregistered|opened|identified|reassigned|cancelled)$/;
const factsOf = async (path: string): Promise<string[]> => {
	const words = JSON.stringify(commits(await system.get(`${path}/history`))).match(/"[a-z]+\.[a-zA-Z]+"/g) ?? [];
	return words.map((word) => word.slice(1, -1)).filter((word) => pastTense.test(word));
};

/** What every answered command carries. */
function expectAnswer({ status, headers, body }: Answer, wanted: { status: number; id?: string }): void {
	expect(status).toBe(wanted.status);
	if (wanted.id) expect(body.id).toBe(wanted.id);
	expect(body.version).toBeGreaterThanOrEqual(1);
	expect(headers.etag).toBe(`"${body.version}"`);
	expect(headers["x-position"]).toBe(body.position);
	expect(headers["content-type"]).toMatch(/^application\/json/);
}

/** A creation answers 201 and where to find what came into being; the row there has what was given. */
async function expectCreated(path: string, id: string, given: Row, row: Row): Promise<Answer> {
	const answer = answered(201, await system.post(path, given));
	expectAnswer(answer, { status: 201, id });
	expect(answer.headers.location).toMatch(new RegExp(`/api${path}/${encodeURIComponent(id)}$`));
	const found = answered(200, await system.get(`${path}/${encodeURIComponent(id)}`, { "x-position": answer.body.position }));
	expect(found.body).toMatchObject({ id, version: answer.body.version, ...row });
	expect(found.headers.etag).toMatch(/^W\/".+"$/);
	return answer;
}

describe("a radar", () => {
	it("is installed with what was given, both coordinates included", async () => {
		const given = {
			...site,
			name: "Pont de Sèvres",
			kind: "section",
			jurisdiction: "FR",
			limits: { lightKmh: 110, heavyKmh: 90 },
			sectionMeters: 4200,
		};
		await expectCreated("/radars", "r-given", { id: "r-given", ...given }, { ...given, status: "installed", detections: 0, qualified: 0 });
	});

	it("gets an id of its own when none is given, and France's law when none is named", async () => {
		const first = answered(201, await system.post("/radars", { kind: "fixed", latitude: -33.5, longitude: 0 }));
		const second = answered(201, await system.post("/radars", { kind: "fixed", latitude: -33.5, longitude: 0 }));
		expect(first.body.id).toMatch(uuid);
		expect(second.body.id).not.toBe(first.body.id);
		expect(await rowAfter(system, `/radars/${first.body.id}`, first)).toMatchObject({ jurisdiction: "FR", latitude: -33.5, longitude: 0 });
	});

	it.each(["fixed", "discriminating", "section", "red-light", "level-crossing", "urban", "mobile", "itinerary"])(
		"may be of kind %s",
		async (kind) => {
			await expectCreated("/radars", `r-kind-${kind}`, { id: `r-kind-${kind}`, ...site, kind }, { kind });
		},
	);

	it.each(["__proto__", "constructor", "toString", "A.b_c-9", "x".repeat(64)])("may be called %s", async (id) => {
		await expectCreated("/radars", id, { id, ...site }, { kind: "fixed", latitude: site.latitude });
	});

	it("is changed by each of its commands, each seen in its row and its history", async () => {
		await expectCreated("/radars", "r-life", { id: "r-life", ...site }, {});
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
		expect(await factsOf("/radars/r-life")).toEqual(
			["installed", "described", "relocated", "limitsChanged", "calibrated", "activated", "deactivated", "retired"].map(
				(fact) => `radar.${fact}`,
			),
		);
	});

	it("accepts no further command once retired", async () => {
		answered(201, await system.post("/radars", { id: "r-retired", ...site }));
		answered(200, await system.post("/radars/r-retired/retire", {}));
		expectProblem(await system.post("/radars/r-retired/activate", {}), 409);
		expectProblem(await system.post("/radars/r-retired/change-limits", { lightKmh: 30 }), 409);
		expectProblem(await system.post("/radars/r-retired/calibrate", certificate), 409);
	});

	it("writes nothing when told again what is already so", async () => {
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

	it("is not active before the instant it is to start", async () => {
		answered(201, await system.post("/radars", { id: "r-tomorrow", ...site }));
		const planned = answered(200, await system.post("/radars/r-tomorrow/activate", { from: ahead(24 * hour) }));
		expect((await rowAfter(system, "/radars/r-tomorrow", planned))["status"]).not.toBe("active");
		const started = answered(200, await system.post("/radars/r-tomorrow/activate", { from: ahead(-hour) }));
		expect((await rowAfter(system, "/radars/r-tomorrow", started))["status"]).toBe("active");
		const ending = answered(200, await system.post("/radars/r-tomorrow/deactivate", { reason: "works", from: ahead(hour) }));
		expect((await rowAfter(system, "/radars/r-tomorrow", ending))["status"]).toBe("active");
	});

	it.each(["describe", "relocate", "change-limits", "calibrate", "activate", "deactivate", "retire"])(
		"that nobody installed cannot be told to %s",
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
	it("is kept as given and judged, and its radar counts it", async () => {
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
		const answer = await expectCreated("/detections", "d-kept", { id: "d-kept", ...given }, row);
		expect(answer.body["outcome"]).toBe("qualified");
		expect(await rowAfter(system, "/radars/r-judge", answer)).toMatchObject({ detections: 1, qualified: 1 });
		expect(await factsOf("/detections/d-kept")).toEqual(["detection.recorded", "detection.qualified"]);
	});

	it("is kept with the reason when it is no evidence", async () => {
		await radarInService(system, "r-slow");
		const answer = await detect(system, { id: "d-slow", radar: "r-slow", speedKmh: 116 });
		expect(answer.body).toMatchObject({ outcome: "discarded", reason: "WITHIN_TOLERANCE" });
		expect(await rowAfter(system, "/detections/d-slow", answer)).toMatchObject({ status: "discarded", reason: "WITHIN_TOLERANCE" });
		expect(await rowAfter(system, "/radars/r-slow", answer)).toMatchObject({ detections: 1, qualified: 0 });
		expect(await factsOf("/detections/d-slow")).toEqual(["detection.recorded", "detection.discarded"]);
	});

	it("gets an id of its own when none is given", async () => {
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

describe("an owner", () => {
	it("is registered with what was given, and corrected", async () => {
		const given = { ...person, nationalId: "1840275123456", phone: "+33 1 23 45 67 89", address: "1 rue de la Paix, 75002 Paris" };
		await expectCreated("/owners", "o-given", { id: "o-given", ...given }, given);
		const corrected = {
			name: "Jeanne Durand",
			email: "jd@example.org",
			birthDate: "1984-03-01",
			nationalId: "2840275123456",
			phone: "+33 9",
			address: "2 rue Basse",
		};
		const answer = await system.post("/owners/o-given/correct", corrected);
		expectAnswer(answer, { status: 200, id: "o-given" });
		expect(await rowAfter(system, "/owners/o-given", answer)).toMatchObject({ kind: "person", ...corrected });
		expect(answered(200, await system.post("/owners/o-given/correct", corrected)).body.version).toBe(answer.body.version);
		expect(await factsOf("/owners/o-given")).toEqual(["owner.registered", "owner.corrected"]);
	});

	it("may be a company", async () => {
		await expectCreated(
			"/owners",
			"o-co",
			{ id: "o-co", kind: "company", name: "Cars & Co", email: "fleet@example.org" },
			{ kind: "company" },
		);
	});

	it("that nobody registered cannot be corrected", async () => {
		expectProblem(await system.post("/owners/nobody/correct", { name: "x" }), 404, "OWNER_UNKNOWN");
	});

	it("consults the infractions of all vehicles he or she held, and no other", async () => {
		await radarInService(system, "r-consult");
		await ownerOf(system, "o-consult", [plate(10), plate(11)]);
		await ownerOf(system, "o-else", [plate(12)]);
		for (const n of [10, 11, 12]) await detect(system, { id: `d-consult-${n}`, radar: "r-consult", plate: plate(n) });
		for (const n of [10, 11, 12]) await infraction(system, `d-consult-${n}`);
		const rows = await system.rows("/owners/o-consult/infractions");
		expect(rows.map(({ id }) => id).sort()).toEqual(["d-consult-10", "d-consult-11"]);
		expect(rows).toEqual(rows.map((row) => ({ ...row, holder: "o-consult", status: "open" })));
	});
});

describe("a vehicle", () => {
	it("is registered under its country and plate, with its holder from the beginning of time", async () => {
		await ownerOf(system, "o-reg");
		await expectCreated(
			"/vehicles",
			"FR-AB-321-CD",
			{ plate: "ab321cd", ...car, owner: "o-reg" },
			{ ...car, plate: "AB-321-CD", holders: [expect.objectContaining({ owner: "o-reg" })] },
		);
		expect(holderIn(await system.get("/vehicles/FR-AB-321-CD/holder?at=1999-01-01T00:00:00Z"))).toBe("o-reg");
		expect(holderIn(await system.get("/vehicles/FR-AB-321-CD/holder"))).toBe("o-reg");
	});

	it("may have a plate of before 2009, whose id has spaces", async () => {
		await ownerOf(system, "o-fni");
		await expectCreated("/vehicles", "FR-123 AB 45", { plate: "123 AB 45", ...car, owner: "o-fni" }, { plate: "123 AB 45" });
		answered(200, await system.post("/vehicles/FR-123%20AB%2045/correct", { model: "Mégane" }));
	});

	it.each([
		["MA", "2315-A-14"],
		["DE", "B-MW 1234"],
		["IT", "AB-321-CD"],
	])("may be of %s, plate %s", async (country, plate) => {
		await ownerOf(system, `o-${country}`);
		await expectCreated("/vehicles", `${country}-${plate}`, { ...car, country, plate, owner: `o-${country}` }, { country, plate });
	});

	it.each(["SS-123-AA", "WW-123-AA", "AA-000-AA", "AI-123-AA", "AA-123-SS", "123 AB 99", "12345 AB 45", "X"])(
		"is refused with the plate %s, which France never gave out",
		async (plate) => {
			await ownerOf(system, `o-plate-${plate.replaceAll(" ", "_")}`);
			const answer = await system.post("/vehicles", { ...car, plate, owner: `o-plate-${plate.replaceAll(" ", "_")}` });
			expectProblem(answer, 422, "VALIDATION_ERROR");
			expect(answer.body.errors).toContainEqual(expect.objectContaining({ field: "plate" }));
		},
	);

	it("needs an owner who exists, to be registered and to be sold", async () => {
		expectProblem(await system.post("/vehicles", { ...car, plate: plate(20), owner: "nobody" }), 404, "OWNER_UNKNOWN");
		await ownerOf(system, "o-sells", [plate(21)]);
		expectProblem(await system.post(`/vehicles/FR-${plate(21)}/transfer`, { owner: "nobody" }), 404, "OWNER_UNKNOWN");
	});

	it.each(["transfer", "correct", "deregister"])("that nobody registered cannot be told to %s", async (command) => {
		await ownerOf(system, `o-un-${command}`);
		const body: Record<string, Row> = { transfer: { owner: `o-un-${command}` }, correct: { model: "x" } };
		expectProblem(await system.post(`/vehicles/FR-ZZ-999-ZZ/${command}`, body[command] ?? {}), 404, "VEHICLE_UNKNOWN");
	});

	it("has one holder at every instant: sold, sold at an earlier instant, corrected, taken off the road and registered again", async () => {
		const id = `FR-${plate(22)}`;
		await ownerOf(system, "o-a", [plate(22)]);
		for (const owner of ["o-b", "o-c"]) await ownerOf(system, owner);
		const at = (hours: number): string => shifted(noon, hours * hour);
		const holders = (...hours: number[]): Promise<unknown[]> =>
			Promise.all(hours.map(async (h) => holderIn(await system.get(`/vehicles/${id}/holder?at=${encodeURIComponent(at(h))}`))));
		const commands: readonly [string, Row][] = [
			["transfer", { owner: "o-c", from: at(20) }],
			["transfer", { owner: "o-b", from: at(10) }],
			["correct", { type: "truck", brand: "Iveco", model: "Daily", fiscalPower: 9 }],
		];
		for (const [command, given] of commands) {
			const answer = await system.post(`/vehicles/${id}/${command}`, given);
			expectAnswer(answer, { status: 200, id });
			expect(answered(200, await system.post(`/vehicles/${id}/${command}`, given)).body.version).toBe(answer.body.version);
		}
		const expectHolders = (hours: number[], wanted: unknown[]): Promise<void> =>
			eventually(async () => expect(await holders(...hours)).toEqual(wanted), 5_000);
		await expectHolders([-1, 9.999, 10, 19.999, 20, 99], ["o-a", "o-a", "o-b", "o-b", "o-c", "o-c"]);
		const off = answered(200, await system.post(`/vehicles/${id}/deregister`, { from: at(30) }));
		await expectHolders([29, 30, 31], ["o-c", null, null]);
		expect(await rowAfter(system, `/vehicles/${id}`, off)).toMatchObject({
			type: "truck",
			brand: "Iveco",
			model: "Daily",
			fiscalPower: 9,
			holders: [
				{ owner: "o-a", to: sameInstant(at(10)) },
				{ owner: "o-b", from: sameInstant(at(10)), to: sameInstant(at(20)) },
				{ owner: "o-c", from: sameInstant(at(20)), to: sameInstant(at(30)) },
			],
		});
		expect([200, 201]).toContain((await system.post("/vehicles", { ...car, plate: plate(22), owner: "o-a", from: at(40) })).status);
		await expectHolders([-1, 25, 35, 40, 41], ["o-a", "o-c", null, "o-a", "o-a"]);
	});
});

describe("an infraction", () => {
	it("carries everything a judge needs, and can be cancelled once", async () => {
		await radarInService(system, "r-case", { latitude: 44.1, longitude: 3.2, road: "N88" });
		await ownerOf(system, "o-case", [plate(30)]);
		await detect(system, { id: "d-case", radar: "r-case", plate: plate(30), speedKmh: 150 });
		const row = await infraction(system, "d-case");
		expect(row).toMatchObject({
			id: "d-case",
			detection: "d-case",
			radar: "r-case",
			vehicle: `FR-${plate(30)}`,
			plate: plate(30),
			country: "FR",
			occurredAt: sameInstant(noon),
			speedKmh: 150,
			retainedKmh: 142,
			limitKmh: 110,
			excessKmh: 32,
			class: 4,
			amounts: { reducedMinor: 9000, standardMinor: 13500, increasedMinor: 37500, currency: "EUR" },
			points: 3,
			holder: "o-case",
			status: "open",
			site: { latitude: 44.1, longitude: 3.2, road: "N88" },
		});
		expect(row["pack"]).toBeTruthy();
		const answer = await system.post("/infractions/d-case/cancel", { reason: "stolen vehicle" });
		expectAnswer(answer, { status: 200, id: "d-case" });
		expect(await rowAfter(system, "/infractions/d-case", answer)).toMatchObject({ status: "cancelled" });
		expect(answered(200, await system.post("/infractions/d-case/cancel", { reason: "stolen vehicle" })).body.version).toBe(
			answer.body.version,
		);
		expect(await factsOf("/infractions/d-case")).toContain("infraction.cancelled");
		expectProblem(await system.post("/infractions/nobody/cancel", { reason: "x" }), 404, "INFRACTION_UNKNOWN");
	});

	it.each(["", "/d-inner/open", "/d-inner/identify", "/d-inner/reassign"])(
		"cannot be made or moved by hand (POST /infractions%s)",
		async (path) => {
			expect([404, 405]).toContain((await system.post(`/infractions${path}`, { holder: "o" })).status);
		},
	);
});

describe("the rest", () => {
	it.each(["radars", "detections", "owners", "vehicles", "infractions"])("of %s: what does not exist is not found", async (plural) => {
		expectProblem(await system.get(`/${plural}/nobody-of-this-name`), 404);
		expectProblem(await system.get(`/${plural}/nobody-of-this-name/history`), 404);
		expectProblem(await system.post(`/${plural}/nobody-of-this-name/no-such-command`), 404);
	});

	it("tells its health and its metrics", async () => {
		for (const path of ["/health/live", "/health/ready"]) answered(200, await system.get(path));
		const metrics = answered(200, await system.get("/metrics"));
		expect(metrics.headers["content-type"]).toMatch(/^text\/plain/);
		expect(metrics.text).toMatch(/^# (HELP|TYPE) \w+/m);
	});

	it("finds everything again at the next start", async () => {
		const lists = ["/radars", "/detections", "/owners", "/vehicles", "/infractions"];
		await caughtUp(system);
		const before = await Promise.all(lists.map((list) => system.rows(list)));
		expect(await system.stop()).toBe(0);
		await system.up();
		expect(await Promise.all(lists.map((list) => system.rows(list)))).toEqual(before);
		expect(holderIn(await system.get(`/vehicles/FR-AB-321-CD/holder?at=${since2000}`))).toBe("o-reg");
	});
});
