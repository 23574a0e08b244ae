/** The operator commands beside a running system on the same folder: their output, their exit codes, and that they change nothing. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Child, es, type Told } from "../support/operator.ts";
import { eventually, System } from "../support/system.ts";

const FROM = "2026-01-01T00:00:00Z";
const radar = { id: "A6-1", kind: "fixed", latitude: 48.7, longitude: 2.3, limits: { lightKmh: 110 } };
const passage = { radar: "A6-1", plate: "ab123cd", country: "FR", speedKmh: 140, capturedAt: "2026-03-01T08:15:00+01:00" };
type Row = Readonly<Record<string, unknown>>;

let system: System;
const run = (words: string | readonly string[], env = {}): Promise<Told> => es(system.dataDir, words, env);
const lines = (text: string): Row[] =>
	text
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as Row);

beforeAll(async () => {
	system = await System.start();
	await system.post("/radars", radar);
	await system.post("/radars/A6-1/calibrate", { number: "C-1", validFrom: FROM, validUntil: "2027-01-01T00:00:00Z" });
	await system.post("/radars/A6-1/activate", { from: FROM });
	await system.post("/detections", { id: "d-1", ...passage });
});
afterAll(() => system.dispose());

describe("es-state", () => {
	it("shows the state of an actor, as one JSON document and nothing else", async () => {
		const { code, stdout, stderr, json } = await run("state radar A6-1 --json", { LOG_LEVEL: "error" });
		expect({ code, stderr, lines: stdout.trim().split("\n").length }).toEqual({ code: 0, stderr: "", lines: 1 });
		expect(json).toMatchObject({ service: "radar", id: "A6-1", version: 3, position: "radar:0:3", state: { status: "installed" } });
		expect(json).toMatchObject({ state: { equipment: { service: [{ from: "2026-01-01T00:00:00.000Z", value: true }] } } });
	});
	it("keeps log lines of the broker out of the answer", async () => {
		const { stdout, stderr } = await run("state radar A6-1 --json", { LOG_LEVEL: "info" });
		expect(stdout.trim().split("\n")).toHaveLength(1);
		expect(stderr).toMatch(/ INFO /);
	});
	it("shows the state at a version", async () => {
		const { json } = await run("state radar A6-1 --at 2 --json");
		expect(json).toMatchObject({
			version: 2,
			position: "radar:0:2",
			state: { equipment: { service: [], certificates: [{ number: "C-1" }] } },
		});
	});
	it("prints readable lines", async () => {
		const { stdout } = await run("state radar A6-1");
		expect(stdout).toMatch(/^radar A6-1 at version 3, decided \S+, radar:0:3\n {2}status installed\n/);
		expect(stdout).toContain('\n    lightKmh [{"from":null,"value":110}]\n');
	});
	it("reports an unknown actor in one line, with the existing ones", async () => {
		const { code, stdout, stderr } = await run("state radar A6-9");
		expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: "RADAR_UNKNOWN: There is no radar A6-9; there is A6-1\n" });
	});
	it("lists the services", async () => {
		const { code, stdout, stderr } = await run("state radr A6-1");
		expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
		expect(stderr).toMatch(
			/^there is no service "radr"; there are client, clock, credential, detection, .*radar, session, user, vehicle\nUsage: npm run es -- state /,
		);
	});
});

describe("es-history and es-diff", () => {
	it("show the history as the route does", async () => {
		const { body } = await system.get("/radars/A6-1/history");
		expect((await run("history radar A6-1 --json")).json).toEqual({ service: "radar", ...body });
	});
	it("show the changes between two versions, and their facts", async () => {
		const { json } = await run("diff radar A6-1 1 3 --json");
		expect(json).toMatchObject({
			from: { version: 1 },
			to: { version: 3 },
			changes: [
				{ path: "equipment.service[0]", after: { value: true } },
				{ path: "equipment.certificates[0]", after: { number: "C-1" } },
			],
			facts: [
				{ version: 2, type: "radar.calibrated" },
				{ version: 3, type: "radar.activated" },
			],
		});
	});
});

describe("es-tail", () => {
	it("begins after a position, and ends after the given number of facts", async () => {
		const { code, stdout } = await run(
			"tail --from radar:0:1,registration:0:0 --types radar.calibrated,detection.qualified --limit 2 --json",
		);
		expect(code).toBe(0);
		expect(lines(stdout)).toMatchObject([
			{ position: "radar:0:2", type: "radar.calibrated", service: "radar", id: "A6-1", version: 2 },
			{ position: "radar:0:4", type: "detection.qualified", service: "detection", id: "d-1", version: 2 },
		]);
	});
	it("shows facts as they become visible until Ctrl-C, with exit code 0", async () => {
		const tail = new Child("cli/es.ts", ["tail", "--types", "radar.described", "--json"], system.dataDir);
		let name = 0;
		await eventually(async () => {
			await system.post("/radars/A6-1/describe", { name: `N${++name}` }); // until the tail has started
			expect(tail.stdout).toContain("radar.described");
		});
		tail.signal("SIGINT");
		expect(await tail.ended()).toBe(0);
		expect(lines(tail.stdout)[0]).toMatchObject({ type: "radar.described", id: "A6-1" });
	});
	it("refuses a position of an unknown log, which would otherwise be ignored", async () => {
		const { code, stderr } = await run("tail --from rader:0:1 --limit 1");
		expect(code).toBe(2);
		expect(stderr).toMatch(/^there is no partition "rader:0"; there are identity:0, infraction:0, /);
	});
});

describe("es-lag", () => {
	it("shows the position of every follower, in commits and seconds", async () => {
		const caughtUp = async () => {
			const told = await run("lag --json");
			expect(told.json).toMatchObject({ stopped: [] });
			const { places } = told.json as { places: readonly Row[] };
			expect(places.filter(({ behind }) => behind !== 0)).toEqual([]);
			return { code: told.code, places };
		};
		const { code, places } = await eventually(caughtUp);
		expect(code).toBe(0);
		const { json } = await run("history radar A6-1 --json");
		const tail = Number(/\d+$/.exec(String((json["rows"] as readonly Row[]).at(-1)?.["position"]))?.[0]);
		expect(places).toContainEqual({ name: "radars", partition: "radar:0", position: tail, tail, behind: 0, seconds: 0 });
		expect(new Set(places.map(({ name }) => name))).toContain("case-opening");
	});
});

describe("es-rebuild", () => {
	it("replaces the rows with new ones while the system runs, and finds no difference", async () => {
		const { code, json } = await run("rebuild radars --json");
		expect({ code, json }).toMatchObject({ code: 0, json: { readModel: "radars", generation: 2, rows: 1, differing: 0, sameCode: true } });
		const { position } = (await system.post("/radars", { ...radar, id: "A6-2" })).body;
		expect((await system.get("/radars", { "X-Position": position })).body.rows).toMatchObject([{ id: "A6-1" }, { id: "A6-2" }]);
	});
	it("keeps the old generation until it is removed with --forget", async () => {
		const kept = async () => ((await run("rebuild radars --status --json")).json["rows"] as readonly Row[]).map(({ state }) => state);
		expect(await kept()).toEqual(["kept", "live"]);
		expect((await run("rebuild radars --forget --json")).json).toEqual({ readModel: "radars", forgotten: [1] });
		expect(await kept()).toEqual(["live"]);
	});
});

describe("es-heads and es-verify", () => {
	it("prove with an exported text that the log is unchanged", async () => {
		const folder = await mkdtemp(join(tmpdir(), "vigie-heads-"));
		try {
			const file = join(folder, "heads.txt");
			expect(await run(["heads", "--out", file])).toMatchObject({ code: 0, stdout: `written to ${file}\n` });
			expect(await readFile(file, "utf8")).toMatch(/^head radar:0 \d+ /m);
			const { code, json } = await run(["verify", "radar", "--heads", file, "--json"]);
			expect({ code, json }).toMatchObject({ code: 0, json: { ok: true, partitions: [{ log: "radar:0", findings: [] }] } });
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	});
});

describe("terminals and files", () => {
	it("there are no colors if output goes to a file, unless they are forced", async () => {
		expect((await run("state radar A6-1")).stdout).not.toContain("\x1b[");
		expect((await run("state radar A6-1", { FORCE_COLOR: "1" })).stdout).toContain("\x1b[1m");
	});
});

describe("an observer", () => {
	it("adds no commit to any log, and leaves the system running as before", async () => {
		const tails = async () => (await run("lag --json")).json["logs"];
		const before = await tails();
		await Promise.all(["state radar A6-1", "history radar A6-1", "parked", "verify"].map((words) => run(words)));
		expect(await tails()).toEqual(before);
		expect((await system.get("/health/ready")).status).toBe(200);
		expect((await system.post("/detections", { id: "d-2", ...passage })).status).toBe(201);
	});
	it("reports in one line that there is no system", async () => {
		const folder = await mkdtemp(join(tmpdir(), "vigie-empty-"));
		const { code, stdout, stderr } = await es(folder, "lag");
		await rm(folder, { recursive: true, force: true });
		expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: `DATA_DIR is "${folder}": there is no log in it\n` });
	});
	it("shows its usage, with exit code 2", async () => {
		const { code, stderr } = await run(["nonsense"]);
		expect({ code, first: stderr.split("\n")[0] }).toEqual({ code: 2, first: 'there is no command "nonsense"' });
		expect(await run("tail --help")).toMatchObject({
			code: 0,
			stderr: "",
			stdout: expect.stringContaining("For example: npm run es -- tail "),
		});
	});
});

describe("rows", () => {
	const ROWS = [
		"case-opening",
		"clients",
		"detections",
		"infractions",
		"interventions",
		"owners",
		"radars",
		"sessions",
		"users",
		"vehicles",
	];
	const inRows = (sql: string): void => {
		const db = new DatabaseSync(join(system.dataDir, "rows.db"));
		db.exec(sql);
		db.close();
	};
	const tables = (): readonly unknown[] => {
		const db = new DatabaseSync(join(system.dataDir, "rows.db"), { readOnly: true });
		const found = db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%~check%'").all();
		db.close();
		return found;
	};
	const told = async (words: string) => {
		const { code, json, stdout } = await run(words);
		return { code, stdout, ok: json["ok"], rows: json["rows"] as readonly (Row & { compared: Row | null; findings: readonly Row[] })[] };
	};

	it("are beside the logs, and every one matches the logs; the rows folded for the check are removed", async () => {
		const quick = await told("verify --json");
		expect(quick).toMatchObject({ code: 0, ok: true });
		expect(quick.rows.map(({ name, compared }) => [name, compared])).toEqual(ROWS.map((name) => [name, null]));
		const whole = await told("verify --rows --json");
		expect(whole).toMatchObject({ code: 0, ok: true });
		expect(whole.rows.map(({ name, compared }) => [name, compared?.["differing"]])).toEqual(ROWS.map((name) => [name, 0]));
		const compared = new Map(whole.rows.map(({ name, compared: counts }) => [name, counts?.["rows"]]));
		expect([compared.get("radars"), compared.get("detections"), compared.get("case-opening")]).toEqual([2, 2, expect.any(Number)]);
		expect((await run("verify --rows")).stdout).toContain("every row is what the logs make it");
		expect(tables()).toEqual([]);
	});
	it("of other logs are not checked", async () => {
		const { rows } = await told("verify registration --json");
		expect(rows.map(({ name }) => name)).toEqual(["case-opening", "owners", "vehicles"]);
	});
	it("that were changed are found by folding them again: rows of a process, shown fields, and index columns", async () => {
		for (const id of ["guilty", "innocent"])
			await system.post("/owners", { id, kind: "person", name: "Jeanne Martin", birthDate: "1984-02-29", email: "j@example.org" });
		const car = { plate: "GH-456-JK", country: "FR", type: "car", brand: "Renault", model: "Clio", fiscalPower: 5, owner: "guilty" };
		expect((await system.post("/vehicles", car)).status).toBe(201);
		await system.stop();
		const sound = join(system.dataDir, "sound.db");
		inRows(`VACUUM INTO '${sound}'`);
		inRows(`UPDATE "rows_case-opening" SET data = replace(data, '"guilty"', '"innocent"') WHERE id = 'reference/vehicle/FR-GH-456-JK'`);
		inRows(`UPDATE "rows_radars@2" SET data = replace(data, '110', '130')`);
		inRows("UPDATE rows_detections SET by_radar = 'A6-2' WHERE id = 'd-2'");
		expect(await told("verify --json")).toMatchObject({ code: 0, ok: true });
		const { code, ok, rows } = await told("verify --rows --json");
		expect({ code, ok }).toEqual({ code: 1, ok: false });
		const differing = rows.flatMap(({ name, compared }) => (compared?.["differing"] ? [[name, compared["differing"]]] : []));
		expect(differing).toEqual([
			["case-opening", 1],
			["detections", 1],
			["radars", 2],
		]);
		expect((await run("verify --rows")).stdout).toMatch(
			/rows of case-opening: 1 .*\n {2}reference\/vehicle\/FR-GH-456-JK\n.*innocent.*guilty/,
		);
		await rm(join(system.dataDir, "rows.db-wal"), { force: true });
		await rename(sound, join(system.dataDir, "rows.db"));
		expect(await told("verify --rows --json")).toMatchObject({ code: 0, ok: true });
	});
});

describe("a log that was tampered with", () => {
	it("is found by es-verify, with the position and exit code 1", async () => {
		const db = new DatabaseSync(join(system.dataDir, "events.db"));
		db.exec(`UPDATE "log_radar_0" SET body = replace(body, '"lightKmh":110', '"lightKmh":130') WHERE position = 1`);
		db.close();
		const { code, stdout } = await run("verify radar");
		expect(code).toBe(1);
		expect(stdout).toMatch(/CHANGED_COMMIT at radar:0:1: /);
	});
});
