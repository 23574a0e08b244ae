/** MongoEconomy - the number of MongoDB operations of an idle system and of one detection, counted on the wire. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { setTimeout as pause } from "node:timers/promises";
import { type MongoPlace, mongoServer } from "../../support/mongo.ts";
import { MongoTap } from "../../support/mongo-tap.ts";
import { System } from "../../support/system.ts";
import { answered, detect, infraction, ownerOf, plate, radarInService } from "../../http/scenery.ts";

const CONTEXTS = 5;
const PARTITIONS = 16;
const READ_MODELS_AND_PROCESSES = 10;

const server = await mongoServer();
afterAll(() => server?.stop());

(server ? describe : describe.skip)("a system on MongoDB", () => {
	let place: MongoPlace;
	let tap: MongoTap;
	let system: System;
	beforeAll(async () => {
		if (!server) throw new Error("no test runs without a server");
		place = server.place();
		tap = await MongoTap.before(place.url);
		system = await System.start({ MONGO_URL: tap.url });
	});
	afterAll(async () => {
		await system.dispose();
		await tap.close();
		await place.remove();
	});
	/** Number of operations with this prefix. */
	const counted = (beginning: string): number =>
		[...tap.counts].filter(([key]) => key.startsWith(beginning)).reduce((sum, [, count]) => sum + count, 0);

	it("polls all leases at once with one heartbeat, and reads each partition once per second", async () => {
		await pause(2000);
		tap.begin();
		const begun = performance.now();
		await pause(5000);
		const seconds = Math.ceil((performance.now() - begun) / 1000) + 1; // a timer may have been due at either end
		expect(counted("find leases")).toBeGreaterThan(0);
		expect(counted("find leases")).toBeLessThanOrEqual(2 * seconds);
		expect(counted("update leases")).toBeLessThanOrEqual(2 * seconds);
		expect(counted("find generations")).toBeLessThanOrEqual(seconds);
		expect(counted("find log.")).toBeLessThanOrEqual(CONTEXTS * PARTITIONS * seconds);
		expect(counted("find checkpoints")).toBe(0);
		const looking = counted("find log.") + counted("find leases") + counted("update leases") + counted("find generations");
		expect(tap.total - looking).toBeLessThanOrEqual(READ_MODELS_AND_PROCESSES * seconds);
	});

	it("writes a detection, its case and their rows, and reads no checkpoint that it wrote itself", async () => {
		await radarInService(system, "economy");
		await ownerOf(system, "economist", [plate(1)]);
		const offence = async (id: string) => {
			answered(201, await detect(system, { id, radar: "economy", plate: plate(1), speedKmh: 190 }));
			await infraction(system, id);
		};
		await offence("economy-0");
		await pause(1000);
		tap.begin();
		const DETECTIONS = 10;
		for (let n = 1; n <= DETECTIONS; n++) await offence(`economy-${n}`);
		expect(counted("insert log.")).toBeLessThanOrEqual(2 * DETECTIONS);
		expect(counted("update checkpoints")).toBeLessThanOrEqual(5 * DETECTIONS);
		expect(counted("find checkpoints")).toBeLessThanOrEqual(DETECTIONS / 2);
		expect(counted("find rows.")).toBeLessThanOrEqual(8 * DETECTIONS);
	});
});
