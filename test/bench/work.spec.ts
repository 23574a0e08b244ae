/**
 * Work - counts the work of a detection from its command to its rows: transactions, statements, reads and bytes. It does not depend on a
 * clock or on a busy machine. A higher count costs speed everywhere and must be intentional.
 */
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { callsOf } from "../support/access.ts";
import { type Running, start } from "../../node/start.ts";
import { Folder } from "../support/folder.ts";
import { eventually } from "../support/system.ts";
import { type Work, WorkCount } from "../support/work-count.ts";

const folder = new Folder();
let system: Running;
let work: WorkCount;
beforeAll(async () => {
	system = await start({ DATA_DIR: folder.path, SERVICES: "radar,registration,infraction", LOG_LEVEL: "error" });
	work = new WorkCount();
	await call("radar.install", { id: "r", kind: "fixed", latitude: 48.7, longitude: 2.3, limits: { lightKmh: 110 } });
	await call("radar.calibrate", { id: "r", number: "C", validFrom: "2026-01-01T00:00:00.000Z", validUntil: "2027-01-01T00:00:00.000Z" });
	await call("radar.activate", { id: "r", from: "2026-01-01T00:00:00.000Z" });
	await passages(1);
	await shown();
});
afterAll(async () => {
	work?.restore();
	await system?.stop();
	folder.remove();
});

const call = <T>(action: string, params: object): Promise<T> => callsOf(system.broker)<T>(action, params);
let sent = 0;
const passage = () => ({
	id: `d-${++sent}`,
	radar: "r",
	plate: `AB-${String(100 + (sent % 800))}-CD`,
	country: "FR",
	speedKmh: 140,
	capturedAt: "2026-03-01T08:15:00.000Z",
});
/** Sent together, as a bulk request does. */
const passages = (count: number) =>
	call<readonly unknown[]>("detection.recordMany", { items: Array.from({ length: count }, () => ({ params: passage() })) });
/** Every passage is an offence: each one is in every read model and has a case. */
const shown = () =>
	eventually(async () => {
		for (const name of ["detections", "infractions"])
			expect((await call<{ total: number }>(`${name}.list`, { pageSize: 1 })).total).toBe(sent);
		expect(await call("radars.get", { id: "r" })).toMatchObject({ detections: sent, qualified: sent });
	});

/** No count exceeds its value here; one that falls far below needs a new value, or a later increase stays unnoticed. */
function expectWork(done: Work, most: Work): void {
	for (const [name, limit] of Object.entries(most))
		expect({ [name]: done[name as keyof Work] <= limit ? "within" : done }).toEqual({ [name]: "within" });
}

describe("a detection alone", () => {
	it("is one flush of the log, its case another, and a handful of statements to every row", async () => {
		const count = 20;
		work.begin();
		for (let i = 0; i < count; i++) {
			await call("detection.record", passage());
			await shown();
		}
		const done = work.each(count);
		expect({ flushes: done.logTransactions, commits: done.logRows }).toEqual({ flushes: 2, commits: 2 });
		// One transaction for each changed read model and one for the process, sometimes one more to delete old rows.
		expectWork(done, { logTransactions: 2, logRows: 2, rowTransactions: 4.5, rowStatements: 19, rowReads: 6, streamReads: 2 });
	});
});

describe("detections in bulk", () => {
	it("share flushes and transactions, and write each row once", async () => {
		const count = 500;
		work.begin();
		await passages(count);
		await shown();
		const done = work.each(count);
		expect(done.logRows).toBe(2); // the detection and its case
		// A batch of cases is opened while the next is read: a few flushes in all, not one each. One check per stream whether it is new.
		expectWork(done, { logTransactions: 0.02, logRows: 2, rowTransactions: 0.04, rowStatements: 3.5, rowReads: 5.5, streamReads: 2 });
	});
});

describe("stored data", () => {
	let log: DatabaseSync;
	beforeAll(() => void (log = new DatabaseSync(folder.file("events.db"), { readOnly: true })));
	afterAll(() => log.close());

	/** Bytes of a commit's text, and of a fact in it. */
	const size = (context: string, name: string) =>
		log
			.prepare(
				`SELECT avg(octet_length(body)) AS commitBytes, sum(octet_length(body)) / sum(json_array_length(body, '$.facts')) AS factBytes FROM "log_${context}_0" WHERE stream LIKE '${name}-%'`,
			)
			.get();

	it("takes no more bytes in the log than counted", () => {
		expect(Number(size("radar", "detection")?.["commitBytes"])).toBeLessThan(560);
		expect(Number(size("radar", "detection")?.["factBytes"])).toBeLessThan(280);
		expect(Number(size("infraction", "infraction")?.["factBytes"])).toBeLessThan(690);
	});
});
