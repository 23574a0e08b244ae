/** MongoLease - a lease on MongoDB has one holder at a time, with crashed, stopped and slow processes. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Connection } from "../../../store/mongo/connection.ts";
import { MongoLeases } from "../../../store/mongo/leases.ts";
import type { Lease } from "../../../store/rows.ts";
import { mongoServer, type MongoPlace } from "../../support/mongo.ts";

const server = await mongoServer();
afterAll(() => server?.stop());
const LASTS = 4000;

(server ? describe : describe.skip)("a lease", () => {
	let place: MongoPlace;
	let connection: Connection;
	let now: number;
	/** A lease as a separate process has it. */
	const lease = (work = "radars"): Lease => new MongoLeases(connection, () => now).lease(work);
	beforeEach(() => {
		if (!server) throw new Error("no test runs without a server");
		now = 0;
		place = server.place();
		connection = new Connection(place.url);
	});
	afterEach(async () => {
		await connection.close();
		await place.remove();
	});

	it("is acquired by one of several processes, which keeps it while it renews it", async () => {
		const all = Array.from({ length: 8 }, () => lease());
		const got = await Promise.all(all.map((one) => one.want()));
		expect(got.filter(Boolean)).toHaveLength(1);
		expect(all.map(({ held }) => held)).toEqual(got);
		for (let n = 0; n < 5; n++) {
			now += LASTS - 1;
			expect(await Promise.all(all.map((one) => one.want()))).toEqual(got);
		}
	});

	it("is free at once when it is released, and gets a new epoch each time", async () => {
		const [one, other] = [lease(), lease()];
		for (let n = 0; n < 10; n++) {
			expect([await one.want(), await other.want()]).toEqual([true, false]);
			await one.release();
			expect([one.held, await other.want(), await one.want()]).toEqual([false, true, false]);
			await other.release();
		}
		const kept = await place.db.collection<{ _id: string }>("leases").distinct("_id");
		expect(kept.filter((id) => id.startsWith("radars/")).length).toBeLessThanOrEqual(2);
		expect(await lease().want()).toBe(true);
	});

	it("of a process known to be gone moves to another at once, and the old holder notices at its next renewal", async () => {
		const [gone, other] = [lease(), lease()];
		expect([await gone.want(), await other.want()]).toEqual([true, false]);
		expect(await other.want(true)).toBe(true);
		expect([await gone.want(), gone.held, other.held, await other.want()]).toEqual([false, false, true, true]);
	});

	it("without heartbeat moves to another only after it expires, and its holder notices before", async () => {
		const [silent, other] = [lease(), lease()];
		expect(await silent.want()).toBe(true);
		expect(await other.want()).toBe(false);
		now += LASTS - 1;
		expect(silent.held).toBe(true);
		now += 1;
		expect([silent.held, await other.want()]).toEqual([false, false]);
		now += 1;
		expect(await other.want()).toBe(true);
		expect([await silent.want(), silent.held, other.held]).toEqual([false, false, true]);
	});

	it("is watched by a standby, which then does not wait for the full lifetime", async () => {
		const [silent, other] = [lease(), lease()];
		await silent.want();
		await other.watch();
		now += LASTS + 1;
		expect(await other.want()).toBe(true);
	});

	it("of one kind of work is independent of another", async () => {
		expect(await Promise.all([lease("radars").want(), lease("owners").want()])).toEqual([true, true]);
	});

	it("of a process with several is renewed by one heartbeat and one poll, which also acquires others", async () => {
		const works = ["radars", "owners", "vehicles"];
		const [mine, theirs] = [new MongoLeases(connection, () => now), new MongoLeases(connection, () => now)];
		const [ours, others] = [works.map((work) => mine.lease(work)), works.map((work) => theirs.lease(work))];
		const wants = (all: readonly Lease[]) => Promise.all(all.map((one) => one.want()));
		expect([await wants(ours), await wants(others)]).toEqual([works.map(() => true), works.map(() => false)]);
		for (let n = 0; n < 3; n++) {
			now += LASTS - 1;
			expect([await wants(ours), await wants(others)]).toEqual([works.map(() => true), works.map(() => false)]);
		}
		await ours[1]?.release();
		expect(await wants(others)).toEqual([false, true, false]);
		now += LASTS + 1;
		expect(await wants(others)).toEqual(works.map(() => true));
		expect(await wants(ours)).toEqual(works.map(() => false));
	});

	it("of crashed processes leaves nothing behind", async () => {
		const beats = async () =>
			(await place.db.collection<{ _id: string }>("leases").distinct("_id")).filter((id) => id.startsWith("process:"));
		const [gone, other] = [lease(), lease()];
		await gone.want();
		await gone.want();
		await other.watch();
		expect(await beats()).toHaveLength(1);
		now += 60_001;
		await other.want();
		expect(await beats()).toHaveLength(0);
		expect([await other.want(), (await beats()).length]).toEqual([true, 1]);
	});

	it("is not held by a process that cannot reach the server", async () => {
		const one = lease();
		await one.want();
		await connection.close();
		await expect(one.want()).rejects.toThrow("closed");
		now += LASTS;
		expect(one.held).toBe(false);
		connection = new Connection(place.url);
	});
});
