/** Files that may not grow: commands that cannot be stored fail, reads work, and everything recovers when the limit is lifted. */
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { CAN_LIMIT, limit, limited, sizeOf } from "../../support/machine.ts";
import { eventually, System } from "../../support/system.ts";
import { expectFull, expectWhole, furnish, Load, removeRows } from "./machine.ts";

let system: System;
afterEach(() => system.dispose());

describe("files that may not grow", () => {
	const maybe = CAN_LIMIT ? it : it.skip;

	maybe("fail commands but not reads, and the system recovers when the limit is lifted", async () => {
		system = await System.start();
		await furnish(system);
		const load = new Load(system);
		load.begin();
		await eventually(() => expect(load.with(201).length).toBeGreaterThan(100));
		limit(system.pid, sizeOf(join(system.dataDir, "events.db-wal")));
		await expectFull(system, load);
		limit(system.pid, "unlimited");
		await expectWhole(system, load);
	});

	maybe("stop a start with one line", async () => {
		system = await System.start();
		await furnish(system);
		expect(await system.stop()).toBe(0);
		const { code, output } = await system.ending({ command: limited(4096) });
		expect([code, output]).toEqual([1, expect.stringMatching(/^DATA_DIR is ".+": (events|rows)\.db: .+; its disk has \d+ MB left\n$/)]);
	});

	maybe("stop a start that has reached the rows without a stack trace", async () => {
		system = await System.start();
		await furnish(system);
		expect(await system.stop()).toBe(0);
		await removeRows(system);
		const { code, output } = await system.ending({ command: limited(64 * 1024) });
		expect([code, output]).toEqual([1, expect.stringMatching(/DATA_DIR is ".+": rows\.db: .+; its disk has \d+ MB left\n$/)]);
		expect(output).not.toMatch(/^\s+at /m);
	});
});
