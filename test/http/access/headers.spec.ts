/** Security headers: every answer has them, also errors, the live feed, and answers to input that is not valid HTTP. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Answer, System } from "../../support/system.ts";
import { json } from "../machine/faults.ts";
import { answered, protective, radarInService, site } from "../scenery.ts";

let system: System;
beforeAll(async () => {
	system = await System.start();
	await radarInService(system, "h-radar");
});
afterAll(() => system.dispose());

const ANSWERS: Readonly<Record<string, [status: number, ask: () => Promise<Answer>]>> = {
	"a row": [200, () => system.get("/radars/h-radar")],
	"the headers of a row": [200, () => system.send({ method: "HEAD", path: "/radars/h-radar" })],
	"a list": [200, () => system.get("/radars")],
	"a history": [200, () => system.get("/radars/h-radar/history")],
	"a command": [201, () => system.post("/radars", { id: "h-other", ...site })],
	"many commands": [200, () => system.ndjson([])],
	"an import": [200, () => system.csv("id,type,latitude,longitude\n")],
	"the methods of a path": [204, () => system.send({ method: "OPTIONS", path: "/radars" })],
	health: [200, () => system.get("/health/ready")],
	liveness: [200, () => system.get("/health/live")],
	metrics: [200, () => system.get("/metrics")],
	"a clock": [200, () => system.get("/clock")],
	"a target that cannot be decoded": [400, () => system.get("/radars/%")],
	"a command from another site": [403, () => system.post("/radars", {}, { origin: "http://evil.example" })],
	"an unknown actor": [404, () => system.get("/radars/h-none")],
	"an unknown route": [404, () => system.get("//")],
	"an unknown method": [405, () => system.send({ method: "PUT", path: "/radars" })],
	"an unsupported type": [415, () => system.send({ method: "POST", path: "/radars", headers: { "content-type": "text/plain" } })],
	"an unknown host": [421, () => system.get("/radars", { host: "evil.example" })],
	"an invalid field": [422, () => system.send({ method: "POST", path: "/radars", headers: json, body: "{}" })],
};

describe("the security headers", () => {
	it.each(Object.entries(ANSWERS))("are part of the answer: %s", async (_what, [status, ask]) => {
		expect(answered(status, await ask()).headers).toMatchObject(protective);
	});
	it("do not keep a client from holding a row itself", async () => {
		const first = answered(200, await system.get("/radars/h-radar"));
		const again = answered(304, await system.get("/radars/h-radar", { "if-none-match": String(first.headers.etag) }));
		expect(again.headers).toMatchObject({ ...protective, etag: first.headers.etag });
	});
	it("are part of the live feed", async () => {
		const feed = await system.live();
		expect(feed.headers).toMatchObject(protective);
		feed.close();
	});
	it.each([
		["nonsense", 400, "NONSENSE /api/radars HTTP/1.1\r\n\r\n"],
		["too many headers", 431, `GET /api/radars HTTP/1.1\r\nHost: localhost\r\nX-A: ${"x".repeat(17_000)}\r\n\r\n`],
		["a request to a proxy", 405, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n"],
	])("are part of the answer to input that is no request: %s", async (_what, status, bytes) => {
		const [head = ""] = (await system.raw(bytes)).toLowerCase().split("\r\n\r\n");
		expect(head).toMatch(new RegExp(`^http/1\\.1 ${status} `));
		for (const [name, value] of Object.entries(protective)) expect(head.split("\r\n")).toContain(`${name}: ${value}`);
	});
	it("do not name a transport that nothing secures", async () => {
		expect((await system.get("/radars")).headers).not.toHaveProperty("strict-transport-security");
	});
});
