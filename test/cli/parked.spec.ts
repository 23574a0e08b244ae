/** Parked work, shown and ended from another process while the system runs: its process learns of it and continues. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Context } from "moleculer";
import { callsOf, FREE } from "../support/access.ts";
import { start } from "../../node/start.ts";
import { es, type Told } from "../support/operator.ts";
import { eventually, System } from "../support/system.ts";

const FROM = "2026-01-01T00:00:00.000Z";
const refusal = { status: 409, code: "COURT_CLOSED", detail: "The court is closed" };
type Row = Readonly<Record<string, unknown>>;

let system: System;
const run = (words: string | readonly string[]): Promise<Told> => es(system.dataDir, words);
const parked = async () => (await run("parked --json")).json["rows"] as readonly Row[];

/** Two qualified passages whose cases a closed court refused before the system itself runs. */
async function refused(dataDir: string): Promise<void> {
	const { broker, stop } = await start({ DATA_DIR: dataDir, SERVICES: "radar,registration,operations,case-opening", LOG_LEVEL: "fatal" });
	const call = <T>(action: string, params: object = {}) => callsOf(broker)<T>(action, params);
	const openMany = ({ params }: Context<{ items: readonly object[] }>) => params.items.map(() => ({ refusal }));
	broker.createService({ name: "infraction", actions: { openMany: { may: FREE, handler: openMany } } });
	await broker.waitForServices("infraction");
	await call("radar.install", { id: "R1", kind: "fixed", latitude: 48, longitude: 2, limits: { lightKmh: 50 }, from: FROM });
	await call("radar.calibrate", { id: "R1", number: "C", validFrom: FROM, validUntil: "2027-01-01T00:00:00.000Z" });
	await call("radar.activate", { id: "R1", from: FROM });
	for (const id of ["d-1", "d-2"])
		await call("detection.record", {
			id,
			radar: "R1",
			plate: "AB-123-CD",
			country: "FR",
			speedKmh: 110,
			capturedAt: "2026-03-01T08:00:00.000Z",
		});
	await eventually(async () => expect((await call<{ rows: unknown[] }>("case-opening.parked")).rows).toHaveLength(2));
	await stop();
}

beforeAll(async () => {
	system = await System.start();
	await system.stop();
	await refused(system.dataDir);
	await system.up();
});
afterAll(() => system.dispose());

describe("es-parked", () => {
	it("lists parked work with key, cause, code and attempts, and exits with 1", async () => {
		const { code, json } = await run("parked --json");
		expect(code).toBe(1);
		expect(json["rows"]).toMatchObject([
			{ process: "case-opening", id: "d-1", action: "infraction.open", code: "COURT_CLOSED", attempts: 1, cause: "radar:0:4" },
			{ process: "case-opening", id: "d-2", action: "infraction.open", code: "COURT_CLOSED", attempts: 1, cause: "radar:0:5" },
		]);
		expect((await run("parked list case-opening")).stdout).toMatch(/^case-opening {2}d-1 +\S+ +1 {2}infraction.open {2}COURT_CLOSED/m);
	});
	it("shows one with its command", async () => {
		const { code, json } = await run("parked show case-opening d-1 --json");
		expect({ code, json }).toMatchObject({
			code: 0,
			json: { process: "case-opening", id: "d-1", params: { radar: "R1" }, detail: refusal.detail },
		});
	});
	it("retries one: it is done, and the running system shows the case", async () => {
		expect(await run("parked retry case-opening d-1 --json")).toMatchObject({
			code: 0,
			json: { process: "case-opening", id: "d-1", outcome: "done" },
		});
		expect((await parked()).map(({ id }) => id)).toEqual(["d-2"]);
		await eventually(async () => expect((await system.get("/infractions/d-1")).status).toBe(200));
	});
	it("drops one, and records the reason and the operator", async () => {
		const { code, json } = await run(["parked", "drop", "case-opening", "d-2", "--reason", "captured twice, see d-1", "--json"]);
		expect({ code, json }).toMatchObject({ code: 0, json: { id: "d-2", position: "operations:0:1" } });
		await eventually(async () => expect(await run("parked")).toMatchObject({ code: 0, stdout: "nothing is parked in case-opening\n" }));
		const { body } = await system.get("/interventions", { "X-Position": "operations:0:1" });
		expect(body.rows).toMatchObject([{ process: "case-opening", work: "d-2", reason: "captured twice, see d-1" }]);
		expect(body.rows[0]?.["by"]).toMatch(/^operator/);
		expect((await system.get("/infractions/d-2")).status).toBe(404);
	});
	it("reports that nothing is parked any more", async () => {
		const { code, stdout, stderr } = await run("parked retry case-opening d-2");
		expect({ code, stdout, stderr }).toEqual({
			code: 1,
			stdout: "",
			stderr: "WORK_NOT_PARKED: case-opening has nothing parked under d-2\n",
		});
	});
	it("drops nothing without a reason", async () => {
		const { code, stderr } = await run("parked drop case-opening d-1");
		expect({ code, first: stderr.split("\n")[0] }).toEqual({ code: 2, first: 'drop needs --reason "..."' });
	});
});
