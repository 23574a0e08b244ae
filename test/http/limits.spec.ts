/** Limits: idle connections, slow or large bodies and pipelined requests of some clients do not shut out others. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { Socket } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { AUTHORIZATION, eventually, System } from "../support/system.ts";
import type { LiveFeed } from "../support/live-feed.ts";
import { closed } from "../support/transport.ts";
import { json, post } from "./machine/faults.ts";
import { answered, expectProblem, person, site } from "./scenery.ts";

/** With 160 open files, a gateway has 32 connections, 16 of them for live feeds. */
const FILES = 160;
const PLACES = 32;
const MEBIBYTE = 1024 * 1024;

let system: System;
const sockets: Socket[] = [];
const feeds: LiveFeed[] = [];
beforeAll(async () => void (system = await System.start({}, { command: ["sh", "-c", `ulimit -n ${FILES}; exec "$@"`, "sh"] })));
afterEach(async () => {
	for (const socket of sockets.splice(0)) socket.destroy();
	for (const feed of feeds.splice(0)) feed.close();
	await eventually(async () => expect(await figure("vigie_http_connections")).toBeLessThan(10));
});
afterAll(() => system.dispose());

interface Line {
	readonly socket: Socket;
	/** The response so far. */
	heard(): string;
}
/** Opens a connection, writes a text and leaves the connection open. */
async function line(text: string | Buffer = ""): Promise<Line> {
	const socket = await system.connect();
	sockets.push(socket);
	let heard = "";
	socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
	socket.on("error", () => undefined); // the server may reset the connection
	if (text.length > 0) socket.write(text);
	return { socket, heard: () => heard };
}
const lines = (count: number, text = ""): Promise<Line[]> => Promise.all(Array.from({ length: count }, () => line(text)));
const head = (request: string, headers: Readonly<Record<string, string | number>>): string =>
	`${request} HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}${Object.entries(headers)
		.map(([name, value]) => `${name}: ${value}\r\n`)
		.join("")}\r\n`;
