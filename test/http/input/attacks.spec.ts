/** Attacks that failed and have to keep failing: request smuggling, path traversal, tampered cursors, prototype pollution. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { AUTHORIZATION, type Answer, System } from "../../support/system.ts";
import { everything, expectStillWorking, furnished, json, post } from "../machine/faults.ts";
import { answered, caughtUp, expectProblem, person, seen, site } from "../scenery.ts";

let system: System;
let before: unknown;
beforeAll(async () => {
	system = await furnished();
	before = await everything(system);
});
afterAll(() => system.dispose());

describe("a smuggled request", () => {
	const inner = `POST /api/radars/b-radar/retire HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Content-Type: application/json\r\nContent-Length: 0\r\n\r\n`;
	const outer = (headers: string, body = inner): string =>
		`POST /api/owners HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Content-Type: application/json\r\n${headers}\r\n\r\n${body}`;
	const chunked = `0\r\n\r\n${inner}`;
	/** The statuses of all responses on a bare socket until the server closes it. */
	async function statuses(bytes: string): Promise<string[]> {
		const socket = await system.connect();
		let text = "";
		socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
		socket.on("error", () => undefined); // the server may reset the connection
		socket.write(Buffer.from(bytes, "latin1"));
		await once(socket, "close", { signal: AbortSignal.timeout(10_000) });
		return [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status = ""]) => status);
	}

	it.each<[string, string]>([
		["both lengths", outer("Content-Length: 4\r\nTransfer-Encoding: chunked", chunked)],
		["both lengths, the other way round", outer("Transfer-Encoding: chunked\r\nContent-Length: 4", chunked)],
		["two lengths", outer(`Content-Length: 0\r\nContent-Length: ${inner.length}`)],
		["twice the same length", outer("Content-Length: 2\r\nContent-Length: 2", `{}${inner}`)],
		["a list of lengths", outer("Content-Length: 0, 5")],
		["a length with a sign", outer("Content-Length: +0")],
		["a length in another base", outer("Content-Length: 0x0")],
		["a length with a blank", outer("Content-Length: 0 0")],
		["a negative length", outer("Content-Length: -1")],
		["a blank before the colon", outer("Content-Length : 0")],
		["a blank before the name", outer(" Content-Length: 0")],
		["a folded header", outer("X: 1\r\n Content-Length: 0\r\nContent-Length: 2", `{}${inner}`)],
		["a bare line feed between headers", outer("X: 1\nTransfer-Encoding: chunked", chunked)],
		["a bare carriage return between headers", outer("X: 1\rTransfer-Encoding: chunked", chunked)],
		["a null in a header", outer("X: 1\0\r\nContent-Length: 0")],
		["an unknown encoding", outer("Transfer-Encoding: xchunked", chunked)],
		["an encoding after chunked", outer("Transfer-Encoding: chunked, identity", chunked)],
		["two encodings, the last not chunked", outer("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", chunked)],
		["a tab in an encoding's name", outer("Transfer-Encoding:\tchunked\x0b", chunked)],
		["an invalid chunk size", outer("Transfer-Encoding: chunked", `zz\r\n${chunked}`)],
		["a huge chunk size", outer("Transfer-Encoding: chunked", `ffffffffffffffff1\r\n${chunked}`)],
		["a chunk that ends otherwise", outer("Transfer-Encoding: chunked", `2\r\n{}XX${chunked}`)],
		["a bare line feed after a chunk size", outer("Transfer-Encoding: chunked", `2\n{}\r\n${chunked}`)],
	])("is not executed: %s", async (_what, bytes) => {
		expect(await statuses(bytes)).toEqual(["400"]);
	});
	it("is the body of the outer request if its length says so", async () => {
		expect(await statuses(outer(`Connection: close\r\nContent-Length: ${inner.length}`))).toEqual(["400"]);
		expect(
			await statuses(`GET /api/radars HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Content-Length: ${inner.length}\r\n\r\n${inner}`),
		).toEqual(["200"]);
	});
	it("has not changed anything", async () => expect(await everything(system)).toEqual(before));
});

