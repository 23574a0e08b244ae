/** Texts and ids: texts are stored in NFC and contain no hidden characters; every accepted id can be reached. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System, type Answer } from "../../support/system.ts";
import { answered, car, caughtUp, detect, expectProblem, ownerOf, person, radarInService, rowAfter, site } from "../scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const [decomposed, composed] = ["Rene\u0301e", "Ren\u00e9e"];
const named = (id: string, name: string): Promise<Answer> => system.post("/owners", { id, ...person, name });

describe("a text", () => {
	it("is stored in NFC, so that the same content in another form changes nothing", async () => {
		const made = answered(201, await named("t-nfd", decomposed));
		expect(await rowAfter(system, "/owners/t-nfd", made)).toMatchObject({ name: composed });
		answered(200, await named("t-nfd", composed));
		answered(200, await named("t-nfd", decomposed));
		expectProblem(await named("t-nfd", "Renee"), 409, "OWNER_ALREADY_EXISTS");
	});
	it("is the same content under an Idempotency-Key in either form", async () => {
		const key = { "idempotency-key": "t-form" };
		const made = answered(201, await system.post("/owners", { ...person, name: decomposed }, key));
		const again = answered(201, await system.post("/owners", { ...person, name: composed }, key));
		expect([again.body.id, again.headers["idempotent-replayed"]]).toEqual([made.body.id, "true"]);
	});
	it("is found by a filter in either form", async () => {
		await radarInService(system, "t-eye");
		await detect(system, { id: "t-plate", radar: "t-eye", plate: "\u00c9-1" });
		await caughtUp(system);
		for (const plate of ["\u00c9-1", "E\u0301-1"])
			expect(answered(200, await system.get(`/detections?plate=${encodeURIComponent(plate)}`)).body.rows).toMatchObject([
				{ id: "t-plate" },
			]);
	});
	it("is counted in characters", async () => {
		answered(201, await named("t-long", "\u{1F600}".repeat(200)));
		expectProblem(await named("t-longer", "\u{1F600}".repeat(201)), 422, "VALIDATION_ERROR");
		answered(201, await named("t-long-nfd", "e\u0301".repeat(200)));
	});
	it.each([..."\u202e\u2028\ufeff\u200b\u2066\u00ad\u0007\u3164\ud800", "   ", "\u00a0"])(
		"is refused if it has hidden characters: %j",
		async (mark) => {
			for (const name of mark.trim() === "" ? [mark] : [`A${mark}B`, `${mark}AB`, `AB${mark}`]) {
				expectProblem(await named("t-hidden", name), 422, "VALIDATION_ERROR");
				expectProblem(await system.post("/radars", { id: "t-hidden", ...site, road: name }), 422, "VALIDATION_ERROR");
			}
		},
	);
	it("of a plate is not blank, and has a letter or a digit even without a rule for its country", async () => {
		await ownerOf(system, "t-holder");
		const register = (plate: string): Promise<Answer> => system.post("/vehicles", { ...car, country: "D", plate, owner: "t-holder" });
		for (const plate of ["  ", "\u2003\u2003"]) expectProblem(await register(plate), 422, "VALIDATION_ERROR");
		for (const plate of ["--", "- -"]) expectProblem(await register(plate), 422, "PLATE_MALFORMED");
		expectProblem(
			await system.post("/detections", { radar: "t-eye", plate: "  ", country: "FR", speedKmh: 99, capturedAt: "2025-01-01T00:00:00Z" }),
			422,
		);
	});
});

describe("an id", () => {
	it("with a blank works in every route", async () => {
		await ownerOf(system, "t-german");
		const made = answered(201, await system.post("/vehicles", { ...car, country: "D", plate: "B-AB 123", owner: "t-german" }));
		expect(made.body.id).toBe("D-B-AB 123");
		const path = `/vehicles/${encodeURIComponent(made.body.id)}`;
		expect(made.headers.location).toBe(`/api${path}`);
		expect(answered(200, await system.get(`${path}/history`)).body.rows).toHaveLength(1);
		expect(answered(200, await system.get(`${path}/holder`)).body).toMatchObject({ vehicle: "D-B-AB 123", owner: "t-german" });
		const changed = answered(200, await system.post(`${path}/correct`, { model: "Golf" }));
		expect(await rowAfter(system, path, changed)).toMatchObject({ id: "D-B-AB 123", model: "Golf" });
	});
	it.each([".", ".."])("%s is refused, because it cannot be used in a path", async (id) => {
		expectProblem(await system.post("/radars", { id, ...site }), 422, "VALIDATION_ERROR");
		expectProblem(await named(id, "A"), 422, "VALIDATION_ERROR");
		const { body } = answered(
			200,
			await system.ndjson([{ id, radar: "t-eye", plate: "A-1", country: "D", speedKmh: 99, capturedAt: "2025-01-01T00:00:00Z" }]),
		);
		expect(body).toMatchObject({ refused: 1, errors: [{ code: "VALIDATION_ERROR", errors: [{ field: "id" }] }] });
	});
	it("that cannot exist is refused by commands and queries, and not found by reads", async () => {
		for (const path of ["/radars/a%20b/retire", "/owners/a%2Fb/correct", "/vehicles/de-x/correct"])
			expectProblem(await system.post(path, { name: "x" }), 422, "VALIDATION_ERROR");
		expectProblem(await system.get("/vehicles/de-x/holder"), 422, "VALIDATION_ERROR");
		for (const path of ["/radars/a%20b", "/owners/a%2Fb", "/vehicles/de-x"]) {
			expectProblem(await system.get(path), 404);
			expectProblem(await system.get(`${path}/history`), 404);
		}
	});
});
