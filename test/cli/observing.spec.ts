/** An observer node: it has everything a running node has, but starts no work by itself. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { existsSync, rmSync } from "node:fs";
import type { Readable } from "node:stream";
import { DatabaseSync } from "node:sqlite";
import { callsOf } from "../support/access.ts";
import { at } from "../support/at.ts";
import { type Running, start } from "../../node/start.ts";
import type { PartitionLag } from "../../mixins/following/lag.ts";
import { storageOf } from "../../mixins/logs/storage.ts";
import { Folder } from "../support/folder.ts";

const SERVICES = "radar,registration,infraction,operations";
const folder = new Folder();
const env = { DATA_DIR: folder.path, LOG_LEVEL: "fatal" };
const heads = (sql = "SELECT count(*) AS kept FROM heads"): unknown => {
	const db = new DatabaseSync(folder.file("events.db"));
	const [row] = db.prepare(sql).all();
	db.close();
	return row?.["kept"];
};
/** Number of followers on this node. */
async function followersOf({ broker }: Running): Promise<number> {
	const contexts = await Promise.all(SERVICES.split(",").map((name) => storageOf(broker).context(name)));
	return contexts.flatMap((context) => context.partitions.flatMap(({ name }) => context.followers(name))).length;
}

describe("an observer node", () => {
	let observer: Running;
	beforeAll(async () => {
		const system = await start({ ...env, SERVICES });
		expect(await followersOf(system)).toBeGreaterThan(0);
		for (const id of ["R1", "R2", "R3"])
			await at("2026-03-01T08:00:00.000Z", () =>
				callsOf(system.broker)("radar.install", { id, kind: "fixed", latitude: 48, longitude: 2 }),
			);
		await system.stop();
		expect(heads()).toBeGreaterThan(0);
		heads("DELETE FROM heads");
		for (const file of ["rows.db", "rows.db-wal", "rows.db-shm"]) rmSync(folder.file(file), { force: true });
		observer = await start(env, { observing: true });
	});
	afterAll(() => folder.remove());

	it("has every service but the gateway", () => {
		const names = observer.broker.services.map(({ name }: { name: string }) => name);
		expect(names).toEqual(expect.arrayContaining(["radar", "radars", "case-opening", "radar-log"]));
		expect(names).not.toContain("gateway");
		expect(observer.url).toBe("");
	});
	it("follows no log", async () => expect(await followersOf(observer)).toBe(0));
	it("shows the progress of the rows, also those of other nodes", async () => {
		const { places } = await callsOf(observer.broker)<{ places: readonly PartitionLag[] }>("radars.lag");
		expect(places).toMatchObject([{ partition: "radar:0", position: 0, tail: 3, behind: 3 }]);
		expect(places[0]?.seconds).toBeGreaterThan(60);
	});
	it("answers questions to its actors", async () =>
		expect(await callsOf(observer.broker)("radar.state", { id: "R2" })).toMatchObject({ version: 1, position: "radar:0:2" }));
	it("signs nothing when it stops", async () => {
		await observer.stop();
		expect(heads()).toBe(0);
	});
	it("verifies and exports the heads without creating a key", async () => {
		rmSync(folder.file("keys"), { recursive: true });
		observer = await start(env, { observing: true });
		const call = (action: string) => callsOf(observer.broker)(`radar-log.${action}`);
		const told = await (await callsOf(observer.broker)<Readable>("radar-log.verify")).toArray();
		const seen = { told, heads: await call("heads"), keys: await call("keys") };
		await observer.stop();
		expect(seen).toMatchObject({ heads: [], keys: [] });
		expect(seen.told).toContainEqual(expect.objectContaining({ log: "radar:0", verified: 3 }));
		expect([existsSync(folder.file("keys")), heads()]).toEqual([false, 0]);
	});
});