describe("a path", () => {
	it.each([
		"/../../../etc/passwd",
		"/..%2f..%2fpackage.json",
		"/%2e%2e/%2e%2e/package.json",
		"/..\\..\\package.json",
		"/.git/config",
		"/radars/../../package.json",
		"/radars/..%5c..%5cpackage.json",
		"/data/keys/signing.pem",
		"//..//package.json",
		"/radars/%252e%252e%252fpackage.json",
	])("does not lead to a file: %s", async (path) => {
		for (const asked of [path, `/${path.replace(/^\/+/, "/")}`]) {
			const answer = await system.get(asked);
			expectProblem(answer, 404);
			expect(answer.text).not.toMatch(/root:|"dependencies"|PRIVATE KEY|\[core\]/);
		}
	});
	it.each([
		"/$node/list",
		"/~node/actions",
		"/$node.list",
		"/radar.install",
		"/radar/install",
		"/radars.list",
		"/detection/recordMany",
		"/radar/state?id=b-radar",
		"/rest",
		"/list-aliases",
		"/gateway/rest",
	])("does not call an action without a route: %s", async (path) => {
		for (const method of ["GET", "POST"]) {
			const answer = await system.send({ method, path, headers: json, body: method === "POST" ? "{}" : "" });
			expectProblem(answer, 404, "NOT_FOUND");
		}
	});
});

describe("a cursor", () => {
	type Parts = [sort: unknown, filters: unknown, value: unknown, id: unknown, page: unknown];
	const encode = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString("base64url");
	const next = async (query: string): Promise<Parts> => {
		const text = String(answered(200, await system.get(query)).body.next);
		return JSON.parse(Buffer.from(text, "base64url").toString()) as Parts;
	};
	beforeAll(async () => {
		for (let n = 0; n < 3; n++) {
			const made = answered(201, await system.post("/owners", { id: `c-${n}`, ...person }));
			answered(200, await system.get(`/owners/c-${n}`, seen(made)));
		}
	});
	const asked = (parts: unknown, more = ""): Promise<Answer> => system.get(`/owners?pageSize=1&after=${encode(parts)}${more}`);

	it("that was tampered with is refused, or shows only rows that every client may read", async () => {
		const [sort, filters, value, id, page] = await next("/owners?pageSize=1");
		answered(200, await asked([sort, filters, value, id, page]));
		const changed: unknown[] = [
			...["email", "-email", "__proto__", "rowid", "id; DROP TABLE rows", "data", 5, null, ["id"], { id: 1 }].map((other) => [
				other,
				filters,
				value,
				id,
				page,
			]),
			...[{ phone: "x" }, { "1=1 --": "x" }, { id: { $ne: 1 } }, { id: ["a"] }, { id: 5 }, null, "x", [["id", "x"]]].map((other) => [
				sort,
				other,
				value,
				id,
				page,
			]),
			...[{}, [], true, { $gt: "" }].map((other) => [sort, filters, other, id, page]),
			...[5, null, {}, ["c-0"]].map((other) => [sort, filters, value, other, page]),
			...[1.5, "1", null, 2 ** 53].map((other) => [sort, filters, value, id, other]),
			...[[], [sort], [sort, filters, value, id, page, 1], {}, "x", null, 7],
		];
		for (const parts of changed) expect([parts, (await asked(parts)).status]).toEqual([parts, 422]);
		const parts = `["id",{"__proto__":"x"},"c-0","c-0",2]`;
		expectProblem(await system.get(`/owners?after=${Buffer.from(parts).toString("base64url")}`), 422, "VALIDATION_ERROR");
		for (const other of ["' OR 1=1 --", "\u0000", "x".repeat(1_000)])
			expect([200, 422]).toContain((await asked([sort, filters, other, other, page])).status);
	});
	it("of another list, order or filter is refused", async () => {
		const parts = await next("/radars?pageSize=1&sort=-id").catch(() => ["-id", {}, "b-radar", "b-radar", 2]);
		expectProblem(await asked(parts, "&sort=id"), 422, "VALIDATION_ERROR");
		expectProblem(await system.get(`/radars?kind=mobile&after=${encode(["id", { kind: "fixed" }, "b", "b", 2])}`), 422, "VALIDATION_ERROR");
		expectProblem(await asked(["id", { status: "active" }, "b", "b", 2]), 422, "VALIDATION_ERROR");
	});
	it("of a history works for that history only", async () => {
		const cursor = (stream: string, version: unknown): string => Buffer.from(JSON.stringify([stream, version])).toString("base64url");
		for (const [stream, version] of [
			["owner-b-owner", 1],
			["radar-other", 1],
			["radar-b-radar", -1],
			["radar-b-radar", "1"],
			["radar-b-radar", 1e20],
			["vehicle-FR-AB-100-CD", 1],
		] as const)
			expectProblem(await system.get(`/radars/b-radar/history?after=${cursor(stream, version)}`), 422, "VALIDATION_ERROR");
	});
	it("can contain filters of the maximum length", async () => {
		await Promise.all(
			["t-1", "t-2"].map((id) =>
				system.post("/detections", {
					id,
					radar: "b-radar",
					plate: "\u{1F600}".repeat(200),
					country: "FR",
					speedKmh: 50,
					capturedAt: "2025-01-01T00:00:00Z",
				}),
			),
		);
		await caughtUp(system);
		const query = `/detections?plate=${encodeURIComponent("\u{1F600}".repeat(200))}&status=discarded&radar=b-radar&pageSize=1`;
		const first = await system.rows(query.replace("&pageSize=1", ""), 1);
		expect(first.map(({ id }) => id)).toEqual(["t-1", "t-2"]);
	});
});

