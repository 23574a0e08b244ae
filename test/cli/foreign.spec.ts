/** Foreign parts of a data folder: es-verify names them while the system runs, and the next start is refused before it writes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { answered } from "../http/scenery.ts";
import { expectRefused, furnish, removeRows } from "../http/machine/machine.ts";
import { es } from "../support/operator.ts";
import { System } from "../support/system.ts";

let system: System;
beforeEach(async () => void (system = await System.start()));
afterEach(() => system.dispose());

function plant(file: string, sql: string): void {
	const db = new DatabaseSync(join(system.dataDir, file), { defensive: false, timeout: 10_000 });
	db.exec(sql);
	db.close();
}

describe("a data folder", () => {
	it("has no foreign part by itself", async () => {
		await furnish(system);
		expect(await es(system.dataDir, "verify --json")).toMatchObject({ code: 0, json: { ok: true, foreign: [] } });
		await system.restart();
	});

	it.each([
		["events.db", "the trigger t", "CREATE TRIGGER t AFTER INSERT ON log_radar_0 BEGIN DELETE FROM heads; END"],
		["events.db", "the view v", "CREATE VIEW v AS SELECT body FROM log_radar_0"],
		["rows.db", "the trigger t", "CREATE TRIGGER t AFTER INSERT ON checkpoints BEGIN DELETE FROM totals; END"],
		[
			"rows.db",
			"the trigger sqlite_t",
			"PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_t', 'totals', 0, 'CREATE TRIGGER sqlite_t AFTER INSERT ON totals BEGIN DELETE FROM checkpoints; END')",
		],
	])("with a planted part in %s, %s, is found by es-verify and refused by the next start", async (file, part, sql) => {
		await furnish(system);
		plant(file, sql);
		const found = await es(system.dataDir, "verify");
		expect([found.code, found.stdout]).toEqual([1, expect.stringContaining(`foreign: ${part} in ${file} is not of this system`)]);
		expect((await es(system.dataDir, "verify --json")).json).toMatchObject({ ok: false, foreign: [`${part} in ${file}`] });
		expect(await system.stop()).toBe(0);
		const before = readFileSync(join(system.dataDir, file));
		await expectRefused(system, new RegExp(`: ${file.replace(".", "\\.")} is damaged \\(${part} does not belong there\\)\\. `));
		expect(readFileSync(join(system.dataDir, file))).toEqual(before);
	});

	it("with a planted trigger in keys.db is found by es-verify and refused by the next start", async () => {
		await furnish(system);
		plant("keys.db", "CREATE TRIGGER t BEFORE UPDATE ON keys BEGIN INSERT INTO progress VALUES (old.wrapped, 0, ''); END");
		expect((await es(system.dataDir, "verify --json")).json).toMatchObject({ ok: false, foreign: ["the trigger t in keys.db"] });
		expect(await system.stop()).toBe(0);
		await expectRefused(system, /the trigger t in keys\.db/);
	});

	it("is used again after the part is gone, with the same rows", async () => {
		await furnish(system);
		plant("rows.db", "CREATE VIEW v AS SELECT 1");
		await system.stop();
		await expectRefused(system, /the view v does not belong there/);
		await removeRows(system);
		await system.up();
		answered(200, await system.get("/radars/m-radar"));
	});
});
