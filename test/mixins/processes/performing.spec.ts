/** Performing - an effect on a running system: intent and outcome are facts, a restart repeats nothing, and a rebuild sends nothing twice. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { rmSync } from "node:fs";
import { callsOf } from "../../support/access.ts";
import { type Running, start } from "../../../node/start.ts";
import type { PortPromise } from "../../../model/index.ts";
import { Folder } from "../../support/folder.ts";
import { Carrier, carrierService, crateService, shippingService } from "../../support/shipping.ts";
import { eventually } from "../../support/system.ts";

const PATIENCE = 1500;
const KEY = (id: string) => `shipping/subject/${id}/ship`;

describe("an effect", () => {
	const folders: Folder[] = [];
	let system: Running | null = null;
	let carrier: Carrier;
	const call = <T = Record<string, unknown>>(action: string, params: object = {}) =>
		system ? callsOf(system.broker)<T>(action, params) : Promise.reject(new Error("the system does not run"));
	const begin = async (promise: PortPromise, folder: Folder) => {
		system = await start({ DATA_DIR: folder.path, SERVICES: "operations", LOG_LEVEL: "fatal" });
		for (const service of [crateService, carrierService(promise, carrier), shippingService(promise, PATIENCE)])
			system.broker.createService(service);
		await system.broker.waitForServices(["crate", "carrier", "shipping"]);
	};
	const open = async (promise: PortPromise) => {
		const folder = new Folder();
		folders.push(folder);
		carrier = new Carrier();
		await begin(promise, folder);
		return folder;
	};
	const stop = async () => {
		await system?.stop();
		system = null;
	};
	afterEach(async () => {
		await stop();
		for (const folder of folders.splice(0)) folder.remove();
	});
	const pack = (id: string, to = "Elm 1") => call("crate.pack", { id, to });
	const factsOf = async (id: string) => {
		const { rows } = await call<{ rows: readonly { facts: readonly { type: string }[] }[] }>("crate.history", { id });
		return rows.flatMap(({ facts }) => facts.map(({ type }) => type.slice("crate.".length)));
	};
	const expectFacts = (id: string, ...facts: readonly string[]) => eventually(async () => expect(await factsOf(id)).toEqual(facts), 30_000);

	it.each([
		["once", ["packed", "shipped"]],
		["lookup", ["packed", "attempted", "shipped"]],
		["never", ["packed", "attempted", "shipped"]],
	] as const)("that promises %s records the facts %j", async (promise, facts) => {
		await open(promise);
		await pack("a");
		await expectFacts("a", ...facts);
		expect(carrier.done).toEqual(new Map([[KEY("a"), 1]]));
	});

	it.each(["once", "lookup", "never"] as const)("that promises %s records that the world refuses", async (promise) => {
		await open(promise);
		await pack("a", "nowhere");
		await eventually(async () => expect((await factsOf("a")).at(-1)).toBe("failed"));
		expect(carrier.done.size).toBe(0);
	});

	it.each(["once", "lookup", "never"] as const)("that promises %s waits while the world is away, and parks nothing", async (promise) => {
		await open(promise);
		carrier.isReachable = false;
		for (const id of ["a", "b", "c", "d", "e", "f", "g"]) await pack(id);
		await new Promise((resolve) => setTimeout(resolve, 1500));
		expect(await call("shipping.work")).toMatchObject({ open: 7, parked: 0 });
		carrier.isReachable = true;
		for (const id of ["a", "b", "c", "d", "e", "f", "g"])
			await eventually(async () => expect((await factsOf(id)).at(-1)).toBe("shipped"), 60_000);
		expect([...carrier.done.values()]).toEqual([1, 1, 1, 1, 1, 1, 1]);
	});

	it.each([
		["once", 1, "shipped"],
		["lookup", 1, "shipped"],
		["never", 1, "doubted"],
	] as const)("that promises %s and gets no answer does the work %i time, and is %s", async (promise, times, last) => {
		await open(promise);
		carrier.isSilent = true;
		await pack("a");
		await eventually(() => expect(carrier.times(KEY("a"))).toBe(1));
		carrier.isSilent = false;
		await eventually(async () => expect((await factsOf("a")).at(-1)).toBe(last), 60_000);
		expect(carrier.times(KEY("a"))).toBe(times);
	});

	it.each([
		["once", "shipped"],
		["lookup", "shipped"],
		["never", "doubted"],
	] as const)("that promises %s and is stopped during the call is %s after a restart", async (promise, last) => {
		const folder = await open(promise);
		carrier.isSilent = true;
		await pack("a");
		await eventually(() => expect(carrier.times(KEY("a"))).toBe(1));
		const { broker } = system ?? {};
		await broker?.destroyService(broker.getLocalService("crate")); // the outcome cannot be recorded any more
		await stop();
		carrier.isSilent = false;
		await begin(promise, folder);
		await eventually(async () => expect((await factsOf("a")).at(-1)).toBe(last), 60_000);
		expect(carrier.times(KEY("a"))).toBe(1);
	});

	it.each([
		["once", 4500], // more than a batch of commits
		["lookup", 40],
		["never", 40],
	] as const)("that promises %s calls its port for no finished job when everything is rebuilt", async (promise, count) => {
		const folder = await open(promise);
		const ids = Array.from({ length: count }, (_, n) => `c${n}`);
		await Promise.all(ids.map((id) => pack(id, id === "c7" ? "nowhere" : "Elm 1")));
		const isQuiet = () => eventually(async () => expect(await call("shipping.work")).toEqual({ asking: 0, open: 0, parked: 0 }), 60_000);
		await eventually(() => expect(carrier.calls).toBe(count), 60_000);
		await isQuiet();
		await stop();
		for (const end of ["", "-wal", "-shm"]) rmSync(folder.file(`rows.db${end}`), { force: true });
		await begin(promise, folder);
		await pack("z");
		await eventually(async () => expect((await factsOf("z")).at(-1)).toBe("shipped"), 60_000);
		await isQuiet();
		expect([carrier.calls, carrier.done.size]).toEqual([count + 1, count]);
	});

	it("that is not wanted any more while it waits is not done", async () => {
		await open("once");
		carrier.pause = 300;
		await Promise.all(Array.from({ length: 20 }, (_, n) => pack(`c${n}`)));
		await pack("late");
		await call("crate.unpack", { id: "late" });
		for (let n = 0; n < 20; n++) await eventually(async () => expect((await factsOf(`c${n}`)).at(-1)).toBe("shipped"), 30_000);
		expect(carrier.times(KEY("late"))).toBe(0);
		expect(await factsOf("late")).toEqual(["packed", "unpacked"]);
	});
});
