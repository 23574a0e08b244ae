/** The live feed of a context as its watchers hold it: followed for as long as somebody watches and the service runs, and no longer. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Service } from "moleculer";
import { type Running, start } from "../../cli/start.ts";
import { LIVE } from "../../mixins/live.ts";
import { storageOf } from "../../mixins/storage.ts";
import { Folder } from "../support/folder.ts";
import { eventually } from "../support/system.ts";

describe("a live feed", () => {
	let folder: Folder;
	let system: Running;
	beforeEach(async () => {
		folder = new Folder();
		system = await start({ DATA_DIR: folder.path, SERVICES: "radar", LOG_LEVEL: "fatal" });
	});
	afterEach(async () => {
		await system.stop();
		folder.remove();
	});
	const watched = async () => (await storageOf(system.broker).context("radar")).followers("radar:0").filter(({ of }) => of === LIVE).length;

	it("is followed for until its watcher has gone", async () => {
		const stream = await system.broker.call<Readable>("radar-log.live");
		expect(await watched()).toBe(1);
		stream.destroy();
		await eventually(async () => expect(await watched()).toBe(0));
	});
	it.each([
		["reads", (stream: Readable) => void stream.resume()],
		["has fallen behind and does not read", (stream: Readable) => void stream.pause()],
	])("ends with its service, also for a watcher who %s", async (_how, behave) => {
		const stream = await system.broker.call<Readable, object>("radar-log.live", { after: "radar:0:0" });
		behave(stream);
		for (let i = 0; i < 300; i++)
			await system.broker.call<unknown, object>("radar.install", { id: `R${i}`, kind: "fixed", latitude: 48, longitude: 2 }); // more than it buffers
		await system.broker.destroyService(system.broker.getLocalService("radar-log") as Service); // it is there
		expect(await watched()).toBe(0);
		const ended = once(stream, "end");
		stream.resume();
		await ended;
	});
});
