/** A folder or a file that is read-only: a running system keeps working, a start fails with one line, and nothing is lost. */
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { CAN_BE_PLAIN, CAN_MOUNT, Disk, PLAIN_USER, plainFolder } from "../../support/machine.ts";
import { System } from "../../support/system.ts";
import { expectRefused, furnish } from "./machine.ts";
import { answered, caughtUp } from "../scenery.ts";

let system: System;
afterEach(() => system.dispose());

describe("a start with a read-only", () => {
	const maybe = CAN_BE_PLAIN ? it : it.skip;
	let folder: string;
	let disk: Disk | undefined;
	afterEach(() => {
		disk?.remove();
		disk = undefined;
		rmSync(folder, { recursive: true, force: true });
	});
	const start = async (): Promise<void> => {
		folder = plainFolder();
		system = await System.start({}, { dataDir: folder, ...PLAIN_USER });
	};

	maybe.each([
		["folder", "", 0o555, 0o755, /^DATA_DIR is ".+": the folder cannot be made or written \(EACCES\)\n$/],
		[
			"log",
			"events.db",
			0o400,
			0o644,
			/^DATA_DIR is ".+": events\.db: it cannot be read and written \(EACCES\); its disk has \d+ MB left\n$/,
		],
		[
			"rows file",
			"rows.db",
			0o400,
			0o644,
			/^DATA_DIR is ".+": rows\.db: it cannot be read and written \(EACCES\); its disk has \d+ MB left\n$/,
		],
	])("%s fails, and nothing is lost", async (_what, name, without, again, reason) => {
		await start();
		await furnish(system);
		chmodSync(join(folder, name), without);
		await caughtUp(system); // open files stay writable
		expect(await system.stop()).toBe(0);
		await expectRefused(system, reason);
		chmodSync(join(folder, name), again);
		await system.up();
		answered(200, await system.get("/owners/m-owner"));
		await caughtUp(system);
	});

	(CAN_MOUNT ? it : it.skip)("file system fails for every user", async () => {
		disk = new Disk("48m");
		folder = disk.path;
		system = await System.start({}, { dataDir: disk.path });
		await furnish(system);
		expect(await system.stop()).toBe(0);
		disk.readOnly();
		await expectRefused(system, /^DATA_DIR is ".+": the folder cannot be made or written \(EROFS\)\n$/);
		disk.writable();
		await system.up();
		await caughtUp(system);
	});
});
