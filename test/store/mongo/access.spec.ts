/**
 * MongoDB access - TLS and users. TLS is real, in front of the MongoDB of the tests. FerretDB does not check users, so a scripted server with
 * SCRAM-SHA-256 does.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { Long } from "mongodb";
import { accessFor, mongoAccessIn, mongoProblems } from "../../../node/settings/mongo-access.ts";
import type { MongoAccess } from "../../../store/mongo/address.ts";
import { MongoLogStore } from "../../../store/mongo/log.ts";
import { answered, person } from "../../http/scenery.ts";
import { Certificates } from "../../support/certificates.ts";
import { things } from "../../support/commits.ts";
import { Folder } from "../../support/folder.ts";
import { freePort, type MongoServer, mongoServer, onPath } from "../../support/mongo.ts";
import { Scram } from "../../support/scram.ts";
import { System } from "../../support/system.ts";
import { TlsFront } from "../../support/tls-front.ts";
import { WireServer } from "../../support/wire.ts";

const folder = new Folder();
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => folder.remove());

function logsAt(url: string, access: MongoAccess = {}): MongoLogStore {
	const store = new MongoLogStore({ url, ...access }, 1);
	closing.push(() => store.close());
	return store;
}
/** The line of a store that cannot be used. */
const refusal = async (store: MongoLogStore): Promise<string> =>
	store.ready().then(
		() => "it is ready",
		(error: unknown) => (error instanceof Error ? error.message : String(error)),
	);

const certificates = onPath("openssl") ? new Certificates(folder) : null;
const file = (name: string): string => certificates?.file(name) ?? "";
const text = (name: string): string => certificates?.text(name) ?? "";
const mongo = await mongoServer();
afterAll(() => mongo?.stop());

