/** Keys of a node: created at the first start, kept after kills, refused in one line if others can read them. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Folder } from "../support/folder.ts";
import { System } from "../support/system.ts";
import { answered, radarInService } from "./scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const keys = (): string => join(system.dataDir, "keys");
const own = (): string => join(keys(), "signing.pem");
/** The output of a start that fails with exit code 1. */
const refused = async (settings: Readonly<Record<string, string>>): Promise<string> => {
	const reason = await system.up(settings).catch((error: unknown) => error);
	expect(reason).toBeInstanceOf(Error);
	const [, code, said = ""] = /^the system ended while starting \((.*)\):\n([^]*)$/.exec(String((reason as Error).message)) ?? [];
	expect(code).toBe("1");
	return said.trim().replaceAll(keys(), "keys");
};

describe("a system", () => {
	it("creates a key at its first start that only its owner can read, and keeps it after a kill", async () => {
		const made = readFileSync(own(), "utf8");
		expect([statSync(keys()).mode & 0o777, statSync(own()).mode & 0o777]).toEqual([0o700, 0o600]);
		await radarInService(system, "k-radar");
		await system.kill();
		await system.up();
		expect(readFileSync(own(), "utf8")).toBe(made);
		expect(readdirSync(keys()).filter((name) => name.endsWith(".pem"))).toEqual(["signing.pem"]);
		answered(200, await system.get("/radars/k-radar/history"));
	});
	it("has no HTTP routes for verification, heads and keys", async () => {
		for (const path of ["/radar-log/verify", "/radar-log/heads", "/radar-log/keys", "/keys", "/heads"])
			answered(404, await system.get(path));
	});
	it("does not start with a private key that others can read, and reports it in one line", async () => {
		await system.stop();
		chmodSync(own(), 0o644);
		expect(await refused({})).toBe("keys/signing.pem can be read by others (mode 0644): chmod 600 it");
		chmodSync(own(), 0o600);
		await system.up({});
	});
	it("does not start with a damaged key, and does not change it", async () => {
		await system.stop();
		const whole = readFileSync(own(), "utf8");
		writeFileSync(own(), whole.slice(0, 40));
		expect(await refused({})).toBe(
			"keys/signing.pem holds no Ed25519 private key in PEM: put the right one back, or move it away and a new one is made",
		);
		expect(readFileSync(own(), "utf8")).toBe(whole.slice(0, 40));
		writeFileSync(own(), whole);
		await system.up({});
	});
	it("does not start with invalid keys in settings, reports which, and shows none of them", async () => {
		await system.stop();
		const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
		const secret = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
		const other = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" }).toString("base64");
		const said = await refused({
			SIGNING_KEY: secret,
			TRUSTED_KEYS: `${other},${publicKey.export({ type: "spki", format: "der" }).toString("base64")}`,
		});
		expect(said.split("\n")).toEqual([
			"SIGNING_KEY cannot be read: it has to be an Ed25519 private key, as PEM or as base64 of its PKCS8",
			"TRUSTED_KEYS cannot be read: number 2 has to be an Ed25519 public key, as base64 of its SPKI",
		]);
		await system.up({});
	});
	it("signs with the key of a setting, and creates none", async () => {
		const given = await System.start({
			SIGNING_KEY: generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString().replaceAll("\n", "\\n"),
		});
		try {
			expect(readdirSync(join(given.dataDir, "keys")).filter((name) => /\.(pem|pub)$/.test(name))).toEqual([
				expect.stringMatching(/^[\da-f]{16}\.pub$/),
			]);
		} finally {
			await given.dispose();
		}
	});
});

describe("a node without actors", () => {
	it.each(["queries", "radar/radars", "radar-queries,gateway"])(
		"with %s creates no key that signs, also in a new data folder",
		async (SERVICES) => {
			const folder = new Folder();
			const node = System.at(folder.path, { SERVICES });
			await node.up({ SERVICES }, "its own word");
			expect([existsSync(folder.file("rows.db")), existsSync(folder.file("keys/signing.pem"))]).toEqual([true, false]);
			expect(await node.stop()).toBe(0);
			folder.remove();
		},
	);
});
