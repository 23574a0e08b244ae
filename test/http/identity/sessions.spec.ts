/** Logging in and out over HTTP, and the limits of sessions. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Answer, System } from "../../support/system.ts";
import { answered, expectProblem } from "../scenery.ts";

const PASSWORD = "correct horse battery";
let system: System;
beforeAll(async () => void (system = await System.start({ LOG_LEVEL: "trace" })));
afterAll(() => system.dispose());

const person = (id: string) => ({ id, login: `${id}@Example.org`, name: "Bob Petit", email: `${id}@example.org`, roles: ["officer"] });
const registered = async (id: string) => answered(201, await system.post("/users", { ...person(id), password: PASSWORD }));
const logIn = (id: string, password = PASSWORD) => system.post("/sessions", { login: `${id}@example.org`, password });
const tokenOf = async (id: string) => String(answered(201, await logIn(id)).body["token"]);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const me = (headers: Record<string, string>) => system.get("/me", { authorization: undefined, ...headers });
const cookieIn = ({ headers }: Answer) => String(headers["set-cookie"]);
const remove = (path: string, headers: Record<string, string>) =>
	system.send({ method: "DELETE", path, headers: { authorization: undefined, ...headers } });
const expectNobody = (answer: Answer) => {
	expectProblem(answer, 401, "UNAUTHENTICATED");
	expect(answer.headers["www-authenticate"]).toBe('Bearer realm="vigie"');
};

describe("a login", () => {
	beforeAll(() => registered("bob"));

	it("answers with a token that says who its user is", async () => {
		const { body, headers } = answered(201, await system.post("/sessions", { login: "BOB@example.org", password: PASSWORD }));
		expect(body).toEqual({
			token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
			expiresAt: expect.any(String),
			user: "bob",
			roles: ["officer"],
		});
		expect(Math.round((Date.parse(String(body["expiresAt"])) - Date.now()) / 60_000)).toBe(8 * 60);
		expect(headers["cache-control"]).toBe("no-store");
		const known = answered(200, await me(bearer(String(body["token"]))));
		expect(known.body).toEqual({ kind: "user", id: "bob", name: "Bob Petit", roles: ["officer"] });
	});
	it("sets a cookie that scripts cannot read, and that is as good as the token", async () => {
		const answer = await logIn("bob");
		const token = String(answer.body["token"]);
		expect(cookieIn(answer)).toBe(`vigie=${token}; HttpOnly; SameSite=Lax; Path=/`);
		expect(answered(200, await me({ cookie: `a=b; vigie=${token}; c=d` })).body["id"]).toBe("bob");
		expectNobody(await me({ cookie: `__Host-vigie=${token}` }));
		expectNobody(await me({ cookie: `vigie=${token}`, authorization: "Basic Ym9iOng=" }));
	});
	it("is refused in the same way whatever is wrong", async () => {
		await registered("away");
		answered(200, await system.post("/users/away/suspend", { reason: "leave" }));
		answered(201, await system.post("/users", person("no-password")));
		const wrong = [
			await logIn("bob", "correct horse batterz"),
			await logIn("nobody"),
			await logIn("away"),
			await logIn("no-password"),
			await logIn("bob", "x"),
			await logIn("\u0000"),
		];
		for (const answer of wrong) expectNobody(answer);
		expect(new Set(wrong.map(({ text }) => text)).size).toBe(1);
		expect(wrong.filter(({ headers }) => headers["set-cookie"] !== undefined)).toEqual([]);
	});
	it.each([
		[{ login: "bob@example.org" }, "password"],
		[{ login: 5, password: "the-secret-value" }, "login"],
		[{ login: "bob@example.org", password: ["the-secret-value"] }, "password"],
		[{ login: "bob@example.org", password: "the-secret-value".repeat(100) }, "password"],
		[{ login: "bob@example.org", password: "the-secret-value", remember: true }, "remember"],
	])("of the content %j is not valid", async (content, field) => {
		const answer = await system.post("/sessions", content);
		expectProblem(answer, 422, "VALIDATION_ERROR");
		expect(answer.text).not.toContain("the-secret-value");
		expect(answer.body["errors"]).toEqual([expect.objectContaining({ field })]);
	});
	it("is refused for a while after ten failures, also with the right password, and only for that name", async () => {
		await registered("slow");
		for (let n = 0; n < 10; n++) expectNobody(await logIn("slow", "correct horse batterz"));
		for (const answer of [await logIn("slow"), await logIn("slow", "correct horse batterz")]) {
			expectProblem(answer, 429, "TOO_MANY_REQUESTS");
			expect(Number(answer.headers["retry-after"])).toBeGreaterThan(20);
		}
		for (let n = 0; n < 10; n++) expectNobody(await logIn("nothing-such", "correct horse batterz"));
		expectProblem(await logIn("nothing-such"), 429, "TOO_MANY_REQUESTS");
		answered(201, await logIn("bob"));
	});
});

describe("a session", () => {
	beforeAll(() => registered("ada"));

	it("ends when its user logs out", async () => {
		const token = await tokenOf("ada");
		const answer = await remove("/sessions/current", bearer(token));
		expect(answer.status).toBe(204);
		expect(cookieIn(answer)).toBe("vigie=; Max-Age=0; HttpOnly; SameSite=Lax; Path=/");
		expectNobody(await me(bearer(token)));
		expectNobody(await remove("/sessions/current", bearer(token)));
	});
	it("is in the list of its user's sessions, and can be ended from another one", async () => {
		const opened = answered(201, await logIn("ada"));
		const other = await tokenOf("ada");
		const list = async (token: string, { headers }: Answer) => {
			const seen = { ...bearer(token), "x-position": String(headers["x-position"]) };
			return answered(200, await system.get("/sessions", seen)).body["rows"] as { id: string; current: boolean }[];
		};
		const token = String(opened.body["token"]);
		const own = (await list(token, opened)).find(({ current }) => current);
		expect(own).toEqual({
			id: expect.any(String),
			openedAt: expect.any(String),
			usedAt: expect.any(String),
			expiresAt: expect.any(String),
			current: true,
		});
		const ended = await remove(`/sessions/${own?.id}`, bearer(other));
		expect(ended.status).toBe(204);
		expectNobody(await me(bearer(token)));
		expect((await list(other, ended)).map(({ id }) => id)).not.toContain(own?.id);
	});
	it("of another user cannot be ended", async () => {
		await registered("eve");
		const [mine, other] = [await tokenOf("ada"), await tokenOf("eve")];
		const rows = answered(200, await system.get("/sessions", bearer(mine))).body["rows"] as { id: string }[];
		for (const id of [...rows.map((row) => row.id), "unknown", "a%20b"])
			expectProblem(await remove(`/sessions/${id}`, bearer(other)), 404, "SESSION_UNKNOWN");
		answered(200, await me(bearer(mine)));
	});
	it.each([
		["suspend", { reason: "leave" }],
		["change-roles", { roles: ["clerk"] }],
		["reset-password", { password: "another correct horse" }],
	])("is void at once after %s", async (command, content) => {
		const id = `void-${command}`;
		await registered(id);
		const token = await tokenOf(id);
		answered(200, await me(bearer(token)));
		answered(200, await system.post(`/users/${id}/${command}`, content));
		expectNobody(await me(bearer(token)));
	});
	it("outlives a restart", async () => {
		const token = await tokenOf("ada");
		await system.restart();
		expect(answered(200, await me(bearer(token))).body["id"]).toBe("ada");
	});
});

describe("the secret of a client", () => {
	it("is a bearer token, but no session", async () => {
		const { body } = answered(201, await system.post("/clients", { id: "c-1", name: "Bank", roles: ["bank"] }));
		const secret = bearer(String(body["secret"]));
		expect(answered(200, await me(secret)).body).toEqual({ kind: "client", id: "c-1", name: "Bank", roles: ["bank"] });
		expectProblem(await remove("/sessions/current", secret), 404, "SESSION_UNKNOWN");
		expect(answered(200, await system.get("/sessions", secret)).body).toEqual({ rows: [] });
	});
});

describe("without credentials", () => {
	it.each(["/me", "/sessions"])("GET %s is refused", async (path) => {
		expectNobody(await system.get(path, { authorization: undefined }));
		for (const authorization of ["Bearer", "Bearer x", "Bearer a b", "bearer \u00e9", `Bearer ${"x".repeat(5000)}`])
			expectNobody(await system.get(path, { authorization }));
	});
});

describe("passwords and tokens", () => {
	it("are in no file and no line of the log", async () => {
		const secret = "unlikely zebra password";
		answered(201, await system.post("/users", { ...person("zed"), password: secret }, { "idempotency-key": "zed-1" }));
		const token = String(answered(201, await logIn("zed", secret)).body["token"]);
		answered(200, await me(bearer(token)));
		const made = String(answered(201, await system.post("/clients", { name: "Bank", roles: ["bank"] })).body["secret"]);
		const files = readdirSync(system.dataDir, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
		const texts = [system.output, ...files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"))];
		expect(texts.join("").includes("zed@example.org")).toBe(true);
		for (const hidden of [secret, token, made]) expect(texts.filter((text) => text.includes(hidden))).toEqual([]);
	});
	it("have hashes that no answer shows", async () => {
		const paths = ["/users", "/users/zed", "/users/zed/history", "/clients", "/clients/c-1/history"];
		for (const path of paths) expect(answered(200, await system.get(path)).text).not.toMatch(/argon2|secret"/);
	});
	it("make a command with an Idempotency-Key the same command only if they are the same", async () => {
		const send = (password: string) => system.post("/users/zed/reset-password", { password }, { "idempotency-key": "reset-1" });
		const first = answered(200, await send("another correct horse"));
		const again = answered(200, await send("another correct horse"));
		expect([again.headers["idempotent-replayed"], again.body]).toEqual(["true", first.body]);
		expectProblem(await send("a different horse"), 422, "IDEMPOTENCY_KEY_REUSED");
	});
	it("make a user the same user without a key, too", async () => {
		answered(200, await system.post("/users", { ...person("ada"), password: PASSWORD }));
		expectProblem(await system.post("/users", { ...person("ada"), password: "another correct horse" }), 409, "USER_ALREADY_EXISTS");
		expectProblem(await system.post("/users", { ...person("ada"), id: "ada-2", password: PASSWORD }), 409, "LOGIN_TAKEN");
	});
});
