/** A file of a running system becomes read-only: requests that need it fail with the reason, others work, and the system recovers. */
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { CAN_FREEZE, freeze, thaw } from "../../support/machine.ts";
import { eventually, System } from "../../support/system.ts";
import { expectReplayed, expectUnavailable, expectUnready, furnish, LISTS } from "./machine.ts";
import { answered, caughtUp, detect, expectProblem, infraction, person, seen } from "../scenery.ts";

let system: System;
afterEach(() => system.dispose());

describe("a file that has become read-only", () => {
	const maybe = CAN_FREEZE ? it : it.skip;

	maybe("fails writes, and nothing else, if it is the log", async () => {
		system = await System.start();
		await furnish(system);
		const log = join(system.dataDir, "events.db-wal");
		freeze(log);
		try {
			expectUnavailable(await system.post("/owners", person), /registration:0 cannot be written: events\.db: /);
			await expectUnready(system, "log registration", /events\.db: /);
			for (const list of LISTS) answered(200, await system.get(list));
		} finally {
			thaw(log);
		}
		await eventually(async () => answered(200, await system.get("/health/ready")));
		await caughtUp(system);
	});

	maybe("fails reads of later commits, and loses nothing, if it has the rows", async () => {
		system = await System.start();
		await furnish(system);
		const rows = join(system.dataDir, "rows.db-wal");
		freeze(rows);
		try {
			const made = await detect(system, { id: "m-late", radar: "m-radar" });
			expectProblem(await system.get("/detections/m-late", seen(made)), 503, "READ_MODEL_LAGGING");
			await expectUnready(system, "detections", /detections cannot go on after radar:0:\d+: rows\.db: /);
			answered(200, await system.get("/detections"));
			await eventually(() => expect(system.output).toMatch(/detections cannot go on in radar:0: after \d+: rows\.db: /));
		} finally {
			thaw(rows);
		}
		await infraction(system, "m-late");
		await eventually(async () => answered(200, await system.get("/health/ready")));
		await expectReplayed(system);
	});
});
