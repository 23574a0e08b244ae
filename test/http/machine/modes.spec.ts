/** Modes: each start restricts the data folder and its files to their owner; a folder that the platform shares with a group is used unchanged. */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { es } from "../../support/operator.ts";
import { CAN_BE_PLAIN, PLAIN_USER } from "../../support/machine.ts";
import { System } from "../../support/system.ts";
import { expectRefused, furnish } from "./machine.ts";
import { answered, caughtUp } from "../scenery.ts";

const SIGNING_KEY = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
/** The default umask of most shells. */
const UMASK = ["bash", "-c", 'umask 022 && exec "$0" "$@"'];

let folder: string;
let system: System;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "vigie-modes-"))));
afterEach(async () => {
	await system.dispose();
	rmSync(folder, { recursive: true, force: true });
});

const modeOf = (...names: readonly string[]): string => (statSync(join(folder, ...names)).mode & 0o7777).toString(8);
const contents = (): string[] => readdirSync(folder, { recursive: true }).map(String);
/** Files in the data folder that other users could read or write. */
const open = (): string[] =>
	["", ...contents()].filter((name) => statSync(join(folder, name)).mode & 0o077).map((name) => `${name} ${modeOf(name)}`);
const warned = (): string[] => system.output.split("\n").filter((line) => /thers ha|belongs to user/.test(line));
/** For tests that need two users. */
const maybe = CAN_BE_PLAIN && PLAIN_USER.uid !== undefined ? it : it.skip;
const OTHER_USER = 4242;

describe("a data folder", () => {
	it("is accessible only to its owner, with all its files, regardless of the umask", async () => {
		const dataDir = join(folder, "new", "data");
		system = await System.start({}, { dataDir, command: UMASK });
		await furnish(system);
		folder = dataDir;
		expect(readdirSync(folder).toSorted()).toEqual(expect.arrayContaining(["events.db", "events.db-shm", "events.db-wal", "rows.db-wal"]));
		expect([open(), warned()]).toEqual([[], []]);
	});

	it("that was open to others is closed and reported by a start, but not reported by the next one", async () => {
		system = await System.start({}, { dataDir: folder, command: UMASK });
		await furnish(system);
		await system.kill(); // leaves the -wal and -shm files of SQLite
		mkdirSync(join(folder, "replaced-earlier", "heads"), { recursive: true });
		writeFileSync(join(folder, "replaced-earlier", "heads", "radar.0.head"), "");
		writeFileSync(join(folder, "events.db-journal"), "");
		for (const name of contents())
			if (name !== "keys" && !name.endsWith(".pem"))
				chmodSync(join(folder, name), statSync(join(folder, name)).isDirectory() ? 0o755 : 0o644);
		chmodSync(folder, 0o755);
		await system.up();
		await caughtUp(system);
		expect(open()).toEqual([]);
		const [ofFiles = "", ofKeys = "", ...more] = warned();
		expect(ofFiles).toContain(`Others had access to ${folder} (mode 0755, now 0700)`);
		for (const name of ["events.db", "events.db-wal", "events.db-journal", "rows.db", "replaced-earlier/heads/radar.0.head"])
			expect(ofFiles).toContain(`${join(folder, name)} (mode 0644, now 0600)`);
		expect(ofKeys).toMatch(
			/^.*Others had access to \S+\.pub \(mode 0644, now 0600\), \S+master\.key \(mode 0644, now 0600\), \S+token \(mode 0644, now 0600\)$/,
		);
		expect(more).toEqual([]);
		await system.restart();
		expect([open(), warned()]).toEqual([[], []]);
	});

	it("that also holds other files keeps its mode, but the files of the system are closed", async () => {
		writeFileSync(join(folder, "notes.txt"), "");
		chmodSync(folder, 0o755);
		system = await System.start({}, { dataDir: folder, command: UMASK });
		expect([modeOf(), modeOf("events.db"), modeOf("rows.db"), modeOf("keys")]).toEqual(["755", "600", "600", "700"]);
		expect(warned()).toEqual([expect.stringContaining(`Others have access to ${folder}, which also holds notes.txt`)]);
	});

	it("keeps the modes of files that only a symbolic link in it leads to", async () => {
		const outside = join(folder, "outside.txt");
		const dataDir = join(folder, "data");
		mkdirSync(join(dataDir, "replaced-by-hand"), { recursive: true });
		writeFileSync(outside, "", { mode: 0o644 });
		symlinkSync(outside, join(dataDir, "replaced-by-hand", "link"));
		system = await System.start({}, { dataDir, command: UMASK });
		expect(modeOf("outside.txt")).toBe("644");
	});

	maybe.each([
		["as root", OTHER_USER, 0o700, {}],
		["without the right to close it", OTHER_USER, 0o777, PLAIN_USER],
	])("of another user is used %s, and reported", async (_how, owner, mode, user) => {
		chownSync(folder, owner, owner);
		chmodSync(folder, mode);
		system = await System.start({}, { dataDir: folder, ...user });
		const [ofOwner = "", ofMode] = warned();
		expect(ofOwner).toContain(`${folder} belongs to user ${owner}, and this process runs as user ${user.uid ?? 0}: the owner can read`);
		if (mode === 0o777) expect(ofMode).toContain(`Others have access to ${folder} (mode 0777), and only the owner can change that`);
		expect(open().filter((name) => !name.startsWith(" "))).toEqual([]);
	});

	(process.platform === "linux" ? it : it.skip)("gets private files also from Node.js itself, such as diagnostic reports", async () => {
		system = await System.start({}, { dataDir: folder, command: UMASK });
		expect(/^Umask:\s*(\d+)$/m.exec(readFileSync(`/proc/${system.pid}/status`, "utf8"))?.[1]).toBe("0077");
	});

	it("is not created by a command that only reads", async () => {
		system = System.at(folder);
		const nowhere = join(folder, "nowhere");
		expect(await es(nowhere, "lag")).toMatchObject({ code: 1, stderr: `DATA_DIR is "${nowhere}": there is no log in it\n` });
		expect(existsSync(nowhere)).toBe(false);
	});
});

