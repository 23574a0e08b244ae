/** Damage that appears while the system runs: affected requests fail with the reason, the log and the health report it, and other requests work. */
import { readFileSync, renameSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { overwrite, PAGE, placeOf, scribble } from "../../support/machine.ts";
import { eventually } from "../../support/system.ts";
import { Damaged } from "./damage.ts";
import { expectUnavailable, expectUnready, LISTS } from "./machine.ts";
import { answered, caughtUp, detect, expectProblem, noon, ownerOf, person, plate } from "../scenery.ts";

const damaged = new Damaged();
const passage = (n: number) => ({ id: `m-${n}`, radar: "m-radar", plate: plate(n), country: "FR", speedKmh: 150, capturedAt: noon });
const LOG = "log_radar_0";
/** The beginning of the first commit of a stream, as it is in the file. */
const first = (stream: string): string => `${stream}{"facts":`;
/** The offset of that commit in the file. */
const placeIn = (stream: string): number => placeOf(damaged.file("events.db"), LOG, first(stream));
const pageOf = (place: number): number => Math.floor(place / PAGE) * PAGE;

beforeAll(() => damaged.prepare());
afterEach(() => damaged.drop());
afterAll(() => damaged.dispose());

describe("a log that is damaged while it is in use", () => {
	it("fails affected commands only, and reports it", async () => {
		damaged.on("whole");
		const { system } = damaged;
		const place = placeIn("detection-m-150");
		await system.up();
		scribble(damaged.file("events.db"), pageOf(place), 64);
		expectUnavailable(
			await system.post("/detections", passage(150)),
			/detection-m-150 cannot be read: events\.db: database disk image is malformed/,
		);
		expectProblem(await system.get("/detections/m-150/history"), 503, "STORE_UNAVAILABLE");
		const lines = await system.ndjson([passage(20), passage(150), passage(280)]);
		expectProblem(lines, 503, "STORE_UNAVAILABLE");
		expect(lines.body).toMatchObject({ received: 3, duplicates: 2 });
		await expectUnready(system, "log radar", /detection-m-150 cannot be read: events\.db: /);
		await expectUnready(system, "store", /what is stored is damaged: events\.db: /);
		await eventually(() => expect(system.output).toMatch(/what is stored is damaged, events\.db: /));
		answered(200, await system.post("/detections", passage(20)));
		await caughtUp(system);
		for (const list of LISTS) answered(200, await system.get(list));
		expect(await system.stop()).toBe(0);
	});

	it.each([
		["is no JSON", '{"facts', "{'facts", /detection-m-150, at position \d+, cannot be read: its text is not JSON/],
		[
			"has an unknown fact type",
			"detection.recorded",
			"detection.RECORDED",
			/detection-m-150 cannot be read: detection does not know the fact detection\.RECORDED/,
		],
	])("so that one commit %s: its actor is unavailable until it is repaired, and no other", async (_what, text, other, detail) => {
		damaged.on("whole");
		const { system } = damaged;
		const place = placeIn("detection-m-150");
		const within = readFileSync(damaged.file("events.db"))
			.subarray(place, place + PAGE)
			.indexOf(text);
		await system.up();
		overwrite(damaged.file("events.db"), place + within, other);
		const answer = await system.post("/detections", passage(150));
		expectProblem(answer, 500, "STREAM_UNREADABLE");
		expect(answer.body["detail"]).toMatch(detail);
		const lines = await system.ndjson([passage(20), passage(150), passage(280)]);
		expectProblem(lines, 500, "STREAM_UNREADABLE");
		expect(lines.body).toMatchObject({ received: 3, duplicates: 2 });
		await eventually(async () => {
			const { body } = answered(200, await system.get("/health/ready"));
			expect(body["parts"]).toContainEqual(
				expect.objectContaining({ name: "log radar", ready: true, note: expect.stringMatching(detail) }),
			);
		});
		await eventually(() => expect(system.output).toMatch(/radar:0 has something unreadable, detection-m-150: /));
		answered(200, await system.post("/detections", passage(20)));
		await caughtUp(system);
	});

	it("at the stream of a radar fails the passages of that radar", async () => {
		damaged.on("whole");
		const { system } = damaged;
		const place = placeIn("radar-m-radar");
		await system.up();
		overwrite(damaged.file("events.db"), place, "radar-m-radar{'facts");
		expectProblem(await system.post("/detections", { ...passage(1), id: "m-new" }), 500, "STREAM_UNREADABLE");
		expectProblem(await system.post("/radars/m-radar/describe", { name: "new" }), 500, "STREAM_UNREADABLE");
		await caughtUp(system);
	});

	it("by moving it away acknowledges nothing until it is back", async () => {
		damaged.on("whole");
		const { system } = damaged;
		await system.up();
		await ownerOf(system, "m-before");
		const log = damaged.file("events.db");
		renameSync(log, `${log}.moved`);
		expectUnavailable(await system.post("/owners", person), /events\.db was moved or deleted while it was open/);
		await expectUnready(system, "log registration", /events\.db was moved or deleted while it was open/);
		answered(200, await system.get("/owners/m-before"));
		renameSync(`${log}.moved`, log);
		await eventually(async () => answered(200, await system.get("/health/ready")));
		answered(201, await system.post("/owners", { ...person, id: "m-after" }));
		await system.restart();
		for (const id of ["m-before", "m-after"]) answered(200, await system.get(`/owners/${id}`));
	});
});

it("rows that are damaged while in use fail the reads of them, and the log keeps working", async () => {
	damaged.on("whole");
	const { system } = damaged;
	const rows = damaged.file("rows.db");
	const place = placeOf(rows, "rows_detections", 'm-150{"radar:0"');
	await system.up();
	scribble(rows, pageOf(place), 64);
	expectProblem(await system.get("/detections/m-150"), 503, "STORE_UNAVAILABLE");
	await expectUnready(system, "store", /what is stored is damaged: rows\.db: /);
	answered(200, await system.get("/detections/m-20")); // another page is readable
	await detect(system, { id: "m-new", radar: "m-radar" });
	expect(await system.stop()).toBe(0);
	damaged.remove("rows.db");
	await system.up();
	await eventually(async () => answered(200, await system.get("/infractions/m-new")));
	answered(200, await system.get("/detections/m-150"));
});