describe("the name of a property that every object has", () => {
	const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "__defineGetter__", "then", "toJSON"];
	it("is refused as a field, parameter or value, and ignored as a header", async () => {
		for (const name of names) {
			for (const value of ['{"polluted":true}', '{"prototype":{"polluted":true}}', "1", "null"])
				expectProblem(
					await system.send(post("/radars", `{"kind":"fixed","latitude":1,"longitude":1,"${name}":${value}}`)),
					422,
					"VALIDATION_ERROR",
				);
			expectProblem(
				await system.send(post("/radars", `{"kind":"fixed","latitude":1,"longitude":1,"limits":{"${name}":{"polluted":1}}}`)),
				422,
				"VALIDATION_ERROR",
			);
			expectProblem(await system.post("/radars", { ...site, kind: name }), 422, "VALIDATION_ERROR");
			expectProblem(await system.get(`/radars?${name}=1`), 422, "VALIDATION_ERROR");
			expectProblem(await system.get(`/radars?sort=${name}`), 422, "VALIDATION_ERROR");
			expectProblem(await system.get(`/radars?${name}[polluted]=1`), 422, "VALIDATION_ERROR");
			expectProblem(await system.get(`/${name}`), 404, "NOT_FOUND");
			expectProblem(await system.get(`/radars/${name}`), 404, "RADAR_UNKNOWN");
			expectProblem(await system.get(`/radars/${name}/history`), 404, "RADAR_UNKNOWN");
			answered(200, await system.get("/radars/b-radar", { [name]: "polluted" }));
			expect([200, 422]).toContain((await system.get("/radars/b-radar", { "x-position": `${name}:0:1` })).status);
			const { body } = answered(200, await system.ndjson([`{"id":"p-1","${name}":{"polluted":1}}`]));
			expect(body).toMatchObject({ refused: 1, errors: [{ code: "VALIDATION_ERROR" }] });
		}
	});
	it("works as an id", async () => {
		for (const id of ["__proto__", "constructor", "toString"]) {
			answered(201, await system.post("/owners", { id, ...person }));
			answered(200, await system.post(`/owners/${id}/correct`, { name: "Other" }));
			expect(answered(200, await system.get(`/owners/${id}/history`)).body.rows).toHaveLength(2);
		}
	});
	it("does not affect later requests", async () => {
		const { text } = answered(200, await system.get("/radars/b-radar"));
		expect(text).not.toContain("polluted");
		await expectStillWorking(system);
	});
});
