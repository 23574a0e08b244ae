/**
 * The bare prototype - the whole pipeline of a detection in one file and one thread: Moleculer actions, group commit with fsync, decision,
 * process, infraction, three read models. It has no HTTP, hash chain, consults or process rows. It is the baseline: the speed of Node,
 * Moleculer and SQLite without anything else, so that a ratio to it describes the product on any machine.
 *
 * node bench/bare/prototype.ts [detections=150000] [radars=3350]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Context, ServiceBroker } from "moleculer";
import { ownerOf, type Passage, plateOf, type RadarSite, radarSite, registeredVehicles, Traffic } from "../rig/traffic.ts";

const detections = Number(process.argv[2] ?? 150_000);
const radars = Number(process.argv[3] ?? 3_350);
const inFlight = 1_024;
const rowBatch = 4_096;

type Verdict =
	| { readonly type: "detection.qualified"; readonly data: { limitKmh: number; retainedKmh: number; excessKmh: number; site: object } }
	| { readonly type: "detection.discarded"; readonly data: { reason: string } };
type Qualified = Extract<Verdict, { type: "detection.qualified" }>["data"];
type Opening = Passage & Qualified & { readonly vehicle: string; readonly holder: string | null };
type Facts =
	| readonly [{ readonly type: "detection.recorded"; readonly data: Passage }, Verdict]
	| readonly [{ readonly type: "infraction.opened"; readonly data: Opening & ReturnType<typeof fineFor> }];
type Log = "radar" | "infraction";
interface Commit {
	readonly log: Log;
	readonly stream: string;
	readonly facts: Facts;
	readonly acknowledge: (position: number) => void;
	readonly fail: (error: unknown) => void;
}

const sites = new Map<string, RadarSite & { readonly inServiceFrom: string }>();
const holders = new Map<string, string>();
const folder = mkdtempSync(join(tmpdir(), "vigie-prototype-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
function stop(error: unknown): never {
	console.error(error);
	process.exit(1);
}

// -- The logs: group commit ---------------------------------------------------------
const events = new DatabaseSync(join(folder, "events.db"));
events.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
function createLog(log: Log): StatementSync {
	const columns =
		"position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (stream, version)";
	events.exec(`CREATE TABLE ${log} (${columns})`);
	return events.prepare(`INSERT INTO ${log} (position, stream, version, body) VALUES (?, ?, 0, ?)`);
}
const insertCommit = { radar: createLog("radar"), infraction: createLog("infraction") };
const tail = { radar: 0, infraction: 0 };
let waiting: Commit[] = [];

/** Creates the stream. Commits that arrive during a write go into the next one. */
const append = (log: Log, stream: string, facts: Facts): Promise<number> =>
	new Promise((acknowledge, fail) => {
		if (waiting.push({ log, stream, facts, acknowledge, fail }) === 1) setImmediate(write);
	});

function write(): void {
	const batch = waiting;
	const position = { ...tail };
	const at = new Date().toISOString();
	waiting = [];
	try {
		events.exec("BEGIN IMMEDIATE");
		for (const { log, stream, facts } of batch) insertCommit[log].run(++position[log], stream, JSON.stringify({ facts, by: "bench", at }));
		events.exec("COMMIT");
	} catch (error) {
		events.exec("ROLLBACK");
		for (const { fail } of batch) fail(error);
		return;
	}
	for (const commit of batch) {
		commit.acknowledge(++tail[commit.log]);
		openCase(commit.facts);
		behind.push(commit);
	}
	setImmediate(project);
}

// -- The decisions --------------------------------------------------------------------
const discarded = (reason: string): Verdict => ({ type: "detection.discarded", data: { reason } });
function judge({ radar, speedKmh, capturedAt }: Passage): Verdict {
	const site = sites.get(radar);
	if (!site || capturedAt < site.inServiceFrom) return discarded("RADAR_NOT_IN_SERVICE");
	const { lightKmh: limitKmh, latitude, longitude } = site;
	const retainedKmh = speedKmh < 100 ? speedKmh - 5 : Math.floor((speedKmh * 95) / 100);
	if (retainedKmh <= limitKmh) return discarded("WITHIN_TOLERANCE");
	return { type: "detection.qualified", data: { limitKmh, retainedKmh, excessKmh: retainedKmh - limitKmh, site: { latitude, longitude } } };
}

const third = { reducedMinor: 4_500, standardMinor: 6_800, increasedMinor: 18_000, currency: "EUR" };
const fourth = { reducedMinor: 9_000, standardMinor: 13_500, increasedMinor: 37_500, currency: "EUR" };
function fineFor({ limitKmh, excessKmh }: Qualified) {
	if (excessKmh >= 50) return { class: 5, points: 6, amounts: null };
	if (excessKmh >= 20) return { class: 4, points: Math.floor(excessKmh / 10), amounts: fourth };
	const points = excessKmh < 5 ? 0 : 1;
	return limitKmh > 50 ? { class: 3, points, amounts: third } : { class: 4, points, amounts: fourth };
}

const broker = new ServiceBroker({ logger: false });
const speedKmh = { type: "number", integer: true, min: 1, max: 400 } as const;
broker.createService({
	name: "detection",
	actions: {
		record: {
			params: { $$strict: true, id: "string", radar: "string", plate: "string", country: "string", speedKmh, capturedAt: "string" },
			handler: ({ params }: Context<Passage>) =>
				append("radar", `detection-${params.id}`, [{ type: "detection.recorded", data: params }, judge(params)]),
		},
	},
});
broker.createService({
	name: "infraction",
	actions: {
		open: ({ params }: Context<Opening>) =>
			append("infraction", `infraction-${params.id}`, [{ type: "infraction.opened", data: { ...params, ...fineFor(params) } }]),
	},
});

