/** TLS: a gateway with a certificate speaks nothing else, and takes a new certificate from its files while it serves. */
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connect as secureConnect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { settingsOf } from "../../../node/settings.ts";
import { Folder } from "../../support/folder.ts";
import { AUTHORIZATION, eventually, System } from "../../support/system.ts";
import { certified, plain, secure } from "../../support/transport.ts";
import { answered, expectProblem, person, protective } from "../scenery.ts";
import { hasOpenssl } from "./over-tls.ts";

/** With 256 open files, a gateway has 128 connections. */
const FEW_FILES = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"];
const CONNECTIONS = 128;
const HSTS = { "strict-transport-security": "max-age=31536000" };

(hasOpenssl ? describe : describe.skip)("a gateway with a certificate", () => {
	const folder = new Folder();
	let system: System;
	/** The files that the system reads, and two more pairs. */
	let used: ReturnType<typeof certified>;
	let first: ReturnType<typeof certified>;
	let second: ReturnType<typeof certified>;
	const sockets: Socket[] = [];
	beforeAll(async () => {
		[used, first, second] = [certified(folder, "used"), certified(folder, "first"), certified(folder, "second")];
		put(first);
		System.transport = secure(used);
		system = await System.start({ METRICS_PORT: "0", LOG_LEVEL: "info" }, { command: FEW_FILES });
	});
	afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));
	afterAll(async () => {
		await system.dispose();
		System.transport = plain;
		folder.remove();
	});

	function put({ TLS_CERT, TLS_KEY }: typeof used): void {
		copyFileSync(TLS_CERT, used.TLS_CERT);
		copyFileSync(TLS_KEY, used.TLS_KEY);
	}
	async function connected(options: ConnectionOptions = {}): Promise<TLSSocket> {
		const socket = secureConnect({ port: system.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
		sockets.push(socket);
		await once(socket, "secureConnect");
		return socket;
	}
	/** The subject of the certificate that a new connection gets. */
	const shown = async (): Promise<unknown> => (await connected()).getPeerCertificate().subject.CN;
	async function silent(): Promise<Socket> {
		const socket = connect(system.port, "127.0.0.1").on("error", () => undefined);
		sockets.push(socket);
		await once(socket, "connect");
		return socket;
	}
	async function ask(socket: Socket, request = "GET /api/health/live", more = "\r\n"): Promise<string> {
		socket.write(`${request} HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}${more}`);
		return String((await once(socket, "data"))[0]);
	}
	const count = (words: string): number => system.output.split(words).length - 1;

	it("prints https addresses, and its metrics use TLS, too", async () => {
		expect(system.output).toContain(`Vigie listens on https://127.0.0.1:${system.port}/api\n`);
		const [, port] = /^Its metrics: https:\/\/127\.0\.0\.1:(\d+)\/metrics$/m.exec(system.output) ?? [];
		const socket = await connected({ port: Number(port) });
		socket.write(`GET /metrics HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}Connection: close\r\n\r\n`);
		expect(String((await once(socket, "data"))[0])).toMatch(/^HTTP\/1\.1 200 [^]*Strict-Transport-Security: max-age=31536000\r\n/);
	});
	it("is healthy for the container of the image", async () => {
		const dockerfile = readFileSync(new URL("../../../Dockerfile", import.meta.url), "utf8");
		const [command, ...args] = JSON.parse(/^HEALTHCHECK .*CMD (.+)$/m.exec(dockerfile)?.[1] ?? "[]") as string[];
		const [, METRICS_PORT] = /^Its metrics: https:.*:(\d+)/m.exec(system.output) ?? [];
		const look = (env: Record<string, string | undefined>) => spawnSync(process.execPath, args, { env }).status;
		expect([command, look({ METRICS_PORT, TLS_CERT: used.TLS_CERT }), look({ METRICS_PORT })]).toEqual(["node", 0, 1]);
	});
	it("tells browsers to use only https", async () => {
		expect(answered(200, await system.get("/health/live")).headers).toMatchObject({ ...protective, ...HSTS });
		const refused = await system.get("/nothing");
		expectProblem(refused, 404, "NOT_FOUND");
		expect(refused.headers).toMatchObject(HSTS);
	});
	it("does not take a page of plain HTTP for its own", async () => {
		const page = { "sec-fetch-site": "same-origin", origin: system.origin.replace("https", "http") };
		expectProblem(await system.post("/owners", person, page), 403, "CROSS_SITE");
		answered(201, await system.post("/owners", person, { ...page, origin: system.origin }));
	});
	it.each(["TLSv1.2", "TLSv1.3"] as const)("speaks %s", async (version) => {
		const socket = await connected({ minVersion: version, maxVersion: version });
		expect(socket.getProtocol()).toBe(version);
	});
	it("does not speak TLS 1.1, nor plain HTTP", async () => {
		const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
		await expect(connected(old)).rejects.toThrow(/protocol version|ECONNRESET/i);
		const socket = await silent();
		let heard = "";
		socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
		socket.write(`GET /api/health/live HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}\r\n`);
		await once(socket, "close");
		expect(heard).not.toContain("HTTP/1.1");
	});
	it("counts connections from their first packet, and closes handshakes for other clients", async () => {
		const open = await Promise.all(Array.from({ length: CONNECTIONS + 20 }, silent));
		expect(await ask(await connected())).toMatch(/^HTTP\/1\.1 200 /);
		await eventually(() => expect(open.filter(({ closed }) => closed).length).toBeGreaterThan(20));
		const { text } = answered(200, await system.get("/metrics"));
		expect(Number(/^vigie_http_connections (\d+)$/m.exec(text)?.[1])).toBe(CONNECTIONS);
	});
	it("closes a connection whose handshake takes longer than headers may", async () => {
		const begun = performance.now();
		await once((await silent()).resume(), "close");
		expect(performance.now() - begun).toBeGreaterThan(19_000);
		expect(performance.now() - begun).toBeLessThan(30_000);
	});

	it("takes a new certificate for new connections, and open ones continue", async () => {
		const open = await connected();
		const feed = await system.live();
		expect([await shown(), open.getPeerCertificate().subject.CN]).toEqual(["first", "first"]);
		put(second);
		await eventually(async () => expect(await shown()).toBe("second"));
		expect(await ask(open)).toMatch(/^HTTP\/1\.1 200 /);
		const body = JSON.stringify({ id: "t-owner", ...person });
		expect(await ask(open, "POST /api/owners", `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)).toMatch(
			/^HTTP\/1\.1 201 /,
		);
		await eventually(() => expect(feed.events.map(({ event }) => event)).toContain("owner.registered"));
		expect(feed.ended).toBe(false);
		feed.close();
		expect(system.output).toMatch(/TLS_CERT has a new certificate, valid until \d{4}-\d\d-\d\dT[\d:.]+Z/);
		expect(count("cannot be used")).toBe(0);
	});
	it.each<[string, () => void, string]>([
		["a key of another certificate", () => copyFileSync(first.TLS_KEY, used.TLS_KEY), "TLS_KEY is not the private key of TLS_CERT"],
		[
			"half a certificate",
			() => writeFileSync(used.TLS_CERT, readFileSync(second.TLS_CERT).subarray(0, 200)),
			"TLS_CERT has no certificate",
		],
		["no file", () => rmSync(used.TLS_KEY), "ENOENT"],
	])("keeps the certificate while the files have %s, and says so once", async (_what, spoil, reason) => {
		const [warned, over] = [count("cannot be used"), count("It is over: The files of TLS_CERT")];
		spoil();
		await eventually(() => expect(count("cannot be used")).toBe(warned + 1));
		expect(system.output).toContain(reason);
		await pause(2500);
		expect([await shown(), count("cannot be used")]).toEqual(["second", warned + 1]);
		put(second);
		await eventually(() => expect(count("It is over: The files of TLS_CERT")).toBe(over + 1));
		expect(system.output).not.toContain("PRIVATE KEY");
	});
	it("does not wait for handshakes when it stops", async () => {
		const socket = await silent();
		const begun = performance.now();
		expect(await system.stop()).toBe(0);
		expect(performance.now() - begun).toBeLessThan(8_000);
		await eventually(() => expect(socket.closed).toBe(true));
	});
});

(hasOpenssl ? describe : describe.skip)("TLS_CERT and TLS_KEY", () => {
	const folder = new Folder();
	afterAll(() => folder.remove());
	const { TLS_CERT, TLS_KEY } = hasOpenssl ? certified(folder, "own") : { TLS_CERT: "", TLS_KEY: "" };
	const settings = (env: Record<string, string>) => settingsOf({ DATA_DIR: folder.path, PORT: "0", ...env });
	const written = (name: string, text: string | Buffer): string => {
		writeFileSync(folder.file(name), text);
		return folder.file(name);
	};

	it("name both files, or none", async () => {
		expect(await settings({ TLS_CERT: "", TLS_KEY: "" })).toMatchObject({ tls: undefined });
		expect(await settings({ TLS_CERT, TLS_KEY })).toMatchObject({ tls: { cert: TLS_CERT, key: TLS_KEY } });
	});
	const encrypted = () => execFileSync("openssl", ["ec", "-in", TLS_KEY, "-aes128", "-passout", "pass:secret"], { stdio: "pipe" });
	it.each<[string, () => Record<string, string>, string]>([
		["no key", () => ({ TLS_CERT }), "TLS_CERT and TLS_KEY belong together: a certificate and its private key"],
		["no certificate", () => ({ TLS_KEY }), "TLS_CERT and TLS_KEY belong together: a certificate and its private key"],
		["no such file", () => ({ TLS_CERT, TLS_KEY: "/no/key" }), 'TLS_KEY is "/no/key": there is no such file that can be read'],
		["an empty file", () => ({ TLS_CERT: written("empty", ""), TLS_KEY }), "TLS_CERT has no certificate as PEM"],
		["the files exchanged", () => ({ TLS_CERT: TLS_KEY, TLS_KEY: TLS_CERT }), "TLS_CERT has no certificate as PEM"],
		[
			"an encrypted key",
			() => ({ TLS_CERT, TLS_KEY: written("encrypted", encrypted()) }),
			"TLS_KEY has no private key as PEM that is not encrypted",
		],
		[
			"the key of another certificate",
			() => ({ TLS_CERT, TLS_KEY: certified(folder, "other").TLS_KEY }),
			"TLS_KEY is not the private key of TLS_CERT, or TLS cannot use them",
		],
	])("stop the start with one line: %s", async (_what, env, line) => {
		await expect(settings(env())).rejects.toThrow(new RegExp(`^${line.replace(/[/.]/g, "\\$&")}$`));
	});
});
