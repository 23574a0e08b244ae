/** Audited - an auditor verifies the logs of the running system through the broker, and exports signed heads (DESIGN §3, LAW 5). */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { generateKeyPairSync } from "node:crypto";
import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Readable } from "node:stream";
import { type BrokerOptions, ServiceBroker } from "moleculer";
import { AccessMiddleware } from "../../../mixins/access/access.ts";
import { callsOf } from "../../support/access.ts";
import { type Running, start } from "../../../node/start.ts";
import type { Verifying } from "../../../mixins/logs/audited.ts";
import { brokerOptions } from "../../../node/broker.ts";
import { chained, GENESIS } from "../../../store/chain.ts";
import { headsText, type PublicKey } from "../../../store/evidence/heads.ts";
import type { Head } from "../../../store/log.ts";
import type { Verified } from "../../../store/evidence/verify.ts";
import { Folder } from "../../support/folder.ts";

const logs = ["radar", "registration", "infraction", "operations"];
const radar = (id: string) => ({
	id,
	kind: "fixed",
	latitude: 48,
	longitude: 2,
	limits: { lightKmh: 50 },
	from: "2026-01-01T00:00:00.000Z",
});

describe("an auditor", () => {
	let folder: Folder;
	let system: Running;
	const begin = async (settings: Readonly<Record<string, string>> = {}, observing = false) => {
		system = await start({ DATA_DIR: folder.path, SERVICES: "radar", PARTITIONS: "3", LOG_LEVEL: "fatal", ...settings }, { observing });
	};
	const call = <T>(action: string, params: object = {}): Promise<T> => callsOf(system.broker)(action, params);
	const install = async (count: number, of = "R") => {
		for (let i = 0; i < count; i++) await call("radar.install", radar(`${of}${i}`));
	};
	const verify = async (params: object = {}, broker = system.broker): Promise<Verifying[]> => {
		const stream = await callsOf(broker)<Readable>("radar-log.verify", params);
		return (await stream.toArray()) as Verifying[]; // as its type says
	};
	const ends = async (params: object = {}) => (await verify(params)).filter((item): item is Verified => "findings" in item);
	const found = async (params: object = {}) =>
		(await ends(params)).flatMap(({ findings }) => findings.map(({ log, position, code }) => `${log}:${position} ${code}`));
	const text = async () => headsText(await call<PublicKey[]>("radar-log.keys"), await call<Head[]>("radar-log.heads"));
	/** Tampers with the database and removes the read models, which would reveal it. */
	const tamper = (change: string | ((db: DatabaseSync) => void)) => {
		const db = new DatabaseSync(folder.file("events.db"));
		if (typeof change === "string") db.exec(change);
		else change(db);
		db.close();
		for (const end of ["", "-wal", "-shm"]) rmSync(folder.file(`rows.db${end}`), { force: true });
	};
	/** Removes the heads that are kept outside the database. */
	const dropAnchors = (): void => rmSync(folder.file("keys/heads"), { recursive: true });
	const rechain = (db: DatabaseSync) => {
		let hash = GENESIS;
		for (const { position, stream, version, body } of db.prepare("SELECT * FROM log_radar_1 ORDER BY position").all()) {
			const other = String(body).replace('"limits"', '"LIMITS"');
			hash = chained(hash, String(stream), Number(version), other);
			db.prepare("UPDATE log_radar_1 SET body = ?, hash = ? WHERE position = ?").run(other, hash, Number(position));
		}
	};
	beforeEach(async () => {
		folder = new Folder();
		await begin();
	});
	afterEach(async () => {
		await system.stop();
		folder.remove();
	});

	it("gets progress and a result for every partition", async () => {
		await install(20);
		const told = await verify();
		const names = ["radar:0", "radar:1", "radar:2"];
		expect(told.slice(0, 3).map((item) => ("tail" in item ? [item.log, item.position] : []))).toEqual(names.map((name) => [name, 0]));
		const end = told.filter((item): item is Verified => "findings" in item);
		expect(end.map(({ log, findings }) => [log, findings])).toEqual(names.map((name) => [name, []]));
		expect(end.reduce((sum, { verified }) => sum + verified, 0)).toBe(20);
		for (const { log, verified } of end) {
			const last = told.findLast((item) => item.log === log && "tail" in item);
			expect(last).toEqual({ log, position: verified, tail: verified });
		}
	});

	it("gets a freshly signed head of every partition that is not empty", async () => {
		expect(await call("radar-log.heads")).toEqual([]);
		await install(1);
		const [only, ...none] = await call<Head[]>("radar-log.heads");
		expect([only?.position, none]).toEqual([1, []]);
		await install(20, "S");
		const heads = await call<Head[]>("radar-log.heads");
		expect(heads.map(({ partition }) => partition)).toEqual(["radar:0", "radar:1", "radar:2"]);
		expect(heads.reduce((sum, { position }) => sum + position, 0)).toBe(21);
		expect((await ends()).every(({ verified, signed }) => verified === signed)).toBe(true);
		expect(await call("radar-log.heads")).toEqual(heads);
	});

	it("detects with an exported text that a log and its heads were truncated", async () => {
		await install(20);
		const kept = await text();
		await install(10, "later");
		expect(await found({ heads: kept })).toEqual([]);
		await system.stop();
		tamper("DELETE FROM heads; DELETE FROM log_radar_1 WHERE position >= 2");
		dropAnchors();
		await begin();
		expect(await found()).toEqual([]);
		expect(await found({ heads: kept })).toEqual(["radar:1:2 TRUNCATED"]);
	});

	it("detects without a text that a log was truncated and its heads removed, and no node starts on it", async () => {
		await install(20);
		await system.stop();
		tamper("DELETE FROM heads; DELETE FROM log_radar_1 WHERE position >= 2");
		await expect(begin()).rejects.toThrow(/^the log is not what was signed: radar:\d /);
		await begin({}, true); // an observer starts on an altered log
		expect((await found()).map((finding) => finding.replace(/:\d+ /, " "))).toEqual([
			"radar:0 UNSIGNED",
			"radar:1 TRUNCATED",
			"radar:1 UNSIGNED",
			"radar:2 UNSIGNED",
		]);
	});

	it("detects that a whole partition in the text is gone", async () => {
		await install(20);
		const kept = await text();
		await system.stop();
		tamper("DROP TABLE log_radar_2; UPDATE logs SET partitions = 2 WHERE name = 'radar'; DELETE FROM heads WHERE partition = 'radar:2'");
		dropAnchors();
		await begin({ PARTITIONS: "" });
		expect(await found()).toEqual([]);
		expect(await found({ heads: kept })).toEqual(["radar:2:1 TRUNCATED"]);
	});

	it("detects heads signed with an unknown key, unless the key is trusted", async () => {
		await install(1);
		await system.stop();
		const { privateKey, publicKey } = generateKeyPairSync("ed25519");
		const der = (key: typeof publicKey, type: "spki" | "pkcs8") => key.export({ type: type as "spki", format: "der" }).toString("base64");
		await begin({ SIGNING_KEY: der(privateKey, "pkcs8") });
		await install(1, "S");
		const kept = await text();
		await system.stop();
		tamper("DELETE FROM heads WHERE key = (SELECT key FROM heads ORDER BY at LIMIT 1)"); // only heads of the other key are left
		const elsewhere = new Folder();
		try {
			const other = elsewhere.file("events.db");
			tamper(`VACUUM INTO '${other}'`);
			const copied = { DATA_DIR: elsewhere.path };
			await begin(copied);
			expect((await found()).map((finding) => finding.split(" ")[1])).toEqual(["UNKNOWN_KEY"]);
			expect(await found({ heads: kept })).toEqual([]); // the keys in the text are trusted
			await system.stop();
			await begin({ ...copied, TRUSTED_KEYS: ` ${der(publicKey, "spki")} ,` });
			expect(await found()).toEqual([]);
		} finally {
			await system.stop();
			elsewhere.remove();
			dropAnchors();
			await begin();
		}
	});

	it("gets no head of a log that does not continue its last head", async () => {
		await install(20);
		await system.stop(); // a stop signs
		tamper(rechain);
		await begin({}, true); // an observer starts on an altered log
		expect(await found()).toEqual([expect.stringMatching(/^radar:1:\d+ REWRITTEN$/)]);
		await expect(call("radar-log.heads")).rejects.toMatchObject({
			code: 500,
			type: "LOG_ALTERED",
			message: expect.stringMatching(/^radar:1 has another hash at \d+ than its head/),
		});
	});

	it("finds everything signed after a clean stop", async () => {
		await install(20);
		await system.stop();
		await begin();
		expect((await ends()).map(({ verified, signed, heads }) => [verified === signed, heads])).toEqual([1, 2, 3].map(() => [true, 1]));
	});

	it("gets an error per malformed line of a text", async () => {
		const error = await verify({ heads: "vigie-heads 1\nx\nhead" }).catch((reason: unknown) => reason);
		expect(error).toMatchObject({
			type: "VALIDATION_ERROR",
			data: [
				{ field: "heads", message: 'line 2: it begins with neither "key" nor "head"' },
				{ field: "heads", message: "line 3: a head has 6 parts (partition, position, hash, at, key, signature), not 0" },
			],
		});
		await expect(verify({ heads: "" })).rejects.toMatchObject({ type: "VALIDATION_ERROR" });
		await expect(verify({ head: await text().catch(() => "x") })).rejects.toMatchObject({ type: "VALIDATION_ERROR" });
	});

	it("can verify every log", async () => {
		await system.stop();
		await begin({ SERVICES: logs.join(",") });
		for (const log of logs) {
			const stream = await call<Readable>(`${log}-log.verify`);
			expect(await stream.toArray()).toHaveLength(3 + 3 + 3); // start, end and result of each partition
		}
	});
});

