/** es-backup and es-restore: a backup made under load is complete or does not exist, and restores everything acknowledged before it. */
import { generateKeyPairSync, hash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { tokenIn } from "../../cli/common/token.ts";
import { expectReplayed, furnish, Load, rowsOf } from "../http/machine/machine.ts";
import { answered, caughtUp, noon, plate } from "../http/scenery.ts";
import { eventsOf } from "../support/data-folder.ts";
import { Folder } from "../support/folder.ts";
import { mongoServer, onPath } from "../support/mongo.ts";
import { Child, es, Repl } from "../support/operator.ts";
import { cut, scribble } from "../support/machine.ts";
import { eventually, System } from "../support/system.ts";

const LONG = 240_000;
const sha256 = (bytes: Buffer): string => hash("sha256", bytes, "hex");
const PASSAGES = 4000;
const passages = (from: number, count: number) =>
	Array.from({ length: count }, (_, n) => ({
		id: `b-${from + n}`,
		radar: "m-radar",
		plate: plate(n),
		country: "FR",
		speedKmh: 150,
		capturedAt: noon,
	}));

let place: Folder;
beforeEach(() => void (place = new Folder()));
afterEach(() => place.remove());
const folder = (name: string): string => place.file(name);

/** Everything in a folder, with its file modes. */
const modes = (path: string): Record<string, string> =>
	Object.fromEntries(
		["", ...readdirSync(path, { recursive: true }).map(String)].map((name) => [
			name.replace(/[\da-f]{16}/, "ID"),
			(statSync(join(path, name)).mode & 0o7777).toString(8),
		]),
	);
const logsIn = (path: string) =>
	(JSON.parse(readFileSync(join(path, "manifest.json"), "utf8")) as { logs: readonly { log: string; commits: number }[] }).logs;
const commitsIn = (path: string): number => logsIn(path).reduce((sum, { commits }) => sum + commits, 0);
const restored = (backup: string, dataDir: string, ...more: readonly string[]) => es(dataDir, ["restore", backup, ...more]);

describe("a backup under load", () => {
	let system: System;
	beforeAll(async () => {
		system = await System.start();
		await furnish(system);
		answered(200, await system.ndjson(passages(0, PASSAGES)));
	}, LONG);
	afterAll(() => system.dispose());

	it(
		"ends, is verified and private, and restores everything acknowledged before it, after later writes",
		async () => {
			const load = new Load(system);
			load.begin();
			await eventually(() => expect(load.with(201).length).toBeGreaterThan(30));
			const before = load.with(201);
			const backup = folder("backup");
			const { code, stdout, stderr } = await es(system.dataDir, ["backup", backup]);
			expect({ code, stdout, stderr }).toEqual({
				code: 0,
				stdout: expect.stringMatching(/^log +commits +heads +signed up to\n[^]*\nradar:0 [^]*\nbacked up and verified: \S+\/backup\n$/),
				stderr: expect.stringMatching(/^copying: [^]*\nverifying: [^]*\ncomparing: /),
			});
			await eventually(() => expect(load.with(201).length).toBeGreaterThan(before.length + 30));
			await load.end();
			expect([...new Set([...load.answers.values()].map(({ status }) => status))]).toEqual([201]);
			expect(modes(backup)).toEqual({
				"": "700",
				"events.db": "600",
				"heads.txt": "600",
				"manifest.json": "600",
				"personal-keys.jsonl": "600",
				keys: "700",
				"keys/ID.pub": "600",
			});
			expect(commitsIn(backup)).toBeGreaterThan(PASSAGES);

			const heads = readFileSync(join(backup, "heads.txt"), "utf8");
			expect(heads).toMatch(/^head radar:0 \d+ /m);
			expect(await system.stop()).toBe(0);
			const lost = eventsOf(system.dataDir);
			expect(await restored(backup, system.dataDir)).toMatchObject({
				code: 1,
				stdout: "",
				stderr: expect.stringMatching(
					/^BACKUP_REFUSED: \S+ holds events\.db, [^:]*rows\.db, [^:]*keys\/heads: with --replace they are moved aside, into a folder beside them\n$/,
				),
			});
			const told = await restored(backup, system.dataDir, "--replace");
			const [, aside = ""] = /\nrestored as of \S+Z: \S+\nthe previous content is in (\S+)\n$/.exec(told.stdout) ?? [];
			expect({
				code: told.code,
				there: readdirSync(aside)
					.filter((name) => !/-(shm|wal)$/.test(name))
					.toSorted(),
			}).toEqual({ code: 0, there: ["events.db", "heads", "rows.db"] });
			expect(eventsOf(aside)).toEqual(lost);
			const now = eventsOf(system.dataDir);
			for (const [table, commits] of Object.entries(lost))
				if (table.startsWith("log_")) expect(now[table]).toEqual(commits.slice(0, now[table]?.length));

			await system.up();
			await caughtUp(system);
			const there = new Set((await system.rows("/detections")).map(({ id }) => id));
			expect(before.filter((id) => !there.has(id))).toEqual([]);
			writeFileSync(folder("heads.txt"), heads);
			expect((await es(system.dataDir, ["verify", "--heads", folder("heads.txt")])).code).toBe(0);
			await expectReplayed(system);
		},
		LONG,
	);

	it(
		"can be made in the REPL, and of a stopped system",
		async () => {
			const repl = await Repl.open(system.dataDir, ["--beside"]);
			expect(await repl.type(`es-backup ${folder("repl")}`)).toMatch(/backed up and verified: \S+\/repl\n/);
			expect(await repl.leave()).toBe(0);
			const { code, json } = await es(system.dataDir, ["backup", folder("json"), "--json"]);
			expect({ code, json }).toEqual({ code: 0, json: { folder: folder("json"), logs: logsIn(folder("json")) } });
			await system.stop();
			expect((await es(system.dataDir, ["backup", folder("stopped")])).code).toBe(0);
			expect(commitsIn(folder("stopped"))).toBe(commitsIn(folder("json")));
			await system.up();
		},
		LONG,
	);

	it(
		"needs an empty folder, and changes no other",
		async () => {
			writeFileSync(folder("file"), "x");
			mkdirSync(folder("full"));
			writeFileSync(join(folder("full"), "mine"), "x");
			for (const [name, reason] of [
				["full", "is not empty: a backup needs a new or empty folder"],
				["file", "cannot be used: "],
				["file/below", "cannot be used: "],
			] as const) {
				const { code, stdout, stderr } = await es(system.dataDir, ["backup", folder(name)]);
				expect({ code, stdout, stderr }).toEqual({
					code: 1,
					stdout: "",
					stderr: expect.stringContaining(`BACKUP_REFUSED: ${folder(name)} ${reason}`),
				});
			}
			expect([readFileSync(folder("file"), "utf8"), readdirSync(folder("full"))]).toEqual(["x", ["mine"]]);
			mkdirSync(folder("empty"));
			expect((await es(system.dataDir, ["backup", folder("empty")])).code).toBe(0);
		},
		LONG,
	);

	it(
		"leaves nothing when it is interrupted, and no valid backup when it is killed",
		async () => {
			const half: string[] = [];
			for (const [n, signal] of (["SIGINT", "SIGTERM", "SIGKILL", "SIGKILL", "SIGKILL"] as const).entries()) {
				const backup = folder(`cut-${n}`);
				const child = new Child("cli/es.ts", ["backup", backup], system.dataDir);
				const ended = child.ended(60_000);
				await eventually(() => expect(existsSync(join(backup, "events.db.partial"))).toBe(true), 30_000);
				child.signal(signal);
				const code = await ended;
				if (existsSync(join(backup, "manifest.json"))) continue; // the backup was faster
				if (signal !== "SIGKILL")
					expect({ code, said: child.stderr, left: existsSync(backup) }).toEqual({
						code: 1,
						said: expect.stringMatching(/(^|\n)FAILED: the backup was interrupted, and its files were removed\n$/),
						left: false,
					});
				else half.push(backup);
			}
			expect(half.length).toBeGreaterThan(0);
			for (const backup of half)
				expect(await restored(backup, folder("there"))).toMatchObject({
					code: 1,
					stderr: expect.stringMatching(/^BACKUP_REFUSED: the backup in \S+ was cut off: it has no manifest\.json\n$/),
				});
			expect(existsSync(folder("there"))).toBe(false);
		},
		LONG,
	);
});

describe("a restored backup", () => {
	let system: System;
	let backup: string;
	let signingKey: string;
	const kept = new Folder();
	beforeAll(async () => {
		system = await System.start();
		await furnish(system);
		answered(200, await system.ndjson(passages(0, 1000)));
		await caughtUp(system);
		backup = kept.file("backup");
		expect((await es(system.dataDir, ["backup", backup])).code).toBe(0);
		expect((await es(system.dataDir, ["backup", kept.file("with-key"), "--key"])).code).toBe(0);
		signingKey = readFileSync(join(system.dataDir, "keys", "signing.pem"), "utf8");
	}, LONG);
	afterAll(async () => {
		await system.dispose();
		kept.remove();
	});
	/** Puts the master key of the system in place, as an operator does who keeps it apart from the backups. */
	const withMaster = (there: string): void =>
		writeFileSync(join(there, "keys", "master.key"), readFileSync(join(system.dataDir, "keys", "master.key")), { mode: 0o600 });
	const copyOf = (of: string): string => {
		const to = folder("copy");
		rmSync(to, { recursive: true, force: true });
		mkdirSync(join(to, "keys"), { recursive: true });
		for (const name of readdirSync(of, { recursive: true }).map(String))
			if (statSync(join(of, name)).isFile()) writeFileSync(join(to, name), readFileSync(join(of, name)));
		return to;
	};

	it(
		"on another machine is the same system, with a new key unless the key was copied",
		async () => {
			const there = folder("there");
			expect(await restored(backup, there)).toMatchObject({ code: 0, stderr: expect.stringMatching(/^copying: [^]*\nverifying: /) });
			expect(modes(there)).toEqual({
				"": "700",
				"events.db": "600",
				"keys.db": "600",
				keys: "700",
				"keys/ID.pub": "600",
				"keys/heads": "700",
				"keys/heads/identity.0.head": "600",
				"keys/heads/infraction.0.head": "600",
				"keys/heads/radar.0.head": "600",
				"keys/heads/registration.0.head": "600",
			});
			expect(await System.at(there).ending()).toMatchObject({ code: 1, output: expect.stringContaining("see MASTER_KEY") });
			withMaster(there);
			expect(await rowsOf(system)).toEqual(
				await (async () => {
					const other = await System.start({}, { dataDir: there });
					try {
						await eventually(async () => expect((await es(there, "lag --json")).json).toMatchObject({ stopped: [] }));
						return await eventually(async () => {
							const rows = await rowsOf(other);
							expect(rows[4]?.length).toBe((await system.rows("/infractions")).length);
							return rows;
						});
					} finally {
						await other.stop();
					}
				})(),
			);
			expect(readFileSync(join(there, "keys", "signing.pem"), "utf8")).not.toBe(signingKey);
			expect((await es(there, "verify")).code).toBe(0);
			const second = folder("second");
			expect((await restored(kept.file("with-key"), second)).code).toBe(0);
			expect(readFileSync(join(second, "keys", "signing.pem"), "utf8")).toBe(signingKey);
			expect(modes(second)).toMatchObject({ "keys/signing.pem": "600", "keys/master.key": "600" });
		},
		LONG,
	);

	it(
		"does not overwrite a running system, with any option",
		async () => {
			for (const more of [[], ["--replace"]])
				expect(await restored(backup, system.dataDir, ...more)).toMatchObject({
					code: 1,
					stderr: expect.stringMatching(
						new RegExp(`^BACKUP_REFUSED: \\S+/events\\.db is in use by process ${system.pid}: stop the system first\\n$`),
					),
				});
			answered(200, await system.get("/radars/m-radar"));
		},
		LONG,
	);

	const middle = (file: string): number => Math.floor(statSync(file).size / 2);
	it.each<[string, (copy: string) => void, string]>([
		[
			"with a changed byte",
			(copy) => scribble(join(copy, "events.db"), middle(join(copy, "events.db")), 1),
			"is not the file its manifest describes: it was changed or cut",
		],
		[
			"that was truncated",
			(copy) => cut(join(copy, "events.db"), middle(join(copy, "events.db"))),
			"is not the file its manifest describes: it was changed or cut",
		],
		["without its log", (copy) => rmSync(join(copy, "events.db")), "events.db"],
		["without a manifest", (copy) => rmSync(join(copy, "manifest.json")), "is no backup: it has no manifest.json"],
		["with half a manifest", (copy) => cut(join(copy, "manifest.json"), 100), "manifest.json is damaged, or of another version"],
		[
			"with the manifest of another backup",
			(copy) =>
				writeFileSync(
					join(copy, "manifest.json"),
					readFileSync(join(copy, "manifest.json"), "utf8").replace(/("commits": )([1-9]\d*)/, "$1$21"),
				),
			"does not end where its manifest says",
		],
		["with other keys", (copy) => readdirSync(join(copy, "keys")).forEach((name) => rmSync(join(copy, "keys", name))), "UNKNOWN_KEY at "],
		[
			"of a changed log with a matching manifest",
			(copy) => {
				const db = new DatabaseSync(join(copy, "events.db"));
				db.exec(`UPDATE log_radar_0 SET body = replace(body, '"speedKmh":150', '"speedKmh":151') WHERE position = 500`);
				db.close();
				const bytes = readFileSync(join(copy, "events.db"));
				const text = readFileSync(join(copy, "manifest.json"), "utf8").replace(/"sha256": "[\da-f]+"/, `"sha256": "${sha256(bytes)}"`);
				writeFileSync(join(copy, "manifest.json"), text.replace(/"bytes": \d+/, `"bytes": ${bytes.length}`));
			},
			"CHANGED_COMMIT at radar:0:500: ",
		],
	])(
		"%s is refused, and changes nothing",
		async (_what, damage, reason) => {
			const copy = copyOf(backup);
			damage(copy);
			const there = folder("there");
			mkdirSync(there);
			for (const name of ["events.db", "rows.db"]) writeFileSync(join(there, name), "what is there");
			const { code, stdout, stderr } = await restored(copy, there, "--replace");
			expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining(reason) });
			expect(stderr).not.toMatch(/^\s+at /m);
			expect(readdirSync(there).map((name) => [name, readFileSync(join(there, name), "utf8")])).toEqual([
				["events.db", "what is there"],
				["rows.db", "what is there"],
			]);
		},
		LONG,
	);

	it(
		"replaces damaged files",
		async () => {
			const there = folder("there");
			expect((await restored(backup, there)).code).toBe(0);
			scribble(join(there, "events.db"), 0, 4096);
			expect(await System.at(there).ending()).toMatchObject({ code: 1 });
			expect((await restored(backup, there, "--replace")).code).toBe(0);
			withMaster(there);
			const other = await System.start({}, { dataDir: there });
			await caughtUp(other);
			expect(await other.stop()).toBe(0);
		},
		LONG,
	);

	it(
		"that is killed at any moment never leaves a folder on which a system starts with missing data",
		async () => {
			const there = folder("there");
			expect((await restored(backup, there)).code).toBe(0);
			const tables = eventsOf(there);
			for (let n = 0, interrupted = 0; n < 6 || interrupted === 0; n++) {
				const child = new Child("cli/es.ts", ["restore", backup, "--replace"], there);
				const watching = watch(there, (_event, file) => {
					if (file !== "events.db.restoring") return;
					watching.close();
					setTimeout(() => child.signal("SIGKILL"), (n % 6) * 40);
				});
				await child.ended(60_000);
				watching.close();
				const isInterrupted = existsSync(join(there, "events.db.restoring"));
				interrupted += Number(isInterrupted);
				if (isInterrupted)
					expect(await System.at(there).ending()).toMatchObject({
						code: 1,
						output: expect.stringMatching(
							/: a restore to here has not ended: run it again, with --replace, or remove \S+\/events\.db\.restoring\n$/,
						),
					});
				else expect(eventsOf(there)).toEqual(tables);
				expect((await restored(backup, there, "--replace")).code).toBe(0);
				expect(eventsOf(there)).toEqual(tables);
			}
		},
		LONG,
	);

	it(
		"of a log that was changed after signing is not made",
		async () => {
			const there = folder("there");
			expect((await restored(backup, there)).code).toBe(0);
			const db = new DatabaseSync(join(there, "events.db"));
			const first = String(db.prepare("SELECT body FROM log_radar_0 WHERE position = 1").get()?.["body"]);
			db.prepare("UPDATE log_radar_0 SET body = ? WHERE position = 1").run(first.replace('"lightKmh":110', '"lightKmh":130'));
			db.close();
			const { code, stderr } = await es(there, ["backup", folder("forged")]);
			expect({ code, stderr }).toEqual({
				code: 1,
				stderr: expect.stringMatching(/\nBACKUP_REFUSED: CHANGED_COMMIT at radar:0:1: [^\n]*; run es-verify for details\n$/),
			});
			expect(existsSync(folder("forged"))).toBe(false);
		},
		LONG,
	);

	it(
		"needs no writable folder: the backup may be on a read-only disk",
		async () => {
			const copy = copyOf(backup);
			for (const name of ["events.db", "manifest.json", "heads.txt"]) chmodSync(join(copy, name), 0o444);
			chmodSync(copy, 0o555);
			expect((await restored(copy, folder("there"))).code).toBe(0);
			chmodSync(copy, 0o755);
			expect(readdirSync(copy).toSorted()).toEqual(["events.db", "heads.txt", "keys", "manifest.json", "personal-keys.jsonl"]);
		},
		LONG,
	);
});

