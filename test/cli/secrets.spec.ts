/** Secrets from files: `<NAME>_FILE` gives the value of every setting that can hold a secret, and no message shows the value. */
import { execFile } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { CLUSTER_KEY } from "../support/cluster.ts";
import { ENVIRONMENT } from "../../node/settings/environment.ts";
import { beside } from "../../node/observer.ts";
import { fileSettingOf, SECRETS, withSecrets } from "../../node/settings/secrets.ts";
import { settingsOf } from "../../node/settings.ts";
import { keyId } from "../../store/evidence/heads.ts";
import { Folder } from "../support/folder.ts";
import { es } from "../support/operator.ts";
import { System } from "../support/system.ts";

const START = fileURLToPath(new URL("../../cli/start.ts", import.meta.url).href);

let folder: Folder;
beforeEach(() => void (folder = new Folder()));
afterEach(() => folder.remove());

function written(content: string, name = "secret"): string {
	writeFileSync(folder.file(name), content);
	return folder.file(name);
}
/** The values, and one line per problem. */
function read(env: Readonly<Record<string, string>>): { readonly values: NodeJS.ProcessEnv; readonly problems: readonly string[] } {
	const problems: string[] = [];
	return { values: withSecrets(env, problems), problems };
}

describe("the settings that can hold a secret", () => {
	it("are those whose name says so, except settings that name a file", () => {
		const suspicious = Object.entries(ENVIRONMENT).filter(
			([name, { means }]) => /SECRET|TOKEN|PASSW|CREDS|(^|_)KEY$|(^|_)URL$/.test(name) && !means.startsWith("file with "),
		);
		expect(suspicious.map(([name]) => name).filter((name) => !SECRETS.includes(name))).toEqual([]);
		expect(SECRETS).toEqual(expect.arrayContaining(["SIGNING_KEY", "NATS_URL", "MONGO_URL"]));
	});
	it("have no setting of their own with that name", () =>
		expect(SECRETS.map(fileSettingOf).filter((name) => name in ENVIRONMENT)).toEqual([]));
});

describe.each(SECRETS)("%s in a file", (name) => {
	const setting = fileSettingOf(name);

	it("is the content without a line break at its end", () => {
		for (const [content, value] of [
			["s3cret", "s3cret"],
			["s3cret\n", "s3cret"],
			["s3cret\r\n", "s3cret"],
			["two\nlines\n", "two\nlines"],
			[" kept \n\n", " kept \n"],
		] as const)
			expect(read({ [setting]: written(content) })).toEqual({ values: { [name]: value, [setting]: undefined }, problems: [] });
	});
	it("can be behind a symbolic link, as Kubernetes mounts it", () => {
		symlinkSync(written("s3cret"), folder.file("link"));
		expect(read({ [setting]: folder.file("link") }).values[name]).toBe("s3cret");
	});
	it("counts as not set if the name of the file is empty", () =>
		expect(read({ [setting]: "", [name]: "s3cret" })).toMatchObject({ values: { [name]: "s3cret" }, problems: [] }));
	it("is refused beside the setting itself", () =>
		expect(read({ [setting]: written("s3cret"), [name]: "other" }).problems).toEqual([
			`${name} and ${setting} are both set: use one of them`,
		]));
	it.each([
		["is missing", () => folder.file("s3cret-missing"), "the file cannot be read (ENOENT)"],
		["is a folder", () => folder.path, "it does not name a file"],
		["has no end", () => "/dev/zero", "it does not name a file"],
		["is empty", () => written(""), "the file is empty"],
		["has only a line break", () => written("\r\n"), "the file is empty"],
		["is too large", () => written("s3cret".repeat(20_000)), "the file is larger than 65536 bytes"],
	])("is refused with one line if it %s", (_what, file, problem) =>
		expect(read({ [setting]: file() })).toMatchObject({ values: { [setting]: undefined }, problems: [`${setting}: ${problem}`] }),
	);
	it("is not repeated if the secret itself was given as the name", () =>
		expect(JSON.stringify(read({ [setting]: "mongodb://me:s3cret@host/vigie" }))).not.toContain("s3cret"));
});

it("any value can come from a file", () =>
	fc.assert(
		fc.property(
			fc
				.string({ unit: "grapheme", minLength: 1 })
				.filter((text) => text.trim() !== "" && text.isWellFormed() && !/\n$|^\uFEFF/.test(text)),
			(value) => expect(read({ MONGO_URL_FILE: written(`${value}\n`) }).values["MONGO_URL"]).toBe(value),
		),
	));

describe("a start", () => {
	const settings = (env: Record<string, string>) => settingsOf({ DATA_DIR: folder.path, PORT: "0", ...env });

	it("uses the values of the files", async () => {
		const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
		const { keys, natsUrl, mongoUrl } = await settings({
			SIGNING_KEY_FILE: written(key, "key"),
			NATS_URL_FILE: written("nats://me:s3cret@host\n", "nats"),
			CLUSTER_KEY_FILE: written(`${CLUSTER_KEY}\n`, "cluster"),
			MONGO_URL_FILE: written("mongodb://me:s3cret@host/vigie\n", "mongo"),
		});
		expect(keys.signing?.export({ type: "pkcs8", format: "pem" })).toBe(key);
		expect([natsUrl, mongoUrl]).toEqual(["nats://me:s3cret@host", "mongodb://me:s3cret@host/vigie"]);
	});
	it("names every setting with a problem, and no value", async () => {
		const env = {
			SIGNING_KEY_FILE: written("s3cret key"),
			MONGO_URL_FILE: written("s3cret url", "url"),
			NATS_URL_FILE: folder.file("none"),
		};
		await expect(settings(env)).rejects.toThrow(
			[
				"NATS_URL_FILE: the file cannot be read (ENOENT)",
				"SIGNING_KEY cannot be read: it has to be an Ed25519 private key, as PEM or as base64 of its PKCS8",
				"MONGO_URL has to be mongodb://host/database",
			].join("\n"),
		);
	});
	it("signs with a key from a file", async () => {
		const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
		mkdirSync(folder.file("data"));
		const system = await System.start({ SIGNING_KEY_FILE: written(key) }, { dataDir: folder.file("data") });
		const id = keyId(createPublicKey(key));
		expect(readdirSync(folder.file("data/keys")).filter((name) => /\.(pem|pub)$/.test(name))).toEqual([`${id}.pub`]);
		expect((await es(folder.file("data"), "heads")).stdout).toContain(id);
		expect(await system.stop()).toBe(0);
		await system.dispose();
	});
	it("shows no secret when it fails", async () => {
		const env = {
			PATH: process.env["PATH"],
			DATA_DIR: folder.path,
			PORT: "0",
			MONGO_URL_FILE: written("mongodb://me:s3cret@127.0.0.1:9/v\n"),
		};
		const failed = await promisify(execFile)(process.execPath, [START], { env }).catch(
			(error: unknown) => error as { code: number; stderr: string },
		); // of execFile
		expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/^MONGO_URL, database "v" at 127\.0\.0\.1:9: [^\n]*\n$/) });
		expect(JSON.stringify(failed)).not.toContain("s3cret");
	});
});

describe("a command of the operator", () => {
	it("takes the same files, and refuses with the same line", async () => {
		await expect(beside({ NATS_URL_FILE: folder.file("none") })).rejects.toThrow("NATS_URL_FILE: the file cannot be read (ENOENT)");
		await expect(beside({ NATS_URL_FILE: written("here") })).rejects.toThrow('NATS_URL is "here": it has to be one or more of');
	});
});
