/** MetricsServer - answers `GET /metrics` and nothing else, within its limits. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { gunzipSync } from "node:zlib";
import { MetricsServer, SERVER_LIMITS } from "../../../mixins/http/metrics-server.ts";

const protective = {
	"cache-control": "no-store",
	"content-security-policy": "default-src 'none'; frame-ancestors 'none'",
	"referrer-policy": "no-referrer",
	"x-content-type-options": "nosniff",
};
const servers: MetricsServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
	for (const socket of sockets.splice(0)) socket.destroy();
	await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serving(more: Partial<ConstructorParameters<typeof MetricsServer>[0]> = {}, text = async () => "up 1\n") {
	const server = new MetricsServer({ port: 0, host: "127.0.0.1", ...more }, text);
	servers.push(server);
	const warned: string[] = [];
	await server.listen((line) => void warned.push(line));
	return { server, warned, port: Number(new URL(server.url).port) };
}
interface Got {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly body: Buffer;
}
const send = (port: number, path = "/metrics", method = "GET", headers: Record<string, string> = {}): Promise<Got> =>
	new Promise((resolve, reject) => {
		request({ port, host: "127.0.0.1", path, method, headers, agent: false }, (res) => {
			const chunks: Buffer[] = [];
			res.on("data", (chunk: Buffer) => void chunks.push(chunk));
			res.on("end", () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks) }));
		})
			.on("error", reject)
			.end();
	});
async function opened(port: number, text = ""): Promise<Socket> {
	const socket = connect(port, "127.0.0.1").on("error", () => undefined);
	sockets.push(socket);
	await once(socket, "connect");
	if (text !== "") socket.write(text);
	return socket;
}

describe("the server of the metrics", () => {
	it("answers GET /metrics, also with a query", async () => {
		const { port } = await serving();
		for (const path of ["/metrics", "/metrics?x=1"]) {
			const { status, headers, body } = await send(port, path);
			expect([status, headers["content-type"], String(body)]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8", "up 1\n"]);
		}
	});
	it("answers HEAD with the headers alone", async () => {
		const { status, headers, body } = await send((await serving()).port, "/metrics", "HEAD");
		expect([status, headers["content-length"], body.length]).toEqual([200, "5", 0]);
	});
	it.each([
		["gzip", true],
		["deflate, gzip;q=0.5", true],
		["gzip;q=0", false],
		["gzip;q=0.0, identity", false],
		["identity", false],
	])("compresses for a client that accepts it: %s", async (accepted, zips) => {
		const { headers, body } = await send((await serving()).port, "/metrics", "GET", { "accept-encoding": accepted });
		expect([headers["content-encoding"], headers["vary"]]).toEqual([zips ? "gzip" : undefined, "Accept-Encoding"]);
		expect(String(zips ? gunzipSync(body) : body)).toBe("up 1\n");
	});
	it.each([
		["another path", "/", "GET", {}, 404, "NOT_FOUND"],
		["a path below", "/metrics/x", "GET", {}, 404, "NOT_FOUND"],
		["another method", "/metrics", "POST", {}, 405, "METHOD_NOT_ALLOWED"],
		["OPTIONS", "/metrics", "OPTIONS", {}, 405, "METHOD_NOT_ALLOWED"],
		["the host name of a web page", "/metrics", "GET", { host: "evil.example" }, 421, "HOST_NOT_ALLOWED"],
	] as const)("refuses %s", async (_what, path, method, headers, status, code) => {
		const answer = await send((await serving()).port, path, method, headers);
		expect([answer.status, JSON.parse(String(answer.body))]).toEqual([status, expect.objectContaining({ code, status })]);
		if (status === 405) expect(answer.headers["allow"]).toBe("GET, HEAD");
	});
	it("accepts the names it is configured with", async () => {
		const { port } = await serving({ allowedHosts: ["vigie.example.org"] });
		expect((await send(port, "/metrics", "GET", { host: "vigie.example.org:9100" })).status).toBe(200);
		expect((await send(port, "/metrics", "GET", { host: "localhost" })).status).toBe(200);
	});
	it("sends security headers with every answer", async () => {
		const { port } = await serving();
		for (const [path, method] of [
			["/metrics", "GET"],
			["/metrics", "HEAD"],
			["/nope", "GET"],
			["/metrics", "POST"],
		] as const)
			expect((await send(port, path, method)).headers).toMatchObject(protective);
	});
	it("answers a failure without its details, and logs it", async () => {
		const { port, warned } = await serving({}, () => Promise.reject(new Error("a secret")));
		const { status, body } = await send(port);
		expect([status, JSON.parse(String(body)).code, String(body)]).toEqual([500, "INTERNAL_ERROR", expect.not.stringContaining("secret")]);
		expect(warned).toEqual([expect.stringContaining("a secret")]);
	});
	it("answers input that is not valid HTTP with a problem", async () => {
		const { port } = await serving();
		for (const [text, status, code] of [
			["nonsense\r\n\r\n", 400, "MALFORMED"],
			[`GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(9000)}\r\n\r\n`, 431, "HEADERS_TOO_LARGE"],
		] as const) {
			const socket = await opened(port, text);
			let heard = "";
			socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
			await once(socket, "close");
			expect(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*X-Content-Type-Options: nosniff\r\n[^]*"code":"${code}"`));
		}
	});
	it("has a limit of connections, and closes those that send no request in time", async () => {
		const { port } = await serving({ limits: { ...SERVER_LIMITS, connections: 2, request: 300, check: 50 } });
		const silent = [await opened(port, "GET /metrics HTTP/1.1\r\n"), await opened(port, "G")];
		await expect(send(port)).rejects.toThrow();
		await Promise.all(silent.map((socket) => once(socket.resume(), "close")));
		expect((await send(port)).status).toBe(200);
	});
	it("closes connections that stay silent after an answer", async () => {
		const { port } = await serving({ limits: { ...SERVER_LIMITS, silence: 200 } });
		const socket = await opened(port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
		await once(socket.resume(), "close");
	});
	it("rejects when its port is in use", async () => {
		const { port } = await serving();
		await expect(new MetricsServer({ port, host: "127.0.0.1" }, async () => "").listen(() => undefined)).rejects.toThrow("EADDRINUSE");
	});
	it("closes open connections when it stops", async () => {
		const { server, port } = await serving();
		const socket = await opened(port);
		const gone = once(socket.resume(), "close");
		await server.close();
		await gone;
		expect(server.url).toBe("");
	});
});