describe("a private key", () => {
	it(
		"is copied only on request",
		async () => {
			const SIGNING_KEY = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
			const system = await System.start({ SIGNING_KEY });
			try {
				expect((await es(system.dataDir, ["backup", folder("without")], { SIGNING_KEY })).code).toBe(0);
				expect((await es(system.dataDir, ["backup", folder("with"), "--key"], { SIGNING_KEY })).code).toBe(0);
				const keys = (name: string): string[] => readdirSync(join(folder(name), "keys")).map((key) => key.replace(/[\da-f]{16}/, "ID"));
				expect([keys("without"), keys("with")]).toEqual([["ID.pub"], ["ID.pub", "master.key", "signing.pem"]]);
				expect(await es(system.dataDir, ["backup", folder("none"), "--key"])).toMatchObject({
					code: 1,
					stderr: "BACKUP_REFUSED: there is no private key here to include\n",
				});
			} finally {
				await system.dispose();
			}
		},
		LONG,
	);
});

const server = await mongoServer();
afterAll(() => server?.stop());
describe("a system on MongoDB", () => {
	(server ? it : it.skip)(
		"gets one line that its backups are made differently",
		async () => {
			const database = server?.place();
			if (!database) throw new Error("no test runs without a server");
			const MONGO_URL = database.url;
			try {
				const system = await System.start({ MONGO_URL });
				expect(await es(system.dataDir, ["backup", folder("backup")], { MONGO_URL })).toMatchObject({
					code: 1,
					stdout: "",
					stderr: expect.stringMatching(
						/(^|\n)BACKUP_REFUSED: back up this database with its own tools: docs\/operations\.md lists them\n$/,
					),
				});
				expect(existsSync(folder("backup"))).toBe(false);
				await system.dispose();
			} finally {
				await database.remove();
			}
		},
		LONG,
	);
	it("does not accept a backup of a data folder, and says where to restore it", async () => {
		expect(await es(place.path, ["restore", folder("backup")], { MONGO_URL: "mongodb://127.0.0.1:1/d" })).toMatchObject({
			code: 1,
			stdout: "",
			stderr: "MONGO_URL is set: a backup is restored to a data folder, and npm run move copies it from there\n",
		});
	});
});

