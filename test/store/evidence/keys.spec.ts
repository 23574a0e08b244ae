/** Keys - the signing key is created once, readable only by its owner, and never overwritten; every public key ever used stays known. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { doubtOf, signHead } from "../../../store/evidence/heads.ts";
import { keepKnown, keysIn, knownIn, KeyUnusable, openKeys, privateKeyOf } from "../../../store/evidence/keys.ts";
import { Folder } from "../../support/folder.ts";
import { CAN_FREEZE, freeze, thaw } from "../../support/machine.ts";
import { AT, newKey } from "../../support/vault.ts";

let place: Folder;
let folder: string;
beforeEach(() => {
	place = new Folder();
	folder = place.file("keys");
});
afterEach(() => place.remove());

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);
const own = (): string => join(folder, "signing.pem");
/** The one-line error of a folder that cannot be opened. */
function complaint(): string {
	try {
		openKeys(folder);
	} catch (error) {
		if (!(error instanceof KeyUnusable)) throw error;
		expect(error.message).not.toContain("\n");
		return error.message.replaceAll(folder, "keys");
	}
	return "";
}

describe("the keys of a folder", () => {
	it("are created at the first start, the private one readable only by its owner", () => {
		const { signing, known } = openKeys(folder);
		expect([modeOf(folder), modeOf(own()), modeOf(join(folder, `${signing.id}.pub`))]).toEqual(["700", "600", "600"]);
		expect([...known.keys()]).toEqual([signing.id]);
		expect(readdirSync(folder).toSorted()).toEqual([`${signing.id}.pub`, "signing.pem"].toSorted());
	});
	it("are the same at every start, and trust their own signatures", () => {
		const first = openKeys(folder);
		const written = readFileSync(own(), "utf8");
		const again = openKeys(folder);
		expect([again.signing.id, readFileSync(own(), "utf8")]).toEqual([first.signing.id, written]);
		const head = signHead("radar:0", { position: 1, hash: "x".repeat(43) }, AT, first.signing);
		expect(doubtOf(head, again.known)).toBeNull();
	});
	it("are kept when another key replaces them: old signatures are still trusted", () => {
		const { signing } = openKeys(folder);
		renameSync(own(), join(folder, "retired.pem"));
		const next = openKeys(folder);
		expect(next.signing.id).not.toBe(signing.id);
		expect([...next.known.keys()].toSorted()).toEqual([signing.id, next.signing.id].toSorted());
	});
	it("can include those of another folder, without creating a private key", () => {
		const { signing, known } = openKeys(place.file("elsewhere"));
		expect([...knownIn(folder).keys(), existsSync(folder)]).toEqual([false]);
		for (let twice = 0; twice < 2; twice++) keepKnown(folder, known);
		expect(readdirSync(folder)).toEqual([`${signing.id}.pub`]);
		expect([...knownIn(folder).keys()]).toEqual([signing.id]);
		expect([...openKeys(folder).known.keys()]).toContain(signing.id);
	});
	it("are read without creating one, and sign if there is one", () => {
		expect([keysIn(folder).signing, existsSync(folder)]).toEqual([undefined, false]);
		const { signing } = openKeys(folder);
		rmSync(join(folder, `${signing.id}.pub`));
		const { signing: seen, known } = keysIn(folder);
		expect([seen?.id, ...known.keys()]).toEqual([signing.id, signing.id]);
		expect(readdirSync(folder)).toEqual(["signing.pem"]);
	});
	it("are read beside a given key, which signs and is not stored", () => {
		const [given, trusted] = [newKey(), newKey()];
		const { signing, known } = keysIn(folder, { signing: given.key, trusted: [createPublicKey(trusted.key)] });
		expect([signing?.id, ...known.keys()]).toEqual([given.id, given.id, trusted.id]);
		expect(existsSync(folder)).toBe(false);
	});
	it("are not read if others can write or read them", () => {
		openKeys(folder);
		chmodSync(folder, 0o777);
		expect(() => keysIn(folder)).toThrow("can be written by others");
		chmodSync(folder, 0o700);
		chmodSync(own(), 0o644);
		expect(() => keysIn(folder)).toThrow("can be read by others");
	});
	it.each([openKeys, keysIn])("are restricted if a group had access, which is reported once", (open) => {
		openKeys(folder);
		chmodSync(folder, 0o770);
		chmodSync(own(), 0o660);
		expect(open(folder).warnings).toEqual([`Others had access to ${folder} (mode 0770, now 0700), ${own()} (mode 0660, now 0600)`]);
		expect([modeOf(folder), modeOf(own())]).toEqual(["700", "600"]);
		expect(open(folder).warnings).toEqual([]);
	});
	it("stay accessible to a group with which the platform shares the folder, except the private one", () => {
		openKeys(folder);
		chmodSync(folder, 0o2775);
		chmodSync(own(), 0o660);
		const left = `${folder} can be written by others than its owner (mode 2770): they can replace the keys in it`;
		expect(openKeys(folder).warnings).toEqual([
			`Others had access to ${folder} (mode 2775, now 2770), ${own()} (mode 0660, now 0600)`,
			left,
		]);
		expect([modeOf(folder), modeOf(own())]).toEqual(["770", "600"]);
		expect(openKeys(folder).warnings).toEqual([left]);
	});
	it.each([0o777, 0o770, 0o2777])("do not prevent a start with a folder of mode %o if the signing key is given", (mode) => {
		openKeys(folder);
		chmodSync(folder, mode);
		chmodSync(own(), 0o666);
		const given = newKey();
		expect(openKeys(folder, { signing: given.key }).signing.id).toBe(given.id);
		expect(keysIn(folder, { signing: given.key }).signing?.id).toBe(given.id);
		expect(modeOf(folder)).toBe(mode === 0o2777 ? "770" : "700");
	});
	(CAN_FREEZE ? it : it.skip)("sign with the one that is given also where nothing can be kept", () => {
		openKeys(folder);
		freeze(folder);
		try {
			const given = newKey();
			const { signing, known, warnings } = openKeys(folder, { signing: given.key });
			expect([signing.id, [...known.keys()]]).toEqual([given.id, expect.arrayContaining([given.id])]);
			expect(warnings).toEqual([`${join(folder, `${given.id}.pub`)} cannot be made (EPERM)`]);
		} finally {
			thaw(folder);
		}
	});
	it("restore a removed public key of their own", () => {
		const { signing } = openKeys(folder);
		rmSync(join(folder, `${signing.id}.pub`));
		openKeys(folder);
		expect(existsSync(join(folder, `${signing.id}.pub`))).toBe(true);
	});
	it("do not sign if one is given: it signs, and its public key is stored", () => {
		const given = newKey();
		const trusted = newKey();
		const { signing, known } = openKeys(folder, { signing: given.key, trusted: [createPublicKey(trusted.key)] });
		expect([signing.id, [...known.keys()].toSorted()]).toEqual([given.id, [given.id, trusted.id].toSorted()]);
		expect(readdirSync(folder)).toEqual([`${given.id}.pub`]);
	});
	it("are one pair if many processes start at once", async () => {
		const script = fileURLToPath(new URL("../../support/key-opener.ts", import.meta.url).href);
		const children = Array.from({ length: 6 }, () =>
			spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, folder], { stdio: ["pipe", "pipe", "inherit"] }),
		);
		const lines = children.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]());
		for (const line of lines) expect((await line.next()).value).toBe("ready");
		const ended = children.map((child) => once(child, "exit"));
		for (const child of children) child.stdin.write("go\n");
		const told = await Promise.all(lines.map(async (line) => (await line.next()).value));
		for (const exit of ended) expect((await exit)[0]).toBe(0);
		const { signing } = openKeys(folder);
		expect(told).toEqual(children.map(() => `${signing.id} ${signing.id}`));
		expect(readdirSync(folder)).toHaveLength(2);
	});
});

