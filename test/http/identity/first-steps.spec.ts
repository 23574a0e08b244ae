/** The first steps of a new system: the first administrator, the token of the environment, and the settings of sessions. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { eventually, System } from "../../support/system.ts";
import { answered, expectProblem } from "../scenery.ts";

const PASSWORD = "correct horse battery";
const TOKEN = "of-the-environment-0123456789-0123456789";
const ada = { login: "ada", name: "Ada Roux", email: "ada@example.org", password: PASSWORD };

let system: System;
afterEach(() => system.dispose());
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
/** The token that the start prints. */
const invitation = (): Promise<string> =>
	eventually(() => {
		const [, token] = /"token":"([^"]+)"/.exec(system.output) ?? [];
		if (token === undefined) throw new Error(`there is no token in: ${system.output}`);
		return token;
	});
const found = (token: string | undefined, more: object = {}) => system.post("/first-administrator", { token, ...ada, ...more });
const logIn = () => system.post("/sessions", { login: ada.login, password: PASSWORD });

describe("the first administrator", () => {
	it("is made once, with the token that the start prints", async () => {
		system = await System.start({ BOOTSTRAP_TOKEN: "" });
		const token = await invitation();
		expect(system.output).toContain(`curl http://127.0.0.1:${system.port}/api/first-administrator -H 'content-type: application/json'`);
		expectProblem(await found("x".repeat(43)), 401, "UNAUTHENTICATED");
		const { body } = answered(201, await found(token));
		expect(body).toEqual({ id: "administrator" });
		const unknown = await found("x".repeat(43));
		expect((await found(token)).text).toBe(unknown.text);
		const session = answered(201, await logIn());
		expect(session.body).toMatchObject({ user: "administrator", roles: ["administrator"] });
	});
	it("can be corrected until the content is valid", async () => {
		system = await System.start({ BOOTSTRAP_TOKEN: "" });
		const token = await invitation();
		for (const wrong of [{ password: "short" }, { email: "x" }, { login: "a b" }, { name: "" }])
			expectProblem(await found(token, wrong), 422, "VALIDATION_ERROR");
		answered(201, await found(token));
	});
	it("is one, also if the token is used several times at once", async () => {
		system = await System.start({ BOOTSTRAP_TOKEN: "" });
		const token = await invitation();
		const all = await Promise.all(["ada", "bob", "eve"].map((login) => found(token, { login })));
		expect(all.map(({ status }) => status).toSorted()).toEqual([201, 401, 401]);
		const logins = await Promise.all(["ada", "bob", "eve"].map((login) => system.post("/sessions", { login, password: PASSWORD })));
		expect(logins.map(({ status }) => status).toSorted()).toEqual([201, 401, 401]);
	});
	it("gets a new token at each start, until there is one", async () => {
		system = await System.start({ BOOTSTRAP_TOKEN: "" });
		const before = await invitation();
		await system.restart();
		const token = await invitation();
		expect(before).not.toBe(token);
		expectProblem(await found(before), 401, "UNAUTHENTICATED");
		answered(201, await found(token));
		await system.restart();
		answered(201, await logIn());
	});
	it("is not made by a node without the accounts", async () => {
		system = await System.start({ SERVICES: "radar,gateway" });
		expectProblem(await found("x".repeat(43)), 503, "SERVICE_UNAVAILABLE");
		expectProblem(await system.get("/me", bearer(TOKEN)), 503, "SERVICE_UNAVAILABLE");
	});
});

describe("the token of the environment", () => {
	it("is the secret of a client, and a warning of readiness until it is revoked", async () => {
		system = await System.start({ BOOTSTRAP_TOKEN: TOKEN });
		const noteOf = async () => {
			const { body } = answered(200, await system.get("/health/ready"));
			return (body["parts"] as { name: string; note?: string }[]).find(({ name }) => name === "identity")?.note;
		};
		expect(answered(200, await system.get("/me", bearer(TOKEN))).body).toMatchObject({ kind: "client", id: "bootstrap" });
		expect(await noteOf()).toMatch(/^the client bootstrap /);
		await system.restart();
		answered(200, await system.get("/me", bearer(TOKEN)));
		answered(200, await system.post("/clients/bootstrap/revoke", { reason: "done" }, bearer(TOKEN)));
		expectProblem(await system.get("/me", bearer(TOKEN)), 401, "UNAUTHENTICATED");
		expect(await noteOf()).toBeUndefined();
		await system.restart();
		expectProblem(await system.get("/me", bearer(TOKEN)), 401, "UNAUTHENTICATED");
	});
});

describe("the settings of sessions", () => {
	it("end a session after its lifetime, also if it is used", async () => {
		system = await System.start({ BOOTSTRAP_TOKEN: "", SESSION_LIFETIME: "2s" });
		answered(201, await found(await invitation()));
		const { body } = answered(201, await logIn());
		const headers = bearer(String(body["token"]));
		await eventually(async () => expectProblem(await system.get("/me", headers), 401, "UNAUTHENTICATED"));
		expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(String(body["expiresAt"])));
	});
	it("end a session that is not used", async () => {
		system = await System.start({ BOOTSTRAP_TOKEN: "", SESSION_IDLE: "2s" });
		answered(201, await found(await invitation()));
		const headers = bearer(String(answered(201, await logIn()).body["token"]));
		await pause(2000);
		expectProblem(await system.get("/me", headers), 401, "UNAUTHENTICATED");
	});
	it("behind a proxy that encrypts give cookies that only encrypted connections can set", async () => {
		system = await System.start({ BOOTSTRAP_TOKEN: "", BEHIND_PROXY: "on" });
		answered(201, await found(await invitation()));
		const { headers, body } = answered(201, await logIn());
		expect(String(headers["set-cookie"])).toBe(`__Host-vigie=${String(body["token"])}; HttpOnly; SameSite=Lax; Path=/; Secure`);
		answered(200, await system.get("/me", { authorization: undefined, cookie: `__Host-vigie=${String(body["token"])}` }));
		expectProblem(await system.get("/me", { authorization: undefined, cookie: `vigie=${String(body["token"])}` }), 401, "UNAUTHENTICATED");
	});
});
