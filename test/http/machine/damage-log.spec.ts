/** A log that was changed while the system was stopped: the start fails with one line that says what to do, and doing so works. */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { cut, PAGE, scribble, sizeOf } from "../../support/machine.ts";
import { BACK, Damaged, MISSING, refusal } from "./damage.ts";
import { expectRefused } from "./machine.ts";
import { answered, caughtUp } from "../scenery.ts";

const damaged = new Damaged();
const log = (): string => damaged.file("events.db");
const wal = (): string => damaged.file("events.db-wal");
/** The offset of the page in the middle of a file. */
const middle = (file: string): number => Math.floor(sizeOf(file) / 2 / PAGE) * PAGE;

beforeAll(() => damaged.prepare());
afterEach(() => damaged.drop());
afterAll(() => damaged.dispose());

describe("a log", () => {
	it.each<[string, () => void, string]>([
		["with other first bytes", () => scribble(log(), 0, 16), `events\\.db is not a database\\. ${BACK}`],
		["that is a text file", () => writeFileSync(log(), "not a database\n".repeat(600)), `events\\.db is not a database\\. ${BACK}`],
		["without its schema", () => scribble(log(), 100, PAGE - 100), `events\\.db is damaged \\(.+\\)\\. ${BACK}`],
		["without its second half", () => cut(log(), middle(log())), `events\\.db is damaged \\(.+\\)\\. ${BACK}`],
		["with other bytes in its middle", () => scribble(log(), middle(log()), 4 * PAGE), `events\\.db is damaged \\(.+\\)\\. ${BACK}`],
		["that is empty", () => cut(log(), 0), MISSING],
		["that is missing", () => damaged.remove("events.db"), MISSING],
		["that is an older copy", () => damaged.putBack("early", "events.db"), MISSING],
	])("%s stops the start with one line", async (_what, damage, said) => {
		damaged.on("whole");
		damage();
		await expectRefused(damaged.system, refusal(said));
	});

	it.each<[string, () => void, string]>([
		["without its -wal", () => damaged.remove("events.db-wal", "events.db-shm"), `(${MISSING}|events\\.db is damaged \\(.+\\)\\. ${BACK})`],
		["with half of its -wal", () => cut(wal(), middle(wal())), `(${MISSING}|events\\.db is damaged \\(.+\\)\\. ${BACK})`],
		["with only its -wal", () => damaged.remove("events.db"), `events\\.db is empty or missing, but events\\.db-wal is there\\. ${BACK}`],
	])("%s after a power cut stops the start with one line", async (_what, damage, said) => {
		damaged.on("killed");
		damage();
		await expectRefused(damaged.system, refusal(said));
	});

	it("is complete after a power cut if its copy is restored with its -wal", async () => {
		damaged.on("killed");
		cut(wal(), middle(wal()));
		await expectRefused(damaged.system, refusal(".+"));
		damaged.putBack("killed", "events.db", "events.db-wal");
		damaged.remove("events.db-shm");
		await damaged.system.up();
		await damaged.expectAllThere();
	});

	it("is complete after a regular stop if its copy is restored", async () => {
		damaged.on("whole");
		scribble(log(), 0, 10 * PAGE);
		await expectRefused(damaged.system, refusal(`events\\.db is not a database\\. ${BACK}`));
		damaged.putBack("whole", "events.db");
		await damaged.system.up();
		await damaged.expectAllThere();
	});

	it("that is the latest copy works again after the rows and the later heads are moved away", async () => {
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
