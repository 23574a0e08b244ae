/** CORS: pages of the configured origins may read answers and send commands; for all others the gateway stays closed. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { IncomingHttpHeaders } from "node:http";
import { settingsOf } from "../../../node/settings.ts";
import { Folder } from "../../support/folder.ts";
import { System } from "../../support/system.ts";
import { answered, expectProblem, person, protective, radarInService } from "../scenery.ts";

const APP = "https://app.example.org";
const LOCAL = "http://localhost:5173";
let system: System;
beforeAll(async () => {
	system = await System.start({ CORS_ORIGINS: `${APP}, ${LOCAL}` });
	await radarInService(system, "c-radar");
});
afterAll(() => system.dispose());

/** The headers of an answer that a browser uses for CORS. */
const corsOf = (headers: IncomingHttpHeaders): Record<string, unknown> =>
	Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("access-control-") || name === "vary"));
const READABLE = (origin: string) => ({
	vary: "Origin",
	"access-control-allow-origin": origin,
	"access-control-expose-headers": "Allow, ETag, Idempotent-Replayed, Location, Retry-After, X-Position",
});
const asks = (origin: string, method = "POST") => ({
	origin,
	"access-control-request-method": method,
	"access-control-request-headers": "content-type",
});

describe("a page of a configured origin", () => {
	it.each([APP, LOCAL])("may read answers and errors: %s", async (origin) => {
		for (const [status, path] of [
			[200, "/radars/c-radar"],
			[200, "/health/live"],
			[404, "/radars/c-none"],
			[404, "/nothing"],
			[422, "/radars?pageSize=x"],
		] as const) {
			const { headers } = answered(status, await system.get(path, { origin, "sec-fetch-site": "cross-site" }));
			expect(corsOf(headers)).toEqual(READABLE(origin));
			expect(headers).toMatchObject(protective);
		}
	});
	it("may send commands", async () => {
		const page = { origin: APP, "sec-fetch-site": "cross-site", referer: `${APP}/page` };
		const made = answered(201, await system.post("/owners", { id: "c-owner", ...person }, page));
		expect(corsOf(made.headers)).toEqual(READABLE(APP));
		const text = { method: "POST", path: "/owners", headers: { ...page, "content-type": "text/plain" }, body: "{}" };
		expectProblem(await system.send(text), 415, "UNSUPPORTED_MEDIA_TYPE");
	});
	it("may follow the live feed", async () => {
		const feed = await system.live("", { origin: APP });
		expect(corsOf(feed.headers)).toEqual(READABLE(APP));
		feed.close();
	});
	it("gets the methods and headers of a path by a preflight, which executes nothing", async () => {
		const path = "/radars/c-radar/retire";
		const { headers } = answered(204, await system.send({ method: "OPTIONS", path, headers: asks(APP) }));
		expect(corsOf(headers)).toEqual({
			...READABLE(APP),
			"access-control-allow-methods": "OPTIONS, POST",
			"access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Position",
			"access-control-max-age": "600",
		});
		expect(answered(200, await system.get("/radars/c-radar")).body["status"]).toBe("active");
		answered(404, await system.send({ method: "OPTIONS", path: "/nothing", headers: asks(APP) }));
	});
	it("still needs a known host", async () =>
		expectProblem(await system.get("/radars", { origin: APP, host: "evil.example" }), 421, "HOST_NOT_ALLOWED"));
});

describe("a page of another origin", () => {
	it.each([
		"https://evil.example",
		"http://app.example.org",
		"https://app.example.org:8443",
		"https://app.example.org.evil.example",
		"https://sub.app.example.org",
		"HTTPS://APP.EXAMPLE.ORG",
		"http://localhost:5174",
		"https://localhost:5173",
		`${APP}, ${LOCAL}`,
		"null",
		"*",
		"",
	])("may read nothing and send no command: %j", async (origin) => {
		for (const answer of [
			await system.get("/radars/c-radar", { origin }),
			await system.send({ method: "OPTIONS", path: "/radars", headers: asks(origin) }),
		])
			expect([Math.floor(answer.status / 100), corsOf(answer.headers)]).toEqual([2, { vary: "Origin" }]);
		const refused = await system.post("/owners", person, { origin, "sec-fetch-site": "cross-site" });
		expectProblem(refused, 403, "CROSS_SITE");
		expect(corsOf(refused.headers)).toEqual({ vary: "Origin" });
	});
	it("cannot borrow a configured origin from another header", async () => {
		for (const headers of [
			{ referer: `${APP}/page` },
			{ "sec-fetch-site": "cross-site", referer: `${APP}/page` },
			{ "x-origin": APP, origin: "null" },
		])
			expectProblem(await system.post("/owners", person, headers), 403, "CROSS_SITE");
	});
	it("is unknown to a gateway without CORS_ORIGINS, like any", async () => {
		const closed = await System.start({ SERVICES: "radar,gateway" });
		for (const headers of [{ origin: APP }, {}]) expect(corsOf((await closed.get("/radars", headers)).headers)).toEqual({});
		expect(corsOf((await closed.send({ method: "OPTIONS", path: "/radars", headers: asks(APP) })).headers)).toEqual({});
		expectProblem(await closed.post("/radars", {}, { origin: APP }), 403, "CROSS_SITE");
		await closed.dispose();
	});
});

describe("a client that is no browser", () => {
	it("gets the same answer, marked for caches", async () =>
		expect(corsOf((await system.get("/radars/c-radar")).headers)).toEqual({ vary: "Origin" }));
});

describe("CORS_ORIGINS", () => {
	const folder = new Folder();
	afterAll(() => folder.remove());
	const settings = (CORS_ORIGINS: string) => settingsOf({ DATA_DIR: folder.path, PORT: "0", CORS_ORIGINS });

	it("may be empty, or list origins", async () => {
		expect(await settings("")).toMatchObject({ corsOrigins: [] });
		const listed = [APP, "https://a.example:8443", LOCAL, "http://127.0.0.1", "http://[::1]:3000"];
		expect(await settings(listed.join(" , "))).toMatchObject({ corsOrigins: listed });
	});
	it.each([
		"*",
		"null",
		"app.example.org",
		"http://app.example.org",
		"https://app.example.org/",
		"https://app.example.org/page",
		"https://app.example.org:443",
		"https://*.example.org",
		"https://App.example.org",
		"https://me@app.example.org",
		"ftp://localhost",
		"file://",
	])("is refused with one line unless it is exact: %s", async (origin) => {
		const line = `CORS_ORIGINS names "${origin}": it has to be exact origins, such as https://app.example.org or http://localhost:5173, separated by commas`;
		await expect(settings(`${APP},${origin}`)).rejects.toThrow(new Error(line));
	});
});