const JSON_HEAD = { "Content-Type": "application/json" };
const figure = async (name: string): Promise<number> => {
	const { text } = answered(200, await system.get("/metrics"));
	return Number(new RegExp(`^${name.replace(/[{}]/g, "\\$&")} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
};
const reached = (limit: string): Promise<number> => figure(`vigie_http_limits_total{limit="${limit}"}`);
/** The status of a request on a new connection. */
const newcomer = async (path = "/api/radars"): Promise<string> => {
	const { socket, heard } = await line(head(`GET ${path}`, { Connection: "close" }));
	await closed(socket);
	return /^HTTP\/1\.1 (\d+)/.exec(heard())?.[1] ?? "no answer";
};
const said = (what: string): number => system.output.split("\n").filter((one) => one.includes(what)).length;

describe("connections", () => {
	it("that are idle give way to new ones, the longest idle first", async () => {
		const idle: Line[] = [];
		for (let n = 0; n < 3; n++) idle.push(...(await lines(PLACES)));
		const kept = await line(head("GET /api/radars", {}));
		await eventually(() => expect(kept.heard()).toMatch(/^HTTP\/1\.1 200/));
		for (let n = 0; n < 20; n++) expect(await newcomer()).toBe("200");
		await eventually(() => expect(idle.slice(0, 2 * PLACES).filter(({ socket }) => !socket.destroyed)).toEqual([]));
		expect(kept.socket.destroyed).toBe(false);
		expect(await figure("vigie_http_connections")).toBeLessThanOrEqual(PLACES);
		expect(await reached("connections")).toBeGreaterThan(PLACES);
		expect(said("All connections are in use")).toBe(1);
		expect(system.output).toMatch(/All connections are in use, .*: the limit is 32, with 160 open files/);
	});
	it("with an incomplete request give way", async () => {
		const halves = [
			...(await lines(PLACES / 2, "GET /api/radars HTT")),
			...(await lines(PLACES / 2, `${head("POST /api/radars", { ...JSON_HEAD, "Content-Length": 500 })}{`)),
			...(await lines(PLACES / 2, head("POST /api/detections", { "Content-Type": "application/x-ndjson", "Content-Length": 500 }))),
		];
		for (let n = 0; n < 20; n++) expect(await newcomer()).toBe("200");
		await eventually(() => expect(halves.filter(({ socket }) => socket.destroyed).length).toBeGreaterThan(PLACES / 2));
	});
	it("with unread responses give way", async () => {
		for (let n = 0; n < 100; n++) answered(201, await system.post("/radars", { id: `l-${n}`, ...site, name: "x".repeat(200) }));
		await lines(PLACES, head("GET /api/radars?pageSize=100", {}).repeat(60)).then((all) => all.map(({ socket }) => socket.pause()));
		await eventually(async () => expect(await newcomer()).toBe("200"), 60_000); // the responses have to be written first
		for (let n = 0; n < 5; n++) expect(await newcomer()).toBe("200");
	});
	it("may be live feeds only up to a half, and other requests are served meanwhile", async () => {
		feeds.push(...(await Promise.all(Array.from({ length: PLACES / 2 }, () => system.live()))));
		expect(new Set(feeds.map(({ status }) => status))).toEqual(new Set([200]));
		const { headers, ...more } = await system.get("/live");
		expectProblem({ headers, ...more }, 503, "TOO_BUSY");
		expect(headers["retry-after"]).toBe("1");
		for (let n = 0; n < 2; n++) await lines(PLACES / 2); // more at once would close each other during their handshakes
		for (let n = 0; n < 5; n++) expect(await newcomer()).toBe("200");
		answered(201, await system.post("/owners", person));
		expect(feeds.filter(({ ended }) => ended)).toEqual([]);
		for (const feed of feeds) feed.close();
		await eventually(async () => (await system.live()).close());
	});
	it("may have a hundred requests in progress, and close after one more", async () => {
		const rows = new DatabaseSync(join(system.dataDir, "rows.db"));
		rows.exec("BEGIN IMMEDIATE"); // nothing is projected now, so reads wait for their position
		try {
			const { body } = await system.post("/radars", { id: "l-unseen", ...site });
			const { socket, heard } = await line(head("GET /api/radars", { "X-Position": body.position }).repeat(5_000));
			const begun = performance.now();
			expect(await newcomer()).toBe("200");
			await closed(socket);
			expect(performance.now() - begun).toBeLessThan(20_000);
			const codes = heard().match(/"code":"[A-Z_]+"/g) ?? [];
			expect(codes.toSorted()).toEqual([...Array.from({ length: 100 }, () => '"code":"READ_MODEL_LAGGING"'), '"code":"TOO_BUSY"']);
		} finally {
			rows.exec("ROLLBACK");
			rows.close();
		}
	});
});

describe("a body", () => {
	const whole = JSON.stringify({ id: "l-owner", ...person });

	it("with Expect is requested only if it would be accepted", async () => {
		const expecting = { Expect: "100-continue", ...JSON_HEAD };
		const taken = await line(head("POST /api/owners", { ...expecting, "Content-Length": whole.length }));
		await eventually(() => expect(taken.heard()).toBe("HTTP/1.1 100 Continue\r\n\r\n"));
		taken.socket.write(whole);
		await eventually(() => expect(taken.heard()).toMatch(/\r\n\r\nHTTP\/1\.1 201 /));
		const refused: [string, Readonly<Record<string, string | number>>, number][] = [
			["POST /api/owners", { ...expecting, "Content-Length": MEBIBYTE + 1 }, 413],
			["POST /api/radars/import", { ...expecting, "Content-Type": "text/csv", "Content-Length": 16 * MEBIBYTE + 1 }, 413],
			["POST /api/owners", { ...expecting, "Content-Type": "text/plain", "Content-Length": 5 }, 415],
			["POST /api/owners?x=1", { ...expecting, "Content-Length": 5 }, 422],
			["POST /api/owners", { ...expecting, "If-Match": "x", "Content-Length": 5 }, 400],
			["POST /api/owners", { ...expecting, Origin: "http://evil.example", "Content-Length": 5 }, 403],
			["POST /api/nothing", { ...expecting, "Content-Length": 5 }, 404],
			["PUT /api/owners", { ...expecting, "Content-Length": 5 }, 405],
		];
		await Promise.all(
			refused.map(async ([request, headers, status]) => {
				const { socket, heard } = await line(head(request, headers));
				await closed(socket);
				expect(heard()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*Connection: close[^]*"status":${status}`));
			}),
		);
	});
	it("that is too large is refused before its end", async () => {
		const announced = await line(`${head("POST /api/owners", { ...JSON_HEAD, "Content-Length": 100 * MEBIBYTE })}{`);
		await eventually(() => expect(announced.heard()).toMatch(/^HTTP\/1\.1 413 [^]*"code":"TOO_LARGE"/));
		const growing = await line(head("POST /api/owners", { ...JSON_HEAD, "Transfer-Encoding": "chunked" }));
		const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
		for (let n = 0; n < 17; n++) growing.socket.write(chunk);
		await eventually(() => expect(growing.heard()).toMatch(/^HTTP\/1\.1 413 [^]*"code":"TOO_LARGE"/));
		await Promise.all([closed(announced.socket), closed(growing.socket)]);
	});
	it("that no handler reads closes the connection", async () => {
		for (const request of ["GET /api/radars", "GET /api/health/live", "OPTIONS /api/radars", "GET /api/nothing"]) {
			const { socket, heard } = await line(`${head(request, { "Content-Length": MEBIBYTE })}x`);
			await closed(socket);
			expect(heard()).toMatch(/^HTTP\/1\.1 (200|204|404) [^]*Connection: close/);
		}
	});
	it("that arrives too slowly is refused, like headers; one at the minimum speed is accepted", async () => {
		const types = { "/api/owners": "application/json", "/api/detections": "application/x-ndjson", "/api/radars/import": "text/csv" };
		const dripping = await Promise.all(
			Object.entries(types).map(([path, type]) => line(`${head(`POST ${path}`, { "Content-Type": type, "Content-Length": 500 })}{`)),
		);
		const headers = await line("GET /api/radars HTTP/1.1\r\nHost: local");
		const drip = setInterval(() => {
			for (const { socket } of [...dripping, headers]) if (socket.writable) socket.write("x");
		}, 500);
		const steady = await line(head("POST /api/owners", { ...JSON_HEAD, "Content-Length": 15 * 1024 }));
		const body = JSON.stringify({ id: "l-steady", ...person }).padEnd(15 * 1024);
		for (let sent = 0; sent < body.length; sent += 1024) {
			steady.socket.write(body.slice(sent, sent + 1024));
			await pause(900);
		}
		await eventually(() => expect(steady.heard()).toMatch(/^HTTP\/1\.1 201/));
		for (const { heard } of dripping) expect(heard()).toMatch(/^HTTP\/1\.1 408 [^]*"code":"TOO_SLOW"/);
		await eventually(() => expect(headers.heard()).toMatch(/^HTTP\/1\.1 408 [^]*"code":"TOO_SLOW"/), 20_000);
		clearInterval(drip);
		await eventually(() => expect([...dripping, headers].filter(({ socket }) => !socket.destroyed)).toEqual([]));
		expect(await reached("pace")).toBe(3);
		expect(said("A client sends less than")).toBe(1);
	});
	it("is refused when large bodies fill the memory for bodies, but a small one is accepted", async () => {
		const almost = Buffer.concat([
			Buffer.from(head("POST /api/radars/import", { "Content-Type": "text/csv", "Content-Length": 16 * MEBIBYTE })),
			Buffer.alloc(16 * MEBIBYTE - 1, "x"),
		]);
		const files = await Promise.all(Array.from({ length: 6 }, () => line(almost)));
		await eventually(() => expect(files.filter(({ heard }) => /^HTTP\/1\.1 503 [^]*"code":"TOO_BUSY"/.test(heard())).length).toBe(2));
		await eventually(async () => expect(await figure("vigie_http_requests_in_flight")).toBe(5)); // four files, and the scrape itself
		expect(files.filter(({ heard }) => heard() === "").length).toBe(4);
		answered(201, await system.post("/owners", { id: "l-small", ...person }));
		expectProblem(await system.send(post("/owners", JSON.stringify({ id: "l-middle", ...person }).padEnd(900_000))), 503, "TOO_BUSY");
		const lines = Array.from({ length: 3_000 }, (_, n) => ({
			id: `l-${n}`,
			radar: "nobody",
			plate: "AA-123-AA",
			country: "FR",
			speedKmh: 99,
			capturedAt: "2025-01-01T00:00:00Z",
		}));
		const waiting = system.ndjson(lines);
		for (const { socket } of files) socket.destroy();
		expect(answered(200, await waiting).body).toMatchObject({ received: 3_000, refused: 3_000 });
		answered(201, await system.send(post("/owners", JSON.stringify({ id: "l-middle", ...person }).padEnd(900_000))));
		expect(said("further bodies are refused")).toBeGreaterThanOrEqual(1);
	});
});