(certificates && mongo ? describe : describe.skip)("a connection with TLS", () => {
	/** A front with one of the certificates, and the URL of a database behind it. */
	async function front(
		name: string,
		{ verified = false, host = "localhost" } = {},
	): Promise<{ readonly tls: TlsFront; readonly url: string }> {
		const given = { cert: text(`${name}.pem`), key: text(`${name}.key`), ca: text("ca.pem") };
		const server = mongo as MongoServer; // this block does not run without it
		const tls = await TlsFront.before(new URL(server.url).host, { ...given, requestCert: true, rejectUnauthorized: verified });
		closing.push(() => tls.stop());
		const place = server.place();
		closing.push(() => place.remove());
		return { tls, url: `mongodb://${host}:${tls.port}/${place.database}?directConnection=true` };
	}

	it("reads and writes, encrypted, if MONGO_CA has the issuer of the server", async () => {
		const { tls, url } = await front("server");
		const logs = logsAt(url, { caFile: file("ca.pem") });
		await logs.ready();
		const [log] = await logs.open("radar");
		expect(await log?.append(things(3))).toBe(true);
		expect(await log?.read(0, 10)).toHaveLength(3);
		expect([tls.plain, new Set(tls.clients)]).toEqual([[], new Set([""])]);
	});
	it("serves a whole system", async () => {
		const { tls, url } = await front("server", { verified: true });
		const dataDir = folder.file("data");
		const given = { MONGO_URL: url, MONGO_CA: file("ca.pem"), MONGO_CERT_KEY: file("node.both") };
		const system = await System.start(given, { dataDir });
		closing.push(() => system.dispose());
		answered(201, await system.post("/owners", { id: "tls-owner", ...person }));
		expect(await system.stop()).toBe(0);
		expect([tls.plain, new Set(tls.clients), existsSync(join(dataDir, "events.db"))]).toEqual([[], new Set(["node"]), false]);
	});
	it("presents the certificate of this node", async () => {
		const { tls, url } = await front("server", { verified: true });
		await logsAt(url, { caFile: file("ca.pem"), certKeyFile: file("node.both") }).ready();
		expect(new Set(tls.clients)).toEqual(new Set(["node"]));
	});
	it("is also made if only the URL asks for it", async () => {
		const { tls, url } = await front("server");
		await logsAt(`${url}&tls=true&tlsCAFile=${encodeURIComponent(file("ca.pem"))}`).ready();
		expect(tls.plain).toEqual([]);
	});

	const caFile = (name: string) => (): MongoAccess => ({ caFile: file(name) });
	it.each([
		[
			"an issuer that is not trusted",
			"server",
			caFile("stranger.pem"),
			{},
			"the server's certificate is not trusted (MONGO_CA has to hold the certificate of its issuer)",
		],
		[
			"an issuer that the system does not trust",
			"server",
			() => ({ certKeyFile: file("node.both") }),
			{},
			"the server's certificate is not trusted (MONGO_CA has to hold the certificate of its issuer)",
		],
		[
			"another host name",
			"elsewhere",
			caFile("ca.pem"),
			{},
			"the server's certificate is for another host name (MONGO_URL has to name the server as its certificate does)",
		],
		[
			"a client without a certificate",
			"server",
			caFile("ca.pem"),
			{ verified: true },
			"the server does not accept this node's certificate (MONGO_CERT_KEY has to hold one that it trusts)",
		],
	])("is refused with one line that names %s", async (_what, name, access, options, reason) => {
		const { url } = await front(name, options);
		const line = await refusal(logsAt(url, { ...access(), user: "me", password: "s3cret" }));
		expect(line).toMatch(/^MONGO_URL, database "vigie-test-\S+" at localhost:\d+: /);
		expect(line.replace(/^.*?:\d+: /, "")).toBe(reason);
	});
	it("is refused with one line that names a client with a certificate of a stranger", async () => {
		const port = await freePort();
		const words = `s_server -accept ${port} -cert ${file("server.pem")} -key ${file("server.key")} -CAfile ${file("ca.pem")} -Verify 1 -verify_return_error`;
		const server = spawn("openssl", words.split(" "), { stdio: ["pipe", "pipe", "ignore"] }); // sends an alert, which node:tls does not
		closing.push(async () => void server.kill());
		await once(server.stdout, "data");
		const url = `mongodb://localhost:${port}/vigie?directConnection=true`;
		const line = await refusal(logsAt(url, { caFile: file("ca.pem"), certKeyFile: file("stranger.both") }));
		expect(line).toBe(
			`MONGO_URL, database "vigie" at localhost:${port}: the server does not accept this node's certificate (MONGO_CERT_KEY has to hold one that it trusts)`,
		);
	});
	it("is asked for if a server closes connections without it", async () => {
		const { url } = await front("server");
		expect(await refusal(logsAt(url))).toMatch(
			/: no answer \(it closes the connection; if it asks for TLS, set MONGO_CA, or tls=true in MONGO_URL\)$/,
		);
	});
	it("never falls back to plain text", async () => {
		const seen: Buffer[] = [];
		const plain = createServer((socket) => {
			const behind = connect(Number(new URL((mongo as MongoServer).url).port), "127.0.0.1"); // this block does not run without it
			socket.on("data", (bytes) => seen.push(bytes));
			for (const one of [socket, behind])
				one.on("error", () => undefined).on("close", () => [socket, behind].forEach((each) => each.destroy()));
			socket.pipe(behind).pipe(socket);
		});
		await new Promise<void>((listening) => plain.listen(0, "127.0.0.1", listening));
		closing.push(async () => void plain.close());
		const address = plain.address();
		const port = typeof address === "object" && address ? address.port : 0;
		const line = await refusal(
			logsAt(`mongodb://localhost:${port}/vigie?directConnection=true`, { caFile: file("ca.pem"), user: "me", password: "s3cret" }),
		);
		expect(line).toMatch(/^MONGO_URL, database "vigie" at localhost:\d+: /);
		const TLS_HANDSHAKE = 22;
		expect(seen.length).toBeGreaterThan(0);
		expect(seen.map((bytes) => bytes[0])).toEqual(seen.map(() => TLS_HANDSHAKE));
	});
});

describe("a user of MongoDB", () => {
	const PASSWORD = "p@ss:w/r%d=,";
	async function guarded(user: string): Promise<{ readonly scram: Scram; readonly server: WireServer }> {
		const scram = new Scram(user, PASSWORD);
		const nothing = (name: unknown) => ({ ok: 1, cursor: { id: Long.ZERO, ns: `wire.${String(name)}`, firstBatch: [] } });
		const server = await WireServer.start(
			(command) => scram.answer(command) ?? ("find" in command ? nothing(command["find"]) : { ok: 1 }),
			Scram.hello,
		);
		closing.push(() => server.stop());
		return { scram, server };
	}

	it.each([["vigie"], ["a,b=c"]])("%s proves the password of MONGO_PASSWORD", async (user) => {
		const { scram, server } = await guarded(user);
		await logsAt(server.url, { user, password: PASSWORD }).ready();
		expect(new Set(scram.sources)).toEqual(new Set(["wire"]));
	});
	it("is one of the database that authSource names", async () => {
		const { scram, server } = await guarded("vigie");
		await logsAt(`${server.url}?authSource=admin`, { user: "vigie", password: PASSWORD }).ready();
		expect(new Set(scram.sources)).toEqual(new Set(["admin"]));
	});
	it("can also be in the URL", async () => {
		const { scram, server } = await guarded("vigie");
		await logsAt(server.url.replace("//", `//vigie:${encodeURIComponent(PASSWORD)}@`)).ready();
		expect(scram.sources.length).toBeGreaterThan(0);
	});
	it.each([
		["vigie", "s3cret"],
		["other", PASSWORD],
	])("%s with the password %s is refused with one line without the password", async (user, password) => {
		const { scram, server } = await guarded("vigie");
		const line = await refusal(logsAt(server.url, { user, password }));
		expect(line).toBe(
			`MONGO_URL, database "wire" at ${server.address}: the authentication failed (the user, the password or the authSource is wrong)`,
		);
		expect(line).not.toContain(password);
		expect(scram.sources).toEqual([]);
	});
});

