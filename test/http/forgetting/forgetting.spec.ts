/**
 * Forgetting - personal data is written through every route and never in the clear; once its owner is forgotten, it is in no answer, also not
 * after a restart and a rebuild, and in no byte of any file or output.
 */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { occurrences } from "../../support/byte-scan.ts";
import { es } from "../../support/operator.ts";
import { type Answer, eventually, System } from "../../support/system.ts";
import { answered, detect, expectProblem, infraction, ownerOf, radarInService, rowAfter, seen } from "../scenery.ts";

const person = {
	name: "Zébulon Quixwort-Ångström",
	birthDate: "1931-07-19",
	nationalId: "XQ-99-8877-66",
	email: "zebulon@quixwort.example",
	phone: "+33 98765-43210",
	address: "99 allée des Gryphons, 75099 Umbrellaville",
};
const later = { name: "Zoë Vlcek-Oberhauser", phone: "+33 11223-99887", address: "7 impasse du Basilic" };
const SECRETS = [...Object.values(person), ...Object.values(later), "Quixwort", "Gryphons", "Basilic"].filter(
	(text) => text !== person.birthDate, // other facts have dates, too
);
/** A text that is not personal: it shows that the scan finds what is there. */
const ROAD = "Rue du Témoin-Éclatant";

let system: System;
beforeAll(async () => void (system = await System.start({ LOG_LEVEL: "info" })));
afterAll(() => system.dispose());

const found = () => occurrences(system.dataDir, SECRETS, { output: system.output });
/** All that answers say about the owner. */
async function answersAbout(id: string): Promise<string> {
	const feed = await system.live("?types=owner.registered,owner.corrected", { "last-event-id": "registration:0:0" });
	const events = await eventually(() => (feed.events.length >= 2 ? feed.events : Promise.reject(new Error("no facts yet"))));
	const answers: Answer[] = [];
	for (const path of [`/owners/${id}`, `/owners/${id}/history`, `/owners/${id}/export`, "/owners"]) answers.push(await system.get(path));
	feed.close();
	const told = [await es(system.dataDir, `state owner ${id} --json`), await es(system.dataDir, `history owner ${id} --json`)];
	return JSON.stringify([events, answers.map(({ text }) => text), told.map(({ stdout }) => stdout)]);
}
const said = (text: string): string[] => SECRETS.filter((secret) => text.includes(secret));

describe("the data of an owner", () => {
	beforeAll(async () => {
		await radarInService(system, "R1", { road: ROAD });
		const key = { "idempotency-key": "k-1" };
		answered(201, await system.post("/owners", { id: "zeb", kind: "person", ...person }, key));
		answered(201, await system.post("/owners", { id: "zeb", kind: "person", ...person }, key)); // repeated
		answered(200, await system.post("/owners", { id: "zeb", kind: "person", ...person }, { "idempotency-key": "k-2" })); // already so
		expectProblem(await system.post("/owners", { id: "zeb", kind: "company", ...person }), 409);
		expectProblem(await system.post("/owners", { id: "zeb2", kind: "person", ...person, email: "Quixwort" }), 422);
		await ownerOf(system, "other");
		await rowAfter(system, "/owners/zeb", await system.post("/owners/zeb/correct", later, { "idempotency-key": "k-3" }));
	});

	it("is read back, and found by its exact name and address of mail", async () => {
		const { rows } = answered(200, await system.get(`/owners?email=${encodeURIComponent(person.email)}`)).body;
		expect(rows).toMatchObject([{ id: "zeb", ...person, ...later }]);
		expect(answered(200, await system.get(`/owners?name=${encodeURIComponent(later.name)}`)).body.total).toBe(1);
		expect(answered(200, await system.get(`/owners?name=${encodeURIComponent(person.name)}`)).body.total).toBe(0);
		expect(said(await answersAbout("zeb")).length).toBeGreaterThan(8);
	});
	it("is in no file in the clear, although the owner is not forgotten, in contrast to other data", () => {
		expect(found()).toEqual([]);
		expect(occurrences(system.dataDir, [ROAD])).not.toEqual([]);
	});
	it("is kept while a case needs it; the refusal names the case", async () => {
		answered(201, await system.post("/vehicles", { plate: "ZZ-999-ZZ", country: "FR", type: "car", brand: "Peugeot", model: "208", fiscalPower: 5, owner: "zeb" })); // prettier-ignore
		await detect(system, { id: "d-zeb", radar: "R1", plate: "ZZ-999-ZZ", speedKmh: 200 });
		await eventually(async () => expect((await infraction(system, "d-zeb"))["status"]).toBe("open"));
		const refused = await system.post("/owners/zeb/forget", { reason: "asked by letter" });
		expectProblem(refused, 409, "OWNER_NEEDED");
		expect(refused.text).toContain("the case d-zeb");
		answered(200, await system.post("/infractions/d-zeb/cancel", { reason: "withdrawn" }));
	});
	it("is exported with the vehicles and the cases", async () => {
		const whole = answered(200, await system.get("/owners/zeb/export")).body;
		expect(whole).toMatchObject({
			id: "zeb",
			owner: { ...person, ...later },
			vehicles: [{ plate: "ZZ-999-ZZ" }],
			cases: [{ id: "d-zeb" }],
			complete: true,
		});
		expect(JSON.stringify(whole["decisions"])).toContain(person.address);
		expectProblem(await system.get("/owners/nobody/export"), 404, "OWNER_UNKNOWN");
	});

	describe("once the owner is forgotten", () => {
		let forgotten: Answer;
		beforeAll(async () => void (forgotten = answered(200, await system.post("/owners/zeb/forget", { reason: "asked by letter" }))));

		it("is null in rows, histories, states, live feeds and exports; others keep theirs", async () => {
			expect(await rowAfter(system, "/owners/zeb", forgotten)).toMatchObject({ name: null, email: null, birthDate: null });
			expect(said(await answersAbout("zeb"))).toEqual([]);
			expect((await rowAfter(system, "/owners/other", forgotten))["name"]).not.toBeNull();
			expect(answered(200, await system.get(`/owners?name=${encodeURIComponent(later.name)}`, seen(forgotten))).body.total).toBe(0);
		});
		it("is in no byte of any file or output", () => expect(found()).toEqual([]));
		it("cannot be added again; the same command is already so", async () => {
			expect(answered(200, await system.post("/owners/zeb/forget", { reason: "again" })).body.version).toBe(forgotten.body.version);
			expectProblem(await system.post("/owners/zeb/correct", { phone: "1" }), 409, "OWNER_FORGOTTEN");
			expectProblem(await system.post("/owners", { id: "zeb", kind: "person", ...person }), 409, "OWNER_ALREADY_EXISTS");
			const again = await system.post("/owners", { id: "zeb", kind: "person", ...person }, { "idempotency-key": "k-1" });
			expect(answered(201, again).body.version).toBe(1); // the first answer
		});
		it("stays null after a restart with rows that are made again, and the log still verifies", async () => {
			await system.restart();
			expect(said(await answersAbout("zeb"))).toEqual([]);
			expect((await es(system.dataDir, "rebuild owners")).code).toBe(0);
			expect(said(await answersAbout("zeb"))).toEqual([]);
			expect((await es(system.dataDir, "verify --rows")).code).toBe(0);
			expect(found()).toEqual([]);
		});
	});
});
