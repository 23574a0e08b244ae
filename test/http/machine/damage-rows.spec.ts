/**
 * Rows that were changed while the system was stopped: missing rows are rebuilt from the log; damaged ones stop the start with one line
 * that asks the operator to move them away.
 */
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
		["with other first bytes", () => scribble(rows(), 0, 16)],
		["that are a text file", () => writeFileSync(rows(), "not a database\n".repeat(600))],
		["without their schema", () => scribble(rows(), 100, PAGE - 100)],
		["without their second half", () => cut(rows(), Math.floor(sizeOf(rows()) / 2 / PAGE) * PAGE)],
	])("%s stop the start with one line, and are rebuilt after they are moved away", async (_what, damage) => {
		damaged.on("whole");
		damage();
		await expectRefused(damaged.system, refusal(`rows\\.db is (not a database|damaged \\(.+\\))\\. To continue, ${ANEW}`));
		damaged.remove("rows.db", "rows.db-wal", "rows.db-shm");
		await damaged.system.up();
		await damaged.expectAllThere();
	});

	it.each<[string, State, () => void]>([
		["that are missing", "whole", () => damaged.remove("rows.db")],
		["that are empty", "whole", () => cut(rows(), 0)],
		["with only their -wal after a power cut", "killed", () => damaged.remove("rows.db")],
	])("%s are rebuilt automatically", async (_what, state, damage) => {
		damaged.on(state);
		damage();
		await damaged.system.up();
		await damaged.expectAllThere();
	});
});