describe("an auditor on another node", () => {
	it("gets the same results", async () => {
		const folder = new Folder();
		const { default: service } = await import("../../../services/radar/context.ts");
		const { default: actor } = await import("../../../services/radar/radar.service.ts");
		const options = { ...brokerOptions({ dataDir: folder.path, partitions: 2, logLevel: "fatal" }), transporter: "Fake" };
		const keeper = new ServiceBroker({ ...options, nodeID: "keeper" } as BrokerOptions);
		const asking = new ServiceBroker({
			namespace: options.namespace ?? "",
			nodeID: "asking",
			logger: false,
			transporter: "Fake",
			middlewares: [AccessMiddleware()],
		});
		const call = callsOf(asking);
		try {
			keeper.createService(service);
			keeper.createService(actor);
			await Promise.all([keeper.start(), asking.start()]);
			await asking.waitForServices(["radar-log", "radar"]);
			for (let i = 0; i < 10; i++) await call("radar.install", radar(`R${i}`));
			const heads = await call<Head[]>("radar-log.heads");
			const stream = await call<Readable>("radar-log.verify", { heads: headsText(await call<PublicKey[]>("radar-log.keys"), heads) });
			const told = (await stream.toArray()) as Verifying[]; // as its type says
			const end = told.filter((item) => "findings" in item);
			expect(end).toEqual(
				heads.map(({ partition: log, position }) => ({ log, verified: position, heads: 1, signed: position, findings: [] })),
			);
			expect(end).toHaveLength(2);
		} finally {
			await Promise.all([keeper.stop(), asking.stop()]);
			folder.remove();
		}
	});
});