describe("keys that others can access", () => {
	it.each([
		["by group", 0o770, 0o660, {}],
		["by group, with another key given", 0o770, 0o660, { SIGNING_KEY }],
		["by everybody, with another key given", 0o777, 0o666, { SIGNING_KEY }],
	])("%s are closed, and reported", async (_how, ofFolder, ofKey, settings) => {
		system = await System.start({}, { dataDir: folder });
		await system.stop();
		chmodSync(join(folder, "keys", "signing.pem"), ofKey);
		chmodSync(join(folder, "keys"), ofFolder);
		await system.up(settings);
		expect(modeOf("keys")).toBe("700");
		expect(warned()).toEqual([expect.stringContaining(`${join(folder, "keys")} (mode 0${ofFolder.toString(8)}, now 0700)`)]);
	});
	it("and replace stop a start that would sign with them", async () => {
		system = await System.start({}, { dataDir: folder });
		await system.stop();
		chmodSync(join(folder, "keys"), 0o777);
		await expectRefused(system, /keys can be written by others \(mode 0777\): chmod 700 it\n$/);
	});
});

describe("a volume that Kubernetes mounts with an fsGroup", () => {
	/** Does the same as the kubelet at every mount: the group may read and write everything, and new files belong to the group. */
	function mounted(): void {
		chownSync(folder, 0, PLAIN_USER.uid ?? 0);
		execFileSync("chgrp", ["-R", String(PLAIN_USER.uid), folder]);
		execFileSync("chmod", ["-R", "g+rwX", folder]);
		execFileSync("find", [folder, "-type", "d", "-exec", "chmod", "g+s", "{}", "+"]);
	}

	maybe.each([
		["with the key in it", {}],
		["with a key from a secret", { SIGNING_KEY }],
	])("is used at every start, %s", async (_how, settings) => {
		mounted();
		system = await System.start(settings, { dataDir: folder, ...PLAIN_USER });
		await furnish(system);
		for (let starts = 0; starts < 2; starts++) {
			expect(await system.stop()).toBe(0);
			mounted();
			await system.up();
			await caughtUp(system);
			answered(200, await system.get("/radars/m-radar/history"));
			expect([modeOf(), modeOf("keys"), modeOf("events.db")]).toEqual(["2770", "2770", "660"]);
			expect(system.output).toContain(`${join(folder, "keys")} can be written by others than its owner (mode 2770)`);
			if (!("SIGNING_KEY" in settings)) expect(modeOf("keys", "signing.pem")).toBe("600");
		}
	});

	maybe("that is open to more than the group is reported, since only its owner can change it", async () => {
		mounted();
		chmodSync(folder, 0o2775);
		system = await System.start({}, { dataDir: folder, ...PLAIN_USER });
		expect(modeOf()).toBe("2775");
		expect(warned()).toEqual([expect.stringContaining(`Others have access to ${folder} (mode 2775), and only the owner can change that`)]);
	});
});
