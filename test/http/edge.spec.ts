/** The edge of the gateway: cross-site commands and unknown hosts are refused; targets, methods, charsets and headers are handled as HTTP defines them. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { OutgoingHttpHeaders } from "node:http";
import { AUTHORIZATION, type Answer, System } from "../support/system.ts";
import { closed } from "../support/transport.ts";
import { json, post } from "./machine/faults.ts";
import { answered, commits, expectProblem, noon, radarInService, site } from "./scenery.ts";

let system: System;
beforeAll(async () => {
	system = await System.start({ ALLOWED_HOSTS: "vigie.example.org, 192.0.2.7,2001:db8::7" });
	await radarInService(system, "e-radar");
});
afterAll(() => system.dispose());

const here = (): string => `127.0.0.1:${system.port}`;
const version = async (): Promise<number> => commits(await system.get("/radars/e-radar/history")).length;
const retire = (headers: OutgoingHttpHeaders, body?: string): Promise<Answer> =>
	system.send({ method: "POST", path: "/radars/e-radar/retire", headers, ...(body === undefined ? {} : { body }) });
/** Changes nothing, because the radar is in service already. */
const activate = (headers: OutgoingHttpHeaders, body?: string): Promise<Answer> =>
	system.send({ method: "POST", path: "/radars/e-radar/activate", headers, body: body ?? '{"from":"2000-01-01T00:00:00Z"}' });
/** Sends a request on a bare socket; resolves to the status and the code of the response. */
async function raw(request: string, headers = `Host: ${here()}\r\n${AUTHORIZATION}Connection: close\r\n`): Promise<string> {
	const socket = await system.connect();
	let text = "";
	socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
	socket.write(Buffer.from(`${request}\r\n${headers}\r\n`, "latin1"));
	await closed(socket);
	const code = /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? "";
	return `${/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? text} ${code}`.trim();
}

describe("a command from a page of another site", () => {
	const form = { "content-type": "application/x-www-form-urlencoded" };
	it.each<[string, OutgoingHttpHeaders, string, number]>([
		["a form without fields", { origin: "http://evil.example", ...form }, "", 403],
		["a form, from a browser that sends no origin", form, "", 415],
		["a form of plain text", { "content-type": "text/plain" }, "", 415],
		["a form with files", { "content-type": "multipart/form-data; boundary=x" }, "", 415],
		["a form that looks like JSON", { origin: "http://evil.example", "content-type": "text/plain" }, "{}", 403],
		["a script without content", { origin: "http://evil.example" }, "", 403],
		["a script of a sandboxed frame", { origin: "null" }, "", 403],
		["a script of another port", { origin: "http://127.0.0.1:1" }, "", 403],
		["a script of another name for the same machine", { origin: "http://localhost" }, "", 403],
		["a browser that sends Sec-Fetch-Site only", { "sec-fetch-site": "cross-site" }, "", 403],
		["a sister site", { "sec-fetch-site": "same-site" }, "", 403],
		["a claim to be of the same site, from another origin", { "sec-fetch-site": "same-origin", origin: "http://evil.example" }, "", 403],
		["an old browser that sends Referer only", { referer: "http://evil.example/page" }, "", 403],
		["an invalid origin", { origin: "nonsense" }, "", 403],
		["an origin that begins with the name of the gateway", { origin: "http://127.0.0.1.evil.example" }, "", 403],
	])("is refused: %s", async (_what, headers, body, status) => {
		const before = await version();
		expectProblem(await retire(headers, body), status, status === 403 ? "CROSS_SITE" : "UNSUPPORTED_MEDIA_TYPE");
		if (status === 403)
			for (const path of ["/radars", "/detections", "/radars/import"])
				expectProblem(await system.send({ method: "POST", path, headers, body }), 403, "CROSS_SITE");
		expect(await version()).toBe(before);
	});

	it("is accepted from a page of the gateway itself and from clients that are not browsers", async () => {
		const own = { origin: system.origin, "sec-fetch-site": "same-origin" };
		for (const headers of [json, { ...json, ...own }, { ...json, "sec-fetch-site": "none" }, { ...json, referer: `${system.origin}/page` }])
			answered(200, await activate(headers));
		for (const content of [{}, { "content-length": 0 }]) {
			const empty = { method: "POST", path: "/radars/e-radar/activate" };
			answered(200, await system.send({ ...empty, headers: { ...json, ...content } }));
			expectProblem(await system.send({ ...empty, headers: content }), 415, "UNSUPPORTED_MEDIA_TYPE");
		}
		answered(200, await activate({ ...json, host: "vigie.example.org", origin: "https://vigie.example.org" }));
		answered(200, await activate({ ...json, host: "vigie.example.org:443", origin: "https://vigie.example.org" }));
		answered(200, await activate({ ...json, origin: "https://vigie.example.org" })); // behind a proxy that changes Host
		expectProblem(await activate({ ...json, origin: "https://vigie.example.org:8443" }), 403, "CROSS_SITE");
	});
	it("may only read", async () =>
		void answered(200, await system.get("/radars/e-radar", { origin: "http://evil.example", "sec-fetch-site": "cross-site" })));
});

