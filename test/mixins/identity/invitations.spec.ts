/** A start invites the first administrator only while there is none, and only on a node that has all it takes. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { callsOf } from "../../support/access.ts";
import { type Running, start } from "../../../node/start.ts";
import { Folder } from "../../support/folder.ts";

const folders: Folder[] = [];
let system: Running | null = null;
const begin = async (settings: Record<string, string> = {}, folder = new Folder()): Promise<Running> => {
	folders.push(folder);
	return (system = await start({ DATA_DIR: folder.path, PORT: "0", SERVICES: "identity,gateway", LOG_LEVEL: "fatal", ...settings }));
};
const stop = async () => {
	await system?.stop();
	system = null;
};
afterEach(async () => {
	await stop();
	for (const folder of folders.splice(0)) folder.remove();
});
const call = (action: string, params: object) => (system ? callsOf(system.broker)(action, params) : undefined);
const person = { login: "ada", name: "Ada", email: "ada@example.org", password: "correct horse battery" };
const TOKEN = "of-the-environment-0123456789-0123456789";

describe("an invitation", () => {
	it("is a new token each time, as long as there is no administrator", async () => {
		const { invite } = await begin();
		await call("user.register", { ...person, roles: ["officer"] });
		const tokens = [await invite(), await invite()];
		expect(tokens).toEqual([expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), expect.stringMatching(/^[A-Za-z0-9_-]{43}$/)]);
		expect(new Set(tokens).size).toBe(2);
		await call("user.register", { ...person, login: "bob", roles: ["clerk", "administrator"] });
		expect(await invite()).toBeNull();
	});
	it("finds an administrator among many users", async () => {
		const { invite } = await begin();
		const users = Array.from({ length: 250 }, (_, n) => ({
			id: `u-${String(n).padStart(3, "0")}`,
			login: `u-${n}`,
			name: "U",
			email: "u@example.org",
		}));
		for (const user of users) await call("user.register", { ...user, roles: [user.id === "u-249" ? "administrator" : "officer"] });
		expect(await invite()).toBeNull();
	});
	it("is not needed while the client of the environment is active", async () => {
		const folder = new Folder();
		const first = await begin({ BOOTSTRAP_TOKEN: TOKEN }, folder);
		expect(await first.invite()).toBeNull();
		await call("client.revoke", { id: "bootstrap", reason: "done" });
		expect(await first.invite()).toEqual(expect.any(String));
		await stop();
		expect(await (await begin({ BOOTSTRAP_TOKEN: TOKEN }, folder)).invite()).toEqual(expect.any(String));
	});
	it.each(["gateway", "identity", "identity-commands,gateway", "radar,gateway"])(
		"does not come from a node with only %s",
		async (SERVICES) => expect(await (await begin({ SERVICES })).invite()).toBeNull(),
	);
});
