/**
 * A full disk: commands that cannot be stored fail with the reason; reads work; when there is space again, everything recovers
 * automatically, and every acknowledged command has taken effect once.
 */
import { afterEach, describe, expect, it } from "@jest/globals";
import { CAN_MOUNT, Disk } from "../../support/machine.ts";
import { eventually, System } from "../../support/system.ts";
import { expectFull, expectUnavailable, expectUnready, expectWhole, FULL, furnish, LISTS, Load } from "./machine.ts";
import { answered, caughtUp, person } from "../scenery.ts";

let system: System;
let disk: Disk | undefined;
afterEach(async () => {
	await system.dispose();
	disk?.remove();
	disk = undefined;
});

describe("a full disk", () => {
	const maybe = CAN_MOUNT ? it : it.skip;

	maybe("fails commands but not reads, and the system recovers when there is space", async () => {
		disk = new Disk("48m");
		system = await System.start({}, { dataDir: disk.path });
		await furnish(system);
		const load = new Load(system);
		load.begin();
		await eventually(() => expect(load.with(201).length).toBeGreaterThan(100));
		disk.fill();
		await expectFull(system, load);
		disk.free();
		await expectWhole(system, load);
	});

	maybe("does not prevent a stop and a start, after which the system is not ready", async () => {
		disk = new Disk("48m");
		system = await System.start({}, { dataDir: disk.path });
		await furnish(system);
		disk.fill();
		await eventually(async () => expectUnavailable(await system.post("/owners", person), FULL));
		const begun = performance.now();
		expect([await system.stop(), performance.now() - begun < 5000]).toEqual([0, true]);
		expect(system.output).toMatch(/Vigie has stopped\n$/);
		expect(system.output).not.toMatch(/\bat .{1,200}\.[jt]s:\d+/);
		disk.fill();
		await system.up({}, "/health/live");
		await expectUnready(system, "log radar", FULL);
		for (const list of LISTS) answered(200, await system.get(list));
		disk.free();
		await eventually(async () => answered(200, await system.get("/health/ready")));
		await caughtUp(system);
	});
});