// -- The process: a qualified detection becomes a case -------------------------------
let opened = 0;
function openCase([{ data: passage }, verdict]: Facts): void {
	if (verdict?.type !== "detection.qualified") return;
	const vehicle = `${passage.country}-${passage.plate}`;
	const opening = { ...passage, ...verdict.data, vehicle, holder: holders.get(vehicle) ?? null };
	broker.call<number, Opening>("infraction.open", opening).then(() => opened++, stop);
}

// -- The read models -------------------------------------------------------------------
const rows = new DatabaseSync(join(folder, "rows.db"));
rows.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 16000");
function createRows(name: string, filters: readonly string[]): StatementSync {
	const columns = ["id", "row", ...filters];
	rows.exec(`CREATE TABLE ${name} (${columns.join(" TEXT, ")} TEXT, PRIMARY KEY (id)) WITHOUT ROWID`);
	for (const filter of filters) rows.exec(`CREATE INDEX ${name}_${filter} ON ${name} (${filter})`);
	return rows.prepare(`INSERT INTO ${name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`);
}
const insertDetection = createRows("detections", ["radar", "plate", "status"]);
const insertInfraction = createRows("infractions", ["radar", "plate", "status", "holder", "vehicle", "detection"]);
const insertRadar = createRows("radars", []);
const count = "json_set(row, '$.detections', row ->> 'detections' + ?, '$.qualified', row ->> 'qualified' + ?)";
const countOnRadar = rows.prepare(`UPDATE radars SET row = ${count} WHERE id = ?`);
rows.exec("CREATE TABLE checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL)");
const putCheckpoint = rows.prepare("INSERT OR REPLACE INTO checkpoints (name, position) VALUES (?, ?)");
const followed = { detections: "radar", radars: "radar", infractions: "infraction" } as const;
const projected = { radar: 0, infraction: 0 };
let behind: Commit[] = [];

/** Writes a full batch, or all rows when no write waits: larger transactions touch fewer index pages per row. */
function project(): void {
	if (behind.length < rowBatch && waiting.length > 0) return;
	const counts = new Map<string, { detections: number; qualified: number }>();
	rows.exec("BEGIN");
	for (const { log, facts } of behind) {
		projected[log]++;
		if (facts[0].type === "infraction.opened") {
			const { id, radar, plate, vehicle, holder } = facts[0].data;
			const status = holder === null ? "unidentified" : "open";
			insertInfraction.run(id, JSON.stringify({ ...facts[0].data, detection: id, status }), radar, plate, status, holder, vehicle, id);
		} else {
			const { id, radar, plate } = facts[0].data;
			const qualified = facts[1]?.type === "detection.qualified";
			const status = qualified ? "qualified" : "discarded";
			insertDetection.run(id, JSON.stringify({ ...facts[0].data, status, ...facts[1]?.data }), radar, plate, status);
			const counted = counts.get(radar) ?? { detections: 0, qualified: 0 };
			counts.set(radar, { detections: counted.detections + 1, qualified: counted.qualified + Number(qualified) });
		}
	}
	for (const [radar, counted] of counts) countOnRadar.run(counted.detections, counted.qualified, radar);
	for (const [name, log] of Object.entries(followed)) putCheckpoint.run(name, projected[log]);
	rows.exec("COMMIT");
	behind = [];
}

// -- The run -----------------------------------------------------------------------------
for (let vehicle = 0; vehicle < registeredVehicles; vehicle++) holders.set(`FR-${plateOf(vehicle)}`, ownerOf(vehicle));
rows.exec("BEGIN");
for (let index = 0; index < radars; index++) {
	const site = radarSite(index);
	sites.set(site.id, { ...site, inServiceFrom: "2024-01-01T00:00:00.000Z" });
	insertRadar.run(site.id, JSON.stringify({ ...site, detections: 0, qualified: 0 }));
}
rows.exec("COMMIT");
await broker.start();
const traffic = new Traffic(radars);
const cpu = process.cpuUsage();
const start = performance.now();
const lane = async (): Promise<void> => {
	while (traffic.sent < detections) await broker.call("detection.record", traffic.next());
};
await Promise.all(Array.from({ length: inFlight }, lane));
while (opened < traffic.offences || projected.radar < tail.radar || projected.infraction < tail.infraction) await new Promise(setImmediate);
const seconds = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage(cpu);

const value = (sql: string): number => Number(rows.prepare(`SELECT (${sql}) AS value`).get()?.["value"]);
const infractions = value("SELECT count(*) FROM infractions");
const counted = value("SELECT sum(row ->> 'detections') FROM radars");
if (value("SELECT count(*) FROM detections") !== detections || infractions !== traffic.offences || counted !== detections)
	stop(new Error("the read models are not what was sent"));
await broker.stop();
events.close();
rows.close();
const cents = (figure: number): number => Math.round(figure * 100) / 100;
const perSecond = Math.round(detections / seconds);
const cpuMicrosPerDetection = cents((user + system) / detections);
const rssMb = Math.round(process.resourceUsage().maxRSS / 1_024);
console.log(JSON.stringify({ detections, seconds: cents(seconds), perSecond, cpuMicrosPerDetection, infractions, rssMb }));
