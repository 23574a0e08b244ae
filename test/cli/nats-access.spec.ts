/** NATS_URL and the files of credentials and certificates: parsed, rejected with one line, and never shown with their secrets. */
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { CLUSTER_KEY } from "../support/cluster.ts";
import { connectionOf, natsProblems, placeOf } from "../../node/settings/nats-access.ts";
import { settingsOf } from "../../node/settings.ts";
import { Folder } from "../support/folder.ts";

let folder: Folder;
beforeEach(() => void (folder = new Folder()));
afterEach(() => folder.remove());

/** The credentials the client sends. */
const credentialsOf = (url: string): unknown => {
	const { authenticator } = connectionOf(url, {});
	return typeof authenticator === "function" ? authenticator("nonce") : undefined;
};

describe("a NATS_URL", () => {
	it("lists the servers with their ports", () => {
		expect(connectionOf("nats://localhost:4222", {})).toEqual({ servers: ["localhost:4222"] });
		expect(connectionOf("nats://a, nats://b:1,nats://[::1]:2", {}).servers).toEqual(["a", "b:1", "[::1]:2"]);
	});
	it("contains credentials, percent-encoded or not", () => {
		expect(credentialsOf("nats://me:pa%40ss%3A%2F%25@host")).toEqual({ user: "me", pass: "pa@ss:/%" });
		expect(credentialsOf("nats://m%C3%A9:%20@host,nats://other")).toEqual({ user: "mé", pass: " " });
		expect(credentialsOf("nats://to%40ken@host")).toEqual({ auth_token: "to@ken" });
		expect(credentialsOf("nats://me:a,b@host")).toEqual({ user: "me", pass: "a,b" });
		expect(credentialsOf("nats://host")).toBeUndefined();
	});
	it("can contain any password", () =>
		fc.assert(
			fc.property(fc.string({ minLength: 1, unit: "grapheme" }), fc.string({ minLength: 1, unit: "grapheme" }), (user, pass) => {
				expect(credentialsOf(`nats://${encodeURIComponent(user)}:${encodeURIComponent(pass)}@host`)).toEqual({ user, pass });
			}),
		));
	it("keeps credentials in functions, which cannot be printed", () => {
		const connection = connectionOf("tls://me:secret@host", { NATS_CREDS: folder.file("creds") });
		expect(JSON.stringify(connection)).not.toContain("secret");
	});
	it.each([
		["tls://host", {}],
		["nats://host,tls://other", {}],
		["nats://host", { NATS_CA: "ca.pem" }],
		["nats://host", { NATS_CERT: "c.pem", NATS_KEY: "k.pem" }],
	])("%s with %j always uses TLS", (url, files) => expect(connectionOf(url, files).tls).toBeTruthy());

	it.each([
		["here", 'NATS_URL is "here": it has to be one or more of nats://host:port'],
		["http://me:secret@host", 'NATS_URL is "http://...@host": it has to be one or more of nats://host:port'],
		["me:secret@host", 'NATS_URL is "...@host": it has to be one or more of nats://host:port'],
		["nats://me:100%secret@host", 'NATS_URL is "nats://...@host": it has to be one or more of nats://host:port'],
		["nats://a,b", 'NATS_URL is "nats://a,b": it has to be one or more of nats://host:port'],
		["nats://me:secret@a:1,b:2", 'NATS_URL is "nats://...@a:1,b:2": it has to be one or more of nats://host:port'],
		["nats://me:s/ecret@host", 'NATS_URL is "nats://...@host": it has to be one or more of nats://host:port'],
		["nats://", 'NATS_URL is "nats://": it has to be one or more of nats://host:port'],
		["nats://a:secret@h,nats://b:other@i", "NATS_URL has different credentials: all servers must get the same"],
	])("%s is rejected with one line that contains no secret", (url, line) => {
		expect(natsProblems(url, {})).toEqual([line]);
		expect(line).not.toMatch(/secret|cret/);
	});
	it("is shown without credentials and options", () => {
		expect(placeOf("nats://me:secret@a:1,nats://b:2")).toBe("nats://...@a:1,nats://b:2");
		expect(placeOf("mongodb://me:secret@a:1,b:2/vigie?authMechanismProperties=TOKEN:secret")).toBe("mongodb://...@a:1,b:2/vigie");
		expect(placeOf("mongodb+srv://me:s@cr/et@a/vigie")).toBe("mongodb+srv://...@a/vigie");
	});
});

describe("a file of credentials or certificates", () => {
	it("must be readable, and a certificate needs its key", () => {
		writeFileSync(folder.file("c.pem"), "");
		const NATS_CERT = folder.file("c.pem");
		expect(natsProblems("nats://host", { NATS_CERT })).toEqual([
			"NATS_CERT and NATS_KEY belong together: a certificate and its private key",
		]);
		expect(natsProblems("nats://host", { NATS_CA: "/no/such/file" })).toEqual([
			'NATS_CA is "/no/such/file": there is no such file that can be read',
		]);
	});
	it("can replace credentials in the URL, but not complement them", () => {
		writeFileSync(folder.file("seed"), "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY\n");
		const NATS_CREDS = folder.file("seed");
		const { authenticator } = connectionOf("nats://host", { NATS_CREDS });
		const said = typeof authenticator === "function" ? authenticator("nonce") : {};
		expect(said).toMatchObject({ nkey: expect.stringMatching(/^U/), sig: expect.any(String) });
		expect(natsProblems("nats://host", { NATS_CREDS })).toEqual([]);
		expect(natsProblems("nats://me:secret@host", { NATS_CREDS })).toEqual([
			"NATS_URL has credentials, and NATS_CREDS is set too: use one of them",
		]);
	});
	it("must contain credentials; without them the client is anonymous instead of closed for good", () => {
		writeFileSync(folder.file("creds"), "hello");
		expect(natsProblems("nats://host", { NATS_CREDS: folder.file("creds") })).toEqual([
			`NATS_CREDS is "${folder.file("creds")}": it holds neither credentials nor the seed of an nkey`,
		]);
		const { authenticator } = connectionOf("nats://host", { NATS_CREDS: folder.file("creds") });
		expect(typeof authenticator === "function" && authenticator("nonce")).toEqual({});
	});
	it("is named by the environment", async () => {
		writeFileSync(folder.file("ca"), "");
		const settings = await settingsOf({
			DATA_DIR: folder.path,
			PORT: "0",
			NATS_URL: "tls://host",
			NATS_CA: folder.file("ca"),
			NATS_CERT: "",
			CLUSTER_KEY,
		});
		expect(settings.natsFiles).toEqual({ NATS_CREDS: undefined, NATS_CA: folder.file("ca"), NATS_CERT: undefined, NATS_KEY: undefined });
		await expect(settingsOf({ DATA_DIR: folder.path, PORT: "0", NATS_URL: "nats://u:secret@:1" })).rejects.toThrow(
			/^NATS_URL is "nats:\/\/...@:1": /,
		);
	});
});