describe("a start fails, with one line,", () => {
	it.each(["644", "604", "666", "602"])("with a private key of mode %s", (mode) => {
		openKeys(folder);
		chmodSync(own(), Number.parseInt(mode, 8));
		expect(complaint()).toBe(`keys/signing.pem can be read by others (mode 0${mode}): chmod 600 it`);
		chmodSync(own(), 0o400);
		expect(complaint()).toBe("");
	});
	it("with a folder that others can write to", () => {
		openKeys(folder);
		chmodSync(folder, 0o777);
		expect(complaint()).toBe("keys can be written by others (mode 0777): chmod 700 it");
	});
	it.each([
		["nothing", ""],
		["a letter", "Dear Sir"],
		["half a key", newKey().key.export({ type: "pkcs8", format: "pem" }).toString().slice(0, 60)],
		[
			"a key of another kind",
			generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
		],
		["a public key", createPublicKey(newKey().key).export({ type: "spki", format: "pem" }).toString()],
	])("with a private key that is %s, which is not changed", (_what, content) => {
		mkdirSync(folder, { mode: 0o700 });
		writeFileSync(own(), content, { mode: 0o600 });
		expect(complaint()).toBe(
			"keys/signing.pem holds no Ed25519 private key in PEM: put the right one back, or move it away and a new one is made",
		);
		expect(readFileSync(own(), "utf8")).toBe(content);
	});
	it("with a private key that is a folder", () => {
		mkdirSync(own(), { recursive: true });
		chmodSync(own(), 0o700);
		expect(complaint()).toBe("keys/signing.pem cannot be read (EISDIR)");
	});
	it("with a public key that is damaged or has a wrong name", () => {
		const { signing } = openKeys(folder);
		const name = `${newKey().id}.pub`;
		writeFileSync(join(folder, name), readFileSync(join(folder, `${signing.id}.pub`)));
		expect(complaint()).toContain(`keys/${name} is not the public key it is named after`);
		writeFileSync(join(folder, name), "x");
		expect(complaint()).toContain(`keys/${name} is not the public key it is named after`);
	});
	it("with a path where no folder can be created", () => {
		writeFileSync(folder, "");
		expect(complaint()).toBe("keys cannot be made (EEXIST)");
	});
});

describe("a private key given as text", () => {
	const { key } = newKey();
	const pem = key.export({ type: "pkcs8", format: "pem" }).toString();
	it.each([
		["PEM", pem],
		["PEM with escaped line breaks", pem.replaceAll("\n", "\\n")],
		["base64 of PKCS8", key.export({ type: "pkcs8", format: "der" }).toString("base64")],
	])("can be %s", (_what, text) => expect(privateKeyOf(text)?.equals(key)).toBe(true));
	it.each([
		["nothing", ""],
		["a word", "x"],
		["base64 of something else", "AAAA"],
		["the first line of PEM", "-----BEGIN PRIVATE KEY-----"],
		["the public one", createPublicKey(key).export({ type: "spki", format: "der" }).toString("base64")],
	])("is refused if it is %s", (_what, text) => expect(privateKeyOf(text)).toBeNull());
});