describe("a cluster on the files of one machine", () => {
	(onPath("nats-server") ? it : it.skip)(
		"is backed up by a node that joined it",
		async () => {
			const cluster = new Child("cli/cluster.ts", ["--nodes", "commands=1,queries=1,gateway=1"], folder("data"));
			try {
				await eventually(() => expect(cluster.stdout).toMatch(/^help lists/m), 60_000);
				const [, NATS_URL = ""] = /^NATS +(\S+)$/m.exec(cluster.stdout) ?? [];
				const CLUSTER_KEY = readFileSync(join(folder("data"), "cluster.key"), "utf8").trim();
				const [, url = ""] = /Vigie listens on (\S+)/.exec(cluster.stdout) ?? [];
				const make = () =>
					fetch(`${url}/radars`, {
						method: "POST",
						headers: { "content-type": "application/json", authorization: `Bearer ${tokenIn({ DATA_DIR: folder("data") })}` },
						body: JSON.stringify({ id: "A6-1", kind: "fixed", latitude: 48.7, longitude: 2.3 }),
					});
				await eventually(async () => expect((await make()).status).toBe(201)); // the token is established when the first node decides
				expect((await es(folder("elsewhere"), ["backup", folder("backup")], { NATS_URL, CLUSTER_KEY })).code).toBe(0);
				expect(commitsIn(folder("backup"))).toBe(3); // also the client of the command line, and its credential
			} finally {
				cluster.signal("SIGTERM");
				await cluster.ended(60_000);
			}
		},
		LONG,
	);
});
