/** Cookies: a command with the cookie of a session has to come from a page of the gateway itself. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { OutgoingHttpHeaders } from "node:http";
import { System } from "../../support/system.ts";
import { answered, expectProblem, person } from "../scenery.ts";

const APP = "https://app.example.org";
const SESSION = "theme=dark; __Host-vigie=abc; lang=fr";
let system: System;
beforeAll(async () => void (system = await System.start({ ALLOWED_HOSTS: "vigie.example.org", CORS_ORIGINS: APP })));
afterAll(() => system.dispose());

const register = (headers: OutgoingHttpHeaders) => system.post("/owners", person, headers);

describe("a command with the cookie of a session", () => {
	it.each<[string, () => OutgoingHttpHeaders]>([
		["by Sec-Fetch-Site", () => ({ "sec-fetch-site": "same-origin" })],
		["by both", () => ({ "sec-fetch-site": "same-origin", origin: system.origin })],
		["by Origin, of an older browser", () => ({ origin: system.origin })],
		["by Origin, through a proxy that encrypts", () => ({ host: "vigie.example.org", origin: "https://vigie.example.org" })],
	])("is accepted from a page of the gateway: %s", async (_what, headers) => {
		for (const cookie of [SESSION, "vigie=abc"]) answered(201, await register({ ...headers(), cookie }));
	});
	it.each<[string, () => OutgoingHttpHeaders]>([
		["nothing", () => ({})],
		["only a Referer", () => ({ referer: `${system.origin}/page` })],
		["no page at all", () => ({ "sec-fetch-site": "none" })],
		["another site", () => ({ "sec-fetch-site": "cross-site" })],
		["a sister site", () => ({ "sec-fetch-site": "same-site", origin: system.origin })],
		["another origin", () => ({ origin: "http://evil.example" })],
		["another origin, with a claim", () => ({ "sec-fetch-site": "same-origin", origin: "http://evil.example" })],
		["another port", () => ({ origin: "http://127.0.0.1:1" })],
		["another name of the gateway", () => ({ origin: "https://vigie.example.org" })],
		["a sandboxed frame", () => ({ origin: "null" })],
		["an origin of CORS_ORIGINS", () => ({ origin: APP })],
		["an origin of CORS_ORIGINS, of a current browser", () => ({ origin: APP, "sec-fetch-site": "cross-site" })],
	])("is refused if the browser names %s", async (_what, headers) => {
		for (const cookie of [SESSION, "vigie=abc", "vigie", " vigie =x"])
			expectProblem(await register({ ...headers(), cookie }), 403, "CROSS_SITE");
		for (const method of ["PUT", "PATCH", "DELETE"])
			expectProblem(await system.send({ method, path: "/owners/x", headers: { ...headers(), cookie: SESSION } }), 403, "CROSS_SITE");
	});
	it("is one only with the exact name; other cookies change nothing", async () => {
		for (const cookie of ["theme=vigie", "vigie2=1", "x__Host-vigie=1", "VIGIE=1"]) {
			answered(201, await register({ cookie }));
			answered(201, await register({ cookie, origin: APP, "sec-fetch-site": "cross-site" }));
		}
	});
	it("is not one that only reads", async () =>
		void answered(200, await system.get("/owners", { cookie: SESSION, "sec-fetch-site": "cross-site", origin: APP })));
	it("does not come from a page of plain HTTP if a proxy encrypts", async () => {
		const behind = await System.start({ BEHIND_PROXY: "on" });
		try {
			const host = `127.0.0.1:${behind.port}`;
			const from = (origin: string) => behind.post("/owners", person, { host, origin, cookie: SESSION });
			expectProblem(await from(`http://${host}`), 403, "CROSS_SITE");
			expect((await from(`https://${host}`)).status).toBe(201);
		} finally {
			await behind.dispose();
		}
	});
});