describe("a host", () => {
	it.each([
		"localhost",
		"LOCALHOST:80",
		"127.0.0.1",
		"127.1.2.3:9",
		"[::1]",
		"[::1]:3000",
		"vigie.example.org",
		"Vigie.Example.Org:8443",
		"192.0.2.7:1",
		"[2001:db8::7]",
	])("of the gateway is accepted: %s", async (host) => void answered(200, await system.get("/radars/e-radar", { host })));
	it.each([
		"evil.example",
		"evil.example:3000",
		"localhost.evil.example",
		"127.0.0.1.evil.example",
		"127.evil",
		"192.0.2.8",
		"[::2]",
		"x",
		"a b",
		"@127.0.0.1",
		"127.0.0.1:x",
		"localhost,evil",
		"vigie.example.org.",
	])("that is unknown is refused, for reads as well: %s", async (host) => {
		for (const path of ["/radars/e-radar", "/health/live", "/metrics", "/live", "/nope"])
			expectProblem(await system.get(path, { host }), 421, "HOST_NOT_ALLOWED");
		expectProblem(await activate({ ...json, host }), 421, "HOST_NOT_ALLOWED");
	});
	it("has to be given exactly once, except with HTTP/1.0", async () => {
		expect(await raw("GET /api/radars HTTP/1.1", "Connection: close\r\n")).toBe("400 MALFORMED");
		expect(await raw("GET /api/radars HTTP/1.1", `Host: ${here()}\r\nHost: ${here()}\r\n${AUTHORIZATION}Connection: close\r\n`)).toBe(
			"400 MALFORMED",
		);
		expect(await raw("GET /api/radars HTTP/1.1", "Host:\r\nConnection: close\r\n")).toBe("421 HOST_NOT_ALLOWED");
		expect(await raw("GET /api/radars HTTP/1.0", AUTHORIZATION)).toBe("200");
	});
});

describe("a target", () => {
	it("may be an absolute URL of this host", async () => {
		expect(await raw(`GET http://${here()}/api/radars/e-radar HTTP/1.1`)).toBe("200");
		expect(await raw(`GET http://${here()}/api/radars?pageSize=x HTTP/1.1`)).toBe("422 VALIDATION_ERROR");
		expect(await raw("GET HTTP://vigie.example.org/api/health/live HTTP/1.1")).toBe("200");
		for (const authority of ["evil.example", "", `evil@${here()}`])
			expect(await raw(`GET http://${authority}/api/radars HTTP/1.1`)).toMatch(/^(400 MALFORMED|421 HOST_NOT_ALLOWED)$/);
		expect(await raw(`GET http://${here()}/api/radars HTTP/1.1`, "Host: evil.example\r\nConnection: close\r\n")).toBe(
			"421 HOST_NOT_ALLOWED",
		);
		for (const target of [`http://${here()}`, `http://${here()}?x=1`]) expect(await raw(`GET ${target} HTTP/1.1`)).toBe("404 NOT_FOUND");
		for (const target of ["ftp://x/api", "api/radars", "?x"]) expect(await raw(`GET ${target} HTTP/1.1`)).toMatch(/^400\b/);
	});
	it("has one spelling, apart from one slash at its end", async () => {
		answered(200, await system.get("/radars/"));
		answered(200, await system.get("/radars/e-radar/"));
		for (const path of [
			"/radars//",
			"//radars",
			"/Radars",
			"/radars/e-radar//",
			"/radars//history",
			"/../api/radars",
			"/%72adars",
			"/radars%2Fe-radar",
			"/./radars",
		])
			expectProblem(await system.get(path), 404);
		expectProblem(await system.get("//API/radars"), 404, "NOT_FOUND");
		expectProblem(await system.get("/radars/e%2Fradar"), 404, "RADAR_UNKNOWN");
	});
	it.each(["/radars/%", "/radars/%zz/history", "/radars/%ff", "/radars/%E0%A4%A", "/%c0%af"])(
		"that cannot be decoded is malformed: %s",
		async (path) => expectProblem(await system.get(path), 400, "MALFORMED"),
	);
});

