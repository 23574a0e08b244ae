/** Whose a token is: the secret of a client, a session of a user, and the token of the environment. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { callsOf } from "../../support/access.ts";
import { digestOf, newToken } from "../../../mixins/identity/tokens.ts";
import { type Running, start } from "../../../node/start.ts";
import { Folder } from "../../support/folder.ts";

const folder = new Folder();
const TOKEN = "of-the-environment-0123456789-0123456789";
let system: Running;
const begin = async (settings: Record<string, string> = {}) =>
	void (system = await start({ DATA_DIR: folder.path, SERVICES: "identity", LOG_LEVEL: "fatal", ...settings }));
beforeAll(() => begin({ BOOTSTRAP_TOKEN: TOKEN }));
afterAll(async () => {
	await system.stop();
	folder.remove();
});
const call = <T = Record<string, unknown>>(action: string, params: object) => callsOf(system.broker)<T>(action, params);
const authenticate = (token: string) => call("identity.authenticate", { credential: digestOf(token) });
const refused = (token: string) =>
	expect(authenticate(token)).rejects.toMatchObject({
		code: 401,
		type: "UNAUTHENTICATED",
		message: "Log in, or send the secret of a client, as a bearer token",
	});
const secretIn = ({ answer }: { answer: Record<string, unknown> }) => String(answer["secret"]);
const registered = async (id: string, more: object = {}) =>
	secretIn(await call("client.register", { id, name: "Bank", roles: ["bank"], ...more }));

const instant = (after: number) => new Date(Date.now() + after).toISOString();
const HOUR = 3_600_000;
/** A session that began and ends so many milliseconds from now. */
async function session(user: string, { from = 0, until = HOUR, epoch = 0 } = {}): Promise<{ token: string; id: string }> {
	const token = newToken();
	const id = digestOf(token).slice(0, 20).replaceAll("_", "x");
	await call("credential.issue", { id: digestOf(token), kind: "session", holder: id });
	await call("session.open", { id, user, epoch, from: instant(from), until: instant(until) });
	return { token, id };
}
const officer = (id: string) => ({ id, login: id, name: "Bob", email: "bob@example.org", roles: ["officer"], agency: "north" });

describe("the secret of a client", () => {
	it("has the roles of the client, until it is rotated or revoked", async () => {
		const secret = await registered("c-1");
		const bank = { kind: "client", id: "c-1", name: "Bank", roles: ["bank"], expiresAt: null };
		expect(await authenticate(secret)).toEqual({ ...bank, sid: "client:c-1:1" });
		const next = secretIn(await call("client.rotate", { id: "c-1" }));
		await refused(secret);
		expect(await authenticate(next)).toEqual({ ...bank, sid: "client:c-1:2" });
		await call("client.revoke", { id: "c-1", reason: "stolen" });
		await refused(next);
	});
	it("of a device names its radar", async () => {
		const secret = await registered("box", { roles: ["device"], radar: "R1", agency: "north" });
		expect(await authenticate(secret)).toMatchObject({ roles: ["device"], radar: "R1", agency: "north" });
	});
	it("is in no answer but the first", async () => {
		const once = () => {
			const meta = { commandId: "register-c-3", digest: "d" };
			return callsOf(system.broker)<{ answer: object }>("client.register", { id: "c-3", name: "Bank", roles: ["bank"] }, { meta });
		};
		expect((await once()).answer).toEqual({ secret: expect.any(String) });
		expect(await once()).toMatchObject({ replayed: true, answer: {} });
		expect(JSON.stringify(await call("client.history", { id: "c-3" }))).not.toContain("secret");
		expect(JSON.stringify(await call("client.state", { id: "c-3" }))).not.toContain('"secret"');
	});
});

describe("a session", () => {
	beforeAll(() => call("user.register", officer("bob")));

	it("has the present roles of its user, until it ends", async () => {
		const { token, id } = await session("bob");
		const identity = await authenticate(token);
		expect(identity).toMatchObject({ kind: "user", id: "bob", name: "Bob", roles: ["officer"], agency: "north", sid: id });
		expect(Date.parse(String(identity["expiresAt"])) - Date.now()).toBeLessThanOrEqual(HOUR / 4);
		await call("session.end", { id });
		await refused(token);
	});
	it("ends with its lifetime, and without use", async () => {
		await refused((await session("bob", { from: -HOUR, until: -1 })).token);
		await refused((await session("bob", { from: -HOUR / 4 })).token);
	});
	it("records its use after a minute", async () => {
		const young = await session("bob", { from: -50_000 });
		const old = await session("bob", { from: -70_000 });
		await authenticate(young.token);
		const before = Date.now();
		const { expiresAt } = await authenticate(old.token);
		expect(Date.parse(String(expiresAt))).toBeGreaterThanOrEqual(before + HOUR / 4);
		await authenticate(old.token);
		const uses = async (id: string) => ((await call("session.history", { id }))["rows"] as object[]).length - 1;
		expect([await uses(young.id), await uses(old.id)]).toEqual([0, 1]);
	});
	it.each([
		["user.suspend", { reason: "leave" }],
		["user.changeRoles", { roles: ["clerk"] }],
		["user.resetPassword", { password: "correct horse battery" }],
	])("is void after %s", async (command, params) => {
		const id = command.slice(command.indexOf(".") + 1);
		await call("user.register", officer(id));
		const { token } = await session(id);
		await authenticate(token);
		await call(command, { id, ...params });
		await refused(token);
		await refused((await session(id)).token); // of the epoch before
	});
});

describe("the token of the environment", () => {
	it("is the secret of a client with every role of a person", async () => {
		const { roles, ...rest } = await authenticate(TOKEN);
		expect(rest).toMatchObject({ kind: "client", id: "bootstrap" });
		expect(roles).toEqual(expect.arrayContaining(["administrator", "auditor"]));
		expect(roles).not.toContain("device");
	});
	it("is reported by readiness until it is revoked, and does not come back", async () => {
		expect(await call("identity.health", {})).toMatchObject({ ready: true, note: expect.stringContaining("bootstrap") });
		await call("client.revoke", { id: "bootstrap", reason: "done" });
		expect(await call("identity.health", {})).toEqual({ name: "identity", ready: true });
		await system.stop();
		await begin({ BOOTSTRAP_TOKEN: TOKEN });
		await refused(TOKEN);
	});
	it("is replaced by a new one", async () => {
		await system.stop();
		await begin({ BOOTSTRAP_TOKEN: `${TOKEN}-2` });
		expect(await authenticate(`${TOKEN}-2`)).toMatchObject({ id: "bootstrap" });
		await refused(TOKEN);
	});
	it("must be long", async () => {
		for (const token of ["x".repeat(31), `${"x".repeat(40)} y`])
			await expect(start({ DATA_DIR: folder.path, SERVICES: "identity", BOOTSTRAP_TOKEN: token })).rejects.toThrow(
				/^BOOTSTRAP_TOKEN has to have 32 to 200 visible characters, such as those of: openssl rand -base64 32$/,
			);
	});
});

describe("any other token", () => {
	it("is refused", () => refused(newToken()));
	it("is refused if its client was never registered", async () => {
		const token = newToken();
		await call("credential.issue", { id: digestOf(token), kind: "client", holder: "nothing" });
		await refused(token);
	});
});
