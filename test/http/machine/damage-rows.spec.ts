/** Rows that are not as they were left: what is gone is made anew from the log by itself; what is damaged is moved away by a person, who is told so in one line. */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, it } from "@jest/globals";
import { cut, PAGE, scribble, sizeOf } from "../../support/machine.ts";
import { ANEW, Damaged, refusal, type State } from "./damage.ts";
import { expectRefused } from "./machine.ts";

const damaged = new Damaged();
const rows = (): string => damaged.file("rows.db");

beforeAll(() => damaged.prepare());
afterEach(() => damaged.drop());
afterAll(() => damaged.dispose());

describe("the rows", () => {
	it.each<[string, () => void]>([
		["whose first bytes are others", () => scribble(rows(), 0, 16)],
		["that are a text", () => writeFileSync(rows(), "not a database\n".repeat(600))],
		["whose schema is gone", () => scribble(rows(), 100, PAGE - 100)],
		["of which half is cut off", () => cut(rows(), Math.floor(sizeOf(rows()) / 2 / PAGE) * PAGE)],
	])("%s stop the start with one line, and moved away they are made anew", async (_what, damage) => {
		damaged.on("whole");
		damage();
		await expectRefused(damaged.system, refusal(`rows\\.db is (not a database|damaged \\(.+\\))\\. To continue, ${ANEW}`));
		damaged.remove("rows.db", "rows.db-wal", "rows.db-shm");
		await damaged.system.up();
		await damaged.expectAllThere();
	});

	it.each<[string, State, () => void]>([
		["that are gone", "whole", () => damaged.remove("rows.db")],
		["that are empty", "whole", () => cut(rows(), 0)],
		["of which, after a power cut, only the latest part is left", "killed", () => damaged.remove("rows.db")],
	])("%s are made anew by themselves", async (_what, state, damage) => {
		damaged.on(state);
		damage();
		await damaged.system.up();
		await damaged.expectAllThere();
	});
});