describe("a method", () => {
	it.each<[string, string]>([
		["/radars", "GET, HEAD, OPTIONS, POST"],
		["/radars/", "GET, HEAD, OPTIONS, POST"],
		["/radars/e-radar", "GET, HEAD, OPTIONS"],
		["/radars/e-radar/retire", "OPTIONS, POST"],
		["/radars/import", "GET, HEAD, OPTIONS, POST"], // a radar may have the id import
		["/live", "GET, OPTIONS"],
		["/health/ready", "GET, HEAD, OPTIONS"],
	])("that %s does not support is answered 405, and Allow lists the others: %s", async (path, allow) => {
		const preflight = { origin: "https://example.org", "access-control-request-method": "DELETE" };
		for (const headers of [{}, preflight]) {
			const told = await system.send({ method: "OPTIONS", path, headers });
			expect([told.status, told.headers["allow"], told.text]).toEqual([204, allow, ""]);
			expect(Object.keys(told.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
		}
		const known = allow.split(", ");
		for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "PURGE", "TRACE"].filter(
			(one) => !known.includes(one),
		)) {
			const answer = await system.send({ method, path: `${path}?x=1`, headers: json, body: method === "POST" ? "{}" : "" });
			expect([method, answer.status, answer.headers["allow"]]).toEqual([method, 405, allow]);
			if (method !== "HEAD") expectProblem(answer, 405, "METHOD_NOT_ALLOWED");
		}
	});
	it("on an unknown path is answered 404", async () => {
		for (const method of ["GET", "POST", "PUT", "OPTIONS", "PURGE"])
			for (const path of ["/nope", "/radars/e-radar/nope", "//nope"])
				expectProblem(await system.send({ method, path, headers: json }), 404, "NOT_FOUND");
	});
	it("is served without the upgrade that a client offers", async () => {
		for (const protocol of ["websocket", "h2c", "TLS/1.0"])
			expect(
				await raw(
					"GET /api/radars/e-radar HTTP/1.1",
					`Host: ${here()}\r\n${AUTHORIZATION}Connection: Upgrade, close\r\nUpgrade: ${protocol}\r\n`,
				),
			).toBe("200");
	});
	it("OPTIONS works for the whole server", async () => expect(await raw("OPTIONS * HTTP/1.1")).toBe("204"));
	it("that does not exist is malformed", async () => expect(await raw("NONSENSE /api/radars HTTP/1.1")).toBe("400 MALFORMED"));
});

describe("a charset", () => {
	const lines = `${JSON.stringify({ id: "e-charset", radar: "e-radar", plate: "AA-123-AA", country: "FR", speedKmh: 100, capturedAt: noon })}\n`;
	it.each<[string, string, string]>([
		["/radars/e-radar/activate", "application/json", '{"from":"2000-01-01T00:00:00Z"}'],
		["/detections", "application/x-ndjson", lines],
		["/radars/import", "text/csv", "id,type,latitude,longitude\n"],
	])("of %s has to be UTF-8, declared or not", async (path, type, body) => {
		for (const charset of ["", "; charset=utf-8", ";charset=UTF-8", '; charset="utf8"', "; header=present; charset=utf-8"])
			answered(200, await system.send(post(path, body, { "content-type": `${type}${charset}` })));
		for (const charset of ["iso-8859-1", "utf-16", "windows-1252", "us-ascii", "x", '"UTF-16"', "", "utf-8; charset=latin1"])
			expectProblem(await system.send(post(path, body, { "content-type": `${type}; charset=${charset}` })), 415, "UNSUPPORTED_MEDIA_TYPE");
		for (const coding of ["gzip", "br", "x"])
			expectProblem(
				await system.send(post(path, body, { "content-type": type, "content-encoding": coding })),
				415,
				"UNSUPPORTED_MEDIA_TYPE",
			);
	});
});

