/** A log that is not as it was left: a start says so and what to do, in one line, and never takes it for whole; and what it says works. */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { cut, PAGE, scribble, sizeOf } from "../../support/machine.ts";
import { BACK, Damaged, MISSING, refusal } from "./damage.ts";
import { expectRefused } from "./machine.ts";
import { answered, caughtUp } from "../scenery.ts";

const damaged = new Damaged();
const log = (): string => damaged.file("events.db");
const wal = (): string => damaged.file("events.db-wal");
/** Where the page in the middle of a file begins. */
const middle = (file: string): number => Math.floor(sizeOf(file) / 2 / PAGE) * PAGE;

beforeAll(() => damaged.prepare());
afterEach(() => damaged.drop());
afterAll(() => damaged.dispose());

describe("a log", () => {
	it.each<[string, () => void, string]>([
		["whose first bytes are others", () => scribble(log(), 0, 16), `events\\.db is not a database\\. ${BACK}`],
		["that is a text", () => writeFileSync(log(), "not a database\n".repeat(600)), `events\\.db is not a database\\. ${BACK}`],
		["whose schema is gone", () => scribble(log(), 100, PAGE - 100), `events\\.db is damaged \\(.+\\)\\. ${BACK}`],
		["of which half is cut off", () => cut(log(), middle(log())), `events\\.db is damaged \\(.+\\)\\. ${BACK}`],
		["with other bytes in its middle", () => scribble(log(), middle(log()), 4 * PAGE), `events\\.db is damaged \\(.+\\)\\. ${BACK}`],
		["that is empty", () => cut(log(), 0), MISSING],
		["that is gone", () => damaged.remove("events.db"), MISSING],
		["that is an older copy", () => damaged.putBack("early", "events.db"), MISSING],
	])("%s stops the start with one line", async (_what, damage, said) => {
		damaged.on("whole");
		damage();
		await expectRefused(damaged.system, refusal(said));
	});

	it.each<[string, () => void, string]>([
		[
			"whose latest part is gone",
			() => damaged.remove("events.db-wal", "events.db-shm"),
			`(${MISSING}|events\\.db is damaged \\(.+\\)\\. ${BACK})`,
		],
		["whose latest part is cut", () => cut(wal(), middle(wal())), `(${MISSING}|events\\.db is damaged \\(.+\\)\\. ${BACK})`],
		[
			"of which only the latest part is left",
			() => damaged.remove("events.db"),
			`events\\.db is empty or missing, but events\\.db-wal is there\\. ${BACK}`,
		],
	])("%s after a power cut stops the start with one line", async (_what, damage, said) => {
		damaged.on("killed");
		damage();
		await expectRefused(damaged.system, refusal(said));
	});

	it("that was cut off by a power cut is whole when its copy is put back with its latest part", async () => {
		damaged.on("killed");
		cut(wal(), middle(wal()));
		await expectRefused(damaged.system, refusal(".+"));
		damaged.putBack("killed", "events.db", "events.db-wal");
		damaged.remove("events.db-shm");
		await damaged.system.up();
		await damaged.expectAllThere();
	});

	it("that was stopped in order is whole when its copy is put back", async () => {
		damaged.on("whole");
		scribble(log(), 0, 10 * PAGE);
		await expectRefused(damaged.system, refusal(`events\\.db is not a database\\. ${BACK}`));
		damaged.putBack("whole", "events.db");
		await damaged.system.up();
		await damaged.expectAllThere();
	});

	it("that is the latest there is goes on with what it has, once the rows and what was signed since are moved away", async () => {
		damaged.on("whole");
		damaged.putBack("early", "events.db");
		await expectRefused(damaged.system, refusal(MISSING));
		damaged.remove("rows.db");
		await expectRefused(
			damaged.system,
			/^the log is not what was signed: [a-z]+:0 does not hold \d+, which was signed at .+: move .+\/keys\/heads away and start again\n$/,
		);
		damaged.remove("keys/heads");
		await damaged.system.up();
		await caughtUp(damaged.system);
		expect(await damaged.system.rows("/detections?radar=m-radar")).toEqual([]);
		answered(200, await damaged.system.get("/radars/m-radar"));
	});
});
