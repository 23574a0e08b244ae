/** Identity in a cluster: every gateway knows a login and its end at once, and the attempts with a name are counted on one node. */
import { afterAll, beforeAll, expect, describe, it } from "@jest/globals";
import { answered, expectProblem } from "../http/scenery.ts";
import { Cluster, hasNats } from "../support/cluster.ts";
import { type System, TOKEN } from "../support/system.ts";

const PASSWORD = "correct horse battery";
const bearer = (token: unknown) => ({ authorization: `Bearer ${String(token)}` });

(hasNats ? describe : describe.skip)("a cluster", () => {
	let cluster: Cluster;
	let one: System;
	let other: System;
	beforeAll(async () => {
		if (!hasNats) return;
		cluster = await Cluster.shared({});
		[one, other] = cluster.gateways as [System, System];
	});
	afterAll(() => cluster?.stop());

	it("establishes the client of the environment once, and knows it at every gateway", async () => {
		for (const gateway of [one, other]) expect(answered(200, await gateway.get("/me", bearer(TOKEN))).body["id"]).toBe("bootstrap");
		expect(answered(200, await one.get("/clients/bootstrap")).body).toMatchObject({ version: 1, status: "active" });
	});
	it("opens and ends a session on different nodes, at once", async () => {
		const person = { id: "bob", login: "bob", name: "Bob", email: "bob@example.org", roles: ["officer"], password: PASSWORD };
		answered(201, await one.post("/users", person));
		const { token } = answered(201, await other.post("/sessions", { login: "bob", password: PASSWORD })).body;
		answered(200, await one.get("/me", bearer(token)));
		answered(200, await other.post("/users/bob/suspend", { reason: "leave" }));
		for (const gateway of [one, other]) expectProblem(await gateway.get("/me", bearer(token)), 401, "UNAUTHENTICATED");
	});
	it("counts failed logins over all gateways", async () => {
		for (let n = 0; n < 10; n++)
			expectProblem(await (n % 2 ? one : other).post("/sessions", { login: "eve", password: PASSWORD }), 401, "UNAUTHENTICATED");
		for (const gateway of [one, other])
			expectProblem(await gateway.post("/sessions", { login: "eve", password: PASSWORD }), 429, "TOO_MANY_REQUESTS");
	});
});
