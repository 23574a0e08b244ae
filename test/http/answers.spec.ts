/** Responses: repeated commands, If-Match, existing ids, error details, and reads that include the client's own writes. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System, type Answer, type Row } from "../support/system.ts";
import {
	answered,
	car,
	commits,
	detect,
	expectNoInfraction,
	expectProblem,
	infraction,
	noon,
	ownerOf,
	person,
	plate,
	radarInService,
	rowAfter,
	seen,
	site,
} from "./scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const keyed = (path: string, body: unknown, key: string, more: Record<string, string> = {}): Promise<Answer> =>
	system.post(path, body, { "idempotency-key": key, ...more });
const install = async (id: string): Promise<Answer> => answered(201, await system.post("/radars", { id, ...site }));
const expectReplay = (again: Answer, first: Answer): void => {
	expect([again.status, again.body, again.headers.etag, again.headers.location]).toEqual([
		first.status,
		first.body,
		first.headers.etag,
		first.headers.location,
	]);
	expect(again.headers["idempotent-replayed"]).toBe("true");
	expect(first.headers["idempotent-replayed"]).toBeUndefined();
};

describe("a command with an Idempotency-Key", () => {
	it("gets the same response again, and is written once", async () => {
		const first = answered(201, await keyed("/radars", site, "make-1"));
		expectReplay(await keyed("/radars", site, "make-1"), first);
		const limits = answered(200, await keyed(`/radars/${first.body.id}/change-limits`, { lightKmh: 70 }, "limit-1"));
		answered(200, await system.post(`/radars/${first.body.id}/change-limits`, { lightKmh: 90 }));
		expectReplay(await keyed(`/radars/${first.body.id}/change-limits`, { lightKmh: 70 }, "limit-1"), limits);
		expect(commits(await system.get(`/radars/${first.body.id}/history`))).toHaveLength(3);
	});

	it("gets the same response after a restart and after later commands, even if If-Match no longer matches", async () => {
		const made = await install("k-restart");
		const first = answered(
			200,
			await keyed("/radars/k-restart/describe", { name: "one" }, "d-1", { "if-match": `"${made.body.version}"` }),
		);
		answered(200, await system.post("/radars/k-restart/retire", { reason: "gone" }));
		await system.restart();
		expectReplay(await keyed("/radars/k-restart/describe", { name: "one" }, "d-1", { "if-match": `"${made.body.version}"` }), first);
	});

	it("is refused when the content differs", async () => {
		await install("k-reuse");
		answered(200, await keyed("/radars/k-reuse/describe", { name: "one" }, "k"));
		expectProblem(await keyed("/radars/k-reuse/describe", { name: "two" }, "k"), 422, "IDEMPOTENCY_KEY_REUSED");
		const made = answered(201, await keyed("/owners", person, "make"));
		expectProblem(await keyed("/owners", { ...person, name: "Other" }, "make"), 422, "IDEMPOTENCY_KEY_REUSED");
		expect(await rowAfter(system, `/owners/${made.body.id}`, made)).toMatchObject({ name: person.name });
	});

	it("has a key of its own per route and per actor", async () => {
		await install("k-one");
		await install("k-two");
		for (const path of ["/radars/k-one/describe", "/radars/k-two/describe"]) {
			expect(answered(200, await keyed(path, { name: "x" }, "shared")).headers["idempotent-replayed"]).toBeUndefined();
		}
		expect(answered(200, await keyed("/radars/k-one/activate", {}, "shared")).headers["idempotent-replayed"]).toBeUndefined();
		const radar = answered(201, await keyed("/radars", site, "shared"));
		expect(answered(201, await keyed("/owners", person, "shared")).body.id).not.toBe(radar.body.id);
	});

	it("gets the first answer again even if that wrote nothing and the state has changed since", async () => {
		await install("k-answer");
		for (const id of ["k-o2", "k-o3"]) await keyed("/owners", { ...person, id }, `own-${id}`);
		const car = { plate: plate(77), country: "FR", type: "car", brand: "Renault", model: "Clio", fiscalPower: 5, owner: "k-o2" };
		const { id } = answered(201, await keyed("/vehicles", car, "car")).body;
		const transfer = async (owner: string, key: string): Promise<Answer> => keyed(`/vehicles/${id}/transfer`, { owner }, key);
		const first = answered(200, await transfer("k-o2", "K1")); // the owner is already k-o2
		expect(first.headers["idempotent-replayed"]).toBeUndefined();
		const sold = answered(200, await transfer("k-o3", "K2"));
		const again = answered(200, await transfer("k-o2", "K1"));
		expect([again.body, again.headers["idempotent-replayed"]]).toEqual([first.body, "true"]);
		expect((await rowAfter(system, `/vehicles/${id}`, sold))["owner"]).toBe("k-o3");
		expectProblem(await transfer("k-o3", "K1"), 422, "IDEMPOTENCY_KEY_REUSED");
	});

	it("gets the first refusal again, although the command would be accepted now", async () => {
		const passage = { id: "k-late", radar: "k-later", plate: plate(1), country: "FR", speedKmh: 150, capturedAt: noon };
		const first = answered(404, await keyed("/detections", passage, "late"));
		await radarInService(system, "k-later");
		expect(answered(404, await keyed("/detections", passage, "late")).body).toEqual(first.body);
		answered(201, await keyed("/detections", passage, "anew"));
	});

	it("does not store its key if it was never decided: invalid, or meant for another version", async () => {
		await install("k-version");
		const described = async (version: string) =>
			system.post("/radars/k-version/describe", { name: "seen" }, { "idempotency-key": "seen", "if-match": version });
		expectProblem(await described('"9"'), 412, "VERSION_MISMATCH");
		answered(200, await described('"1"'));
		answered(422, await keyed("/owners", { ...person, email: "none" }, "mended"));
		answered(201, await keyed("/owners", person, "mended"));
	});

	it("takes effect once if it is sent many times concurrently", async () => {
		const answers = await Promise.all(Array.from({ length: 20 }, () => keyed("/owners", { ...person, name: "At once" }, "at-once")));
		expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
		expect(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined)).toHaveLength(1);
	});

	it.each(["x".repeat(129), "two words", "t\tab"])("needs a key of 1 to 128 visible characters, not %j", async (key) => {
		expect([400, 422]).toContain((await keyed("/owners", person, key)).status);
	});
});

describe("a command meant for a version", () => {
	it("is accepted at that version, and refused at any other without effect", async () => {
		const { body } = await install("v-1");
		const at = (version: number): Promise<Answer> =>
			system.post("/radars/v-1/describe", { name: `after ${version}` }, { "if-match": `"${version}"` });
		const next = answered(200, await at(body.version));
		for (const version of [body.version, next.body.version + 1, 0]) expectProblem(await at(version), 412, "VERSION_MISMATCH");
		expect(await rowAfter(system, "/radars/v-1", next)).toMatchObject({ version: next.body.version, name: `after ${body.version}` });
		answered(200, await at(next.body.version));
	});

	it("lets one of many concurrent commands win", async () => {
		const { body } = await install("v-race");
		const answers = await Promise.all(
			Array.from({ length: 10 }, (_, n) =>
				system.post("/radars/v-race/describe", { name: `racer ${n}` }, { "if-match": `"${body.version}"` }),
			),
		);
		expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
	});
});

describe("creating what exists", () => {
	const things: readonly [string, string, Row, Row][] = [
		["/radars", "RADAR", { id: "x-radar", ...site }, { latitude: 1 }],
		["/owners", "OWNER", { id: "x-owner", ...person }, { name: "Other" }],
		["/vehicles", "VEHICLE", { plate: plate(40), ...car, owner: "x-holder" }, { model: "Other" }],
		[
			"/detections",
			"DETECTION",
			{ id: "x-detection", radar: "x-eye", plate: "AB-123-CD", country: "FR", speedKmh: 150, capturedAt: noon },
			{ speedKmh: 151 },
		],
	];
	beforeAll(async () => (await ownerOf(system, "x-holder"), await radarInService(system, "x-eye")));

	it.each(things)("succeeds with the same content, and is a conflict with other content: POST %s", async (path, name, given, other) => {
		const first = answered(201, await system.post(path, given));
		const again = answered(200, await system.post(path, given));
		expect(again.body).toMatchObject({ id: first.body.id, version: first.body.version });
		expectProblem(await system.post(path, { ...given, ...other }), 409, `${name}_ALREADY_EXISTS`);
		expect(await rowAfter(system, `${path}/${first.body.id}`, first)).toMatchObject({ id: first.body.id, version: first.body.version });
	});

	it("treats another notation as the same content: offset, plate, default", async () => {
		const again = {
			id: "x-detection",
			radar: "x-eye",
			plate: "ab123cd",
			country: "FR",
			speedKmh: 150,
			capturedAt: "2025-06-02T14:00:00.000+02:00",
			vehicleClass: "light",
		};
		expect(answered(200, await system.post("/detections", again)).body).toMatchObject({ id: "x-detection", outcome: "qualified" });
	});

	it("concurrently from many clients creates one", async () => {
		const answers = await Promise.all(
			Array.from({ length: 12 }, () =>
				system.post("/detections", { id: "x-many", radar: "x-eye", plate: "AB-123-CE", country: "FR", speedKmh: 150, capturedAt: noon }),
			),
		);
		expect(answers.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 11 }, () => 200), 201]);
		await infraction(system, "x-many");
		expect((await system.get("/infractions?detection=x-many")).body.total).toBe(1);
	});
});

describe("an error", () => {
	const radar = { id: "e-radar", ...site };

	it("names every invalid field with the expected and the actual value", async () => {
		const answer = await system.post("/radars", { ...radar, kind: "laser", latitude: 91, limits: { lightKmh: 50.5 }, colour: "red" });
		expectProblem(answer, 422, "VALIDATION_ERROR");
		expect(answer.body.errors.map(({ field }) => field).sort()).toEqual(["colour", "kind", "latitude", "limits.lightKmh"]);
		expect(answer.body.errors).toEqual(answer.body.errors.map((error) => ({ ...error, message: expect.any(String) })));
		expect(answer.body.errors.find(({ field }) => field === "kind")).toMatchObject({ actual: "laser", expected: expect.anything() });
	});

	it.each<[number, string, string, string]>([
		[400, "broken JSON", '{"id":', "application/json"],
		[415, "plain text", JSON.stringify(radar), "text/plain"],
		[415, "a form", "kind=fixed", "application/x-www-form-urlencoded"],
		[415, "NDJSON on a route for one body", `${JSON.stringify(radar)}\n`, "application/x-ndjson"],
		[413, "more than a mebibyte", JSON.stringify({ ...radar, name: "x".repeat(1024 * 1024) }), "application/json"],
	])("is %i for %s", async (status, _what, body, type) => {
		expectProblem(await system.send({ method: "POST", path: "/radars", headers: { "content-type": type }, body }), status);
		expectProblem(await system.get("/radars/e-radar"), 404);
	});

	it("is 422 for a body that is no object, and for an id that is not the one in the path", async () => {
		await install("e-path");
		for (const body of [[], [{}], null, 7, "text", true])
			expect([400, 422]).toContain((await system.post("/radars/e-path/activate", body)).status);
		expectProblem(await system.post("/radars/e-path/describe", { id: "e-other", name: "x" }), 422, "VALIDATION_ERROR");
		expect(commits(await system.get("/radars/e-path/history"))).toHaveLength(1);
	});

	it("of a rule has its own code and changes nothing", async () => {
		await radarInService(system, "e-law");
		const future = await system.post("/detections", {
			id: "e-future",
			radar: "e-law",
			plate: plate(2),
			country: "FR",
			speedKmh: 150,
			capturedAt: "2099-01-01T00:00:00Z",
		});
		expectProblem(future, 409, "CAPTURED_IN_THE_FUTURE");
		expectProblem(await system.get("/detections/e-future"), 404);
		await expectNoInfraction(system, "e-future");
	});

	it("is a problem response on every path under /api", async () => {
		for (const path of ["/nope", "/radars/x/y/z", "/", "/radar"]) expectProblem(await system.get(path), 404);
	});
});

describe("a read that carries a position", () => {
	it("always includes the command that was acknowledged with that position", async () => {
		await radarInService(system, "p-eye");
		for (let n = 0; n < 60; n++) {
			const answer = await detect(system, { id: `p-${n}`, radar: "p-eye", speedKmh: 100 });
			expect(answered(200, await system.get("/detections?radar=p-eye&pageSize=1", seen(answer))).body.total).toBe(n + 1);
			expect(await rowAfter(system, "/radars/p-eye", answer)).toMatchObject({ detections: n + 1 });
		}
	});

	it("does not wait for a log that its read model does not follow, and accepts several joined positions", async () => {
		const radar = await install("p-joined");
		const owner = answered(201, await system.post("/owners", { id: "p-owner", ...person }));
		const joined = { "x-position": `${radar.body.position},${owner.body.position}` };
		expect(answered(200, await system.get("/radars/p-joined", joined)).body.id).toBe("p-joined");
		expect(answered(200, await system.get("/owners/p-owner", joined)).body.id).toBe("p-owner");
		answered(200, await system.get("/owners/p-owner", { "x-position": radar.body.position }, 2_000));
	});

	let wrongs = 0;
	it.each([
		["beyond the end of its log", (position: string) => position.replace(/\d+$/, "999999999")],
		["one beyond the end of its log", (position: string) => position.replace(/\d+$/, (digits) => String(Number(digits) + 1))],
		["of a partition its log does not have", (position: string) => position.replace(/:0:/, ":63:")],
		["of no log at all", () => "elsewhere:0:1"],
	])("is refused at once if it is %s", async (_where, wrong) => {
		const { body } = await install(`p-wrong-${++wrongs}`);
		const position = wrong(body.position);
		for (const path of ["/radars", `/radars/${body.id}`, `/radars/${body.id}/history`, "/owners"]) {
			const answer = await system.get(path, { "x-position": position }, 2_000);
			expectProblem(answer, 422, "VALIDATION_ERROR");
			expect(answer.body.errors).toMatchObject([{ field: "X-Position", actual: position }]);
		}
	});
});

describe("a row that was read before", () => {
	it("is not sent again until it changes", async () => {
		const { position } = (await install("etag")).body;
		const first = answered(200, await system.get("/radars/etag", { "x-position": position }));
		expect(first.headers.etag).toMatch(/^W\/"\d+-[\w-]{12}"$/);
		const again = await system.get("/radars/etag", { "if-none-match": String(first.headers.etag) });
		expect([again.status, again.text, again.headers.etag]).toEqual([304, "", first.headers.etag]);
		const changed = answered(200, await system.post("/radars/etag/describe", { name: "Elm Street" }));
		const read = await system.get("/radars/etag", { "if-none-match": String(first.headers.etag), "x-position": changed.body.position });
		expect([read.status, read.body["name"]]).toEqual([200, "Elm Street"]);
	});
});