describe("invalid HTTP", () => {
	it.each<[string, string, number, string]>([
		["long headers", head("GET /api/radars", { x: "x".repeat(20_000) }), 431, "HEADERS_TOO_LARGE"],
		["a long path", head(`GET /api/${"x".repeat(20_000)}`, {}), 431, "HEADERS_TOO_LARGE"],
		[
			"long chunk extensions",
			`${head("POST /api/detections", { "Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked" })}1;${"x".repeat(20_000)}\r\n{\r\n`,
			413,
			"TOO_LARGE",
		],
		["CONNECT", `CONNECT elsewhere:443 HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}\r\n`, 405, "METHOD_NOT_ALLOWED"],
		["nonsense", "nonsense\r\n\r\n", 400, "MALFORMED"],
	])("is answered with a problem, and the connection closes: %s", async (_what, bytes, status, code) => {
		const { socket, heard } = await line(bytes);
		await closed(socket);
		expect(heard()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*application/problem\\+json[^]*"code":"${code}"`));
	});
	it("does not include many headers: none is dropped", async () => {
		const many = Array.from({ length: 2_400 }, (_, n) => `${n.toString(36)}:\r\n`).join("");
		const { socket, heard } = await line(
			`POST /api/owners/l-owner/correct HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}${many}If-Match: "77"\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{"name":"x"}`,
		);
		await closed(socket);
		expect(heard()).toMatch(/^HTTP\/1\.1 412 /);
	});
});

describe("after all that", () => {
	it("all connections and all memory are free again", async () => {
		expect(await figure("vigie_http_requests_in_flight")).toBe(1); // the scrape itself
		expect(await figure("vigie_http_held_bytes")).toBe(0);
		answered(201, await system.send(post("/owners", JSON.stringify({ id: "l-after", ...person }), json)));
		const lockedByThisTest = new RegExp(`^.*locked by process ${process.pid},.*$`, "gm");
		expect(system.output.replaceAll(lockedByThisTest, "")).not.toMatch(/ERROR|^\s+at /m);
	});
});