describe("the settings of MongoDB", () => {
	const problems = (url: string, env: Readonly<Record<string, string>> = {}) => mongoProblems(url, mongoAccessIn(env));
	const MONGO_CA = file("ca.pem");

	it.each([
		["mongodb://host/vigie?tlsInsecure=true", "MONGO_URL has tlsInsecure: "],
		["mongodb://host/vigie?tls=true&TLSALLOWINVALIDCERTIFICATES=true", "MONGO_URL has tlsAllowInvalidCertificates: "],
		["mongodb://host/vigie?tlsAllowInvalidHostnames=true", "MONGO_URL has tlsAllowInvalidHostnames: "],
	])("refuse %s, which does not verify the server", (url, problem) => expect(problems(url)).toEqual([expect.stringContaining(problem)]));
	it.each([
		["mongodb://host/vigie", {}],
		["mongodb://host/vigie?tlsInsecure=false&tls=false", {}],
		["mongodb+srv://me:s3cret@host/vigie?retryWrites=true", {}],
		["mongodb://host/vigie?authSource=admin", { MONGO_USER: "me", MONGO_PASSWORD: "a@b" }],
	])("accept %s with %j", (url, env) => expect(problems(url, env)).toEqual([]));
	it.each([
		[
			"mongodb://me:s3cret@host/vigie",
			{ MONGO_USER: "me", MONGO_PASSWORD: "s3cret" },
			"MONGO_URL has credentials, and MONGO_USER is set too: use one of them",
		],
		["mongodb://host/vigie", { MONGO_USER: "me" }, "MONGO_USER and MONGO_PASSWORD belong together: a user and its password"],
		["mongodb://host/vigie", { MONGO_PASSWORD: "s3cret" }, "MONGO_USER and MONGO_PASSWORD belong together: a user and its password"],
		["mongodb://host/vigie", { MONGO_CA: "/no/such" }, 'MONGO_CA is "/no/such": there is no such file that can be read'],
		["s3cret", {}, "MONGO_URL has to be mongodb://host/database"],
	])("refuse %s with %j", (url, env, line) => {
		expect(problems(url, env)).toEqual([line]);
		expect(line).not.toContain("s3cret");
	});
	(certificates ? it : it.skip)("refuse plain text beside a certificate, and files without what they have to hold", () => {
		expect(problems("mongodb://host/vigie?tls=false", { MONGO_CA })).toEqual([
			"MONGO_URL has tls=false, and MONGO_CA asked for TLS: use one of them",
		]);
		expect(problems("mongodb://host/vigie?ssl=false", { MONGO_CA, MONGO_CERT_KEY: file("node.both") })).toEqual([
			"MONGO_URL has ssl=false, and MONGO_CA and MONGO_CERT_KEY asked for TLS: use one of them",
		]);
		expect(problems("mongodb://host/vigie", { MONGO_CA: file("ca.key") })).toEqual([
			expect.stringContaining('ca.key": it has to hold certificates as PEM'),
		]);
		for (const name of ["node.pem", "node.key"])
			expect(problems("mongodb://host/vigie", { MONGO_CERT_KEY: file(name) })).toEqual([
				expect.stringContaining(`${name}": it has to hold a certificate and its private key, both as PEM, not encrypted`),
			]);
	});
	it("yield to the credentials of a place that a move names", () => {
		const access = { user: "me", password: "s3cret", caFile: "/ca" };
		expect(accessFor("mongodb://other:x@host/v", access)).toEqual({ caFile: "/ca" });
		expect(accessFor("mongodb://host/v?a=b@c", access)).toEqual(access);
	});
});