describe("If-Match", () => {
	const at = async (tag: string): Promise<Answer> => activate({ ...json, "if-match": tag });
	it("accepts the version, a list, and *", async () => {
		const now = await version();
		for (const tag of [`"${now}"`, `"${now + 5}", "${now}"`, `W/"1","${now}"`, `"x" , "${now}"`, "*", " * "]) answered(200, await at(tag));
	});
	it("that does not match is explained", async () => {
		const now = await version();
		const details = {
			[`"${now + 1}"`]: `not ${now + 1}`,
			[`"7", "8"`]: "not 7 or 8",
			[`W/"${now}"`]: "weak entity tag never matches",
			'"x"': "If-Match names none",
		};
		for (const [tag, detail] of Object.entries(details)) {
			const answer = await at(tag);
			expectProblem(answer, 412, "VERSION_MISMATCH");
			expect(answer.body["detail"]).toContain(`The radar is at version ${now}`);
			expect(answer.body["detail"]).toContain(detail);
		}
	});
	it("with * does not match an actor that does not exist", async () => {
		const answer = await system.post("/radars", { id: "e-none", ...site }, { "if-match": "*" });
		expectProblem(answer, 412, "VERSION_MISMATCH");
		expectProblem(await system.get("/radars/e-none"), 404);
		expectProblem(await system.post("/radars/e-none/retire", {}, { "if-match": "*" }), 404, "RADAR_UNKNOWN");
	});
	it.each(["3", '"3', 'w/"3"', '"3" "4"', '"3",', ",", '"a b"', "*, *"])("that is malformed is refused: %s", async (tag) =>
		expectProblem(await at(tag), 400, "MALFORMED"),
	);
});

describe("many commands in one request", () => {
	const doors = [
		["/detections", "application/x-ndjson"],
		["/radars/import", "text/csv"],
	] as const;
	it.each(doors)("to %s cannot have headers that apply to a single command", async (path, type) => {
		for (const [name, value] of [
			["Idempotency-Key", "k"],
			["If-Match", '"3"'],
		] as const) {
			const answer = await system.send(post(path, "", { "content-type": type, [name]: value }));
			expectProblem(answer, 422, "VALIDATION_ERROR");
			expect(answer.body.errors).toMatchObject([{ field: name, expected: expect.stringContaining("id in each line") }]);
		}
	});
	it.each(doors)("to %s cannot have a query", async (path, type) =>
		expectProblem(await system.send(post(`${path}?dryRun=1`, "", { "content-type": type })), 422, "VALIDATION_ERROR"),
	);
});

describe("a live feed", () => {
	it.each(["radar.instaled", "radr.installed", "radar.installed,nope", "RADAR.INSTALLED", "radar.installed,", "", "radar", "__proto__"])(
		"of unknown fact types is refused: %j",
		async (types) => {
			const answer = await system.get(`/live?types=${types}`);
			expectProblem(answer, 422, "VALIDATION_ERROR");
			expect(answer.body.errors).toMatchObject([{ field: "types", expected: expect.stringContaining("radar.installed, ") }]);
		},
	);
	it("may name fact types of a context that does not run", async () => {
		const part = await System.start({ SERVICES: "radar,identity,gateway" });
		const feed = await part.live("?types=infraction.opened,radar.installed");
		expect(feed.status).toBe(200);
		feed.close();
		await part.dispose();
	});
});

describe("a setting", () => {
	it.each(["http://vigie.example.org", "vigie.example.org:8443", "*", "a b"])(
		"of invalid allowed hosts stops the start: %s",
		async (names) => {
			const other = System.at(system.dataDir, { ALLOWED_HOSTS: `vigie.example.org,${names}` });
			const { code, output } = await other.ending();
			expect([code, output.trim()]).toEqual([
				1,
				`ALLOWED_HOSTS names "${names}": it has to be host names or addresses, without ports, separated by commas`,
			]);
		},
	);
});
