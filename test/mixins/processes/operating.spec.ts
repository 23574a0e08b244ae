/** Operating - an operator retries or drops parked work and rebuilds read models of the running system through the broker. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Readable } from "node:stream";
import type { Context, ServiceSchema } from "moleculer";
import { callsOf, FREE } from "../../support/access.ts";
import { type Running, start } from "../../../node/start.ts";
import { Folder } from "../../support/folder.ts";

const T0 = "2026-01-01T00:00:00.000Z";
const passage = { radar: "R1", plate: "AB-123-CD", country: "FR", speedKmh: 110, capturedAt: "2026-03-01T08:00:00.000Z" };

const rest = ({ code, detail }: { code: string; detail: string }) => ({ code, detail });

describe("an operator", () => {
	let folder: Folder;
	let system: Running;
	const call = <T = Record<string, unknown>>(action: string, params: object = {}) => callsOf(system.broker)<T>(action, params);
	const begin = async () => {
		system = await start({ DATA_DIR: folder.path, SERVICES: "radar,registration,infraction,operations", LOG_LEVEL: "fatal" });
	};
	beforeEach(async () => {
		folder = new Folder();
		await begin();
		await call("radar.install", { id: "R1", kind: "fixed", latitude: 48, longitude: 2, limits: { lightKmh: 50 }, from: T0 });
		await call("radar.calibrate", { id: "R1", number: "C", validFrom: T0, validUntil: "2027-01-01T00:00:00.000Z" });
		await call("radar.activate", { id: "R1", from: T0 });
	});
	afterEach(async () => {
		await system.stop();
		folder.remove();
	});
	/** Reads once the read model has reached this position. */
	const seen = async (action: string, params: object, position: string) =>
		callsOf(system.broker)<Record<string, unknown>>(action, params, { meta: { position } });
	const record = async (id: string) => (await call<{ position: string }>("detection.record", { ...passage, id })).position;
	const parked = async () => (await call<{ rows: { id: string; code: string }[] }>("case-opening.parked")).rows;
	const until = async (holds: () => Promise<boolean>) => {
		while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
	};
	/** Replaces a service, or removes it, until the returned function is called. */
	const replaced = async (name: string, actions: Readonly<Record<string, (items: readonly object[]) => unknown>> | null) => {
		const service = system.broker.getLocalService(name);
		const { originalSchema } = service as unknown as { originalSchema: ServiceSchema }; // Moleculer keeps the original schema
		await system.broker.destroyService(service); // the service exists
		const fake = Object.entries(actions ?? {}).map(([action, answer]) => [
			action,
			{ may: FREE, handler: (ctx: Context<{ items: readonly object[] }>) => answer(ctx.params.items) },
		]);
		const standIn = actions && system.broker.createService({ name, actions: Object.fromEntries(fake) });
		return async () => {
			if (standIn) await system.broker.destroyService(standIn);
			system.broker.createService(originalSchema);
			await system.broker.waitForServices(name);
		};
	};
	const refusal = { status: 409, code: "COURT_CLOSED", detail: "The court is closed" };
	const refusing = { openMany: (items: readonly object[]) => items.map(() => ({ refusal })) };
	const cases = async () => (await call<{ total: number }>("infractions.list")).total;

	describe("with a refused command", () => {
		it("sees it parked, retries it, and it is done", async () => {
			const restore = await replaced("infraction", refusing);
			await record("d1");
			await until(async () => (await parked()).length === 1);
			expect((await parked())[0]).toMatchObject({
				id: "d1",
				action: "infraction.open",
				code: "COURT_CLOSED",
				attempts: 1,
				cause: "radar:0:4",
			});
			expect(await call("case-opening.retry", { id: "d1" })).toEqual({ id: "d1", outcome: "parked", ...rest(refusal) });
			await restore();
			expect(await call("case-opening.retry", { id: "d1" })).toEqual({ id: "d1", outcome: "done" });
			await until(async () => (await cases()) === 1);
			expect(await parked()).toEqual([]);
			expect(await call("case-opening.parked", { id: "d1" })).toMatchObject({
				rows: [{ id: "d1", ended: [{ ended: "retried" }, { ended: "retried" }] }],
			});
		});

		it("drops it with a recorded reason, and it stays dropped after a restart", async () => {
			const restore = await replaced("infraction", refusing);
			await record("d1");
			await until(async () => (await parked()).length === 1);
			const { position } = await call<{ position: string }>("case-opening.drop", { id: "d1", reason: "a test of the radar\u0000" });
			await until(async () => (await parked()).length === 0);
			expect(await seen("interventions.list", { process: "case-opening" }, position)).toMatchObject({
				rows: [{ work: "d1", code: "COURT_CLOSED", reason: "a test of the radar", by: "operator:tester" }],
			});
			await restore();
			await system.stop();
			await begin();
			await seen("detections.list", {}, await record("d2"));
			await until(async () => (await cases()) === 1);
			expect(await call("infractions.list")).toMatchObject({ rows: [{ id: "d2" }] });
			expect(await call("case-opening.work")).toMatchObject({ open: 0, parked: 0 });
			expect(await call("case-opening.parked", { id: "d1" })).toMatchObject({ rows: [{ ended: [{ ended: "dropped" }] }] });
		});

		it("gets an error if nothing is parked", async () => {
			await expect(call("case-opening.retry", { id: "d9" })).rejects.toMatchObject({ type: "WORK_NOT_PARKED", code: 409 });
			await expect(call("case-opening.drop", { id: "d9", reason: "x" })).rejects.toMatchObject({ type: "WORK_NOT_PARKED", code: 409 });
			await expect(call("case-opening.parked", { id: "d9" })).rejects.toMatchObject({ type: "WORK_UNKNOWN", code: 404 });
			await expect(call("case-opening.drop", { id: "d9", reason: "" })).rejects.toMatchObject({ code: 422 });
		});
	});

	describe("with an unavailable service", () => {
		it("finds the work done after its return, and nothing parked", async () => {
			const restore = await replaced("infraction", null);
			await record("d1");
			await until(async () => (await call<{ open: number }>("case-opening.work")).open === 1);
			await restore();
			await until(async () => (await cases()) === 1);
			expect(await call("case-opening.work")).toMatchObject({ parked: 0 });
		});
	});

	describe("with a read model to rebuild", () => {
		const last = async (stream: Readable) => {
			const steps: Record<string, unknown>[] = [];
			for await (const step of stream) steps.push(step as Record<string, unknown>); // as the action returns them
			return steps.at(-1);
		};
		const states = async () =>
			(await call<{ rows: { number: number; state: string }[] }>("detections.generations")).rows.map(
				({ number, state }) => `${number} ${state}`,
			);

		it("switches without a difference, can go back, and removes kept generations", async () => {
			let position = "";
			for (let n = 0; n < 40; n++) position = await record(`d${n}`);
			await seen("detections.list", {}, position);
			expect(await states()).toEqual(["1 live"]);
			expect(await last(await call<Readable>("detections.rebuild"))).toEqual({
				phase: "switched",
				generation: 2,
				rows: 40,
				differing: 0,
				differences: [],
				sameCode: true,
			});
			expect(await states()).toEqual(["1 kept", "2 live"]);
			const after = await record("after");
			expect(await seen("detections.list", { radar: "R1" }, after)).toMatchObject({ total: 41 });
			expect(await last(await call<Readable>("detections.back"))).toMatchObject({ phase: "switched", generation: 1 });
			expect(await seen("detections.list", { radar: "R1" }, after)).toMatchObject({ total: 41 });
			expect(await call("detections.forget")).toEqual({ forgotten: [2] });
			expect(await states()).toEqual(["1 live"]);
			await expect(call<Readable>("detections.back").then(last)).rejects.toMatchObject({ type: "NO_GENERATION_KEPT" });
			expect(await seen("detections.list", {}, await record("last"))).toMatchObject({ total: 42 });
		});

		it("finds the same generation live after a restart", async () => {
			await record("d1");
			await last(await call<Readable>("detections.rebuild"));
			await system.stop();
			await begin();
			expect(await states()).toEqual(["1 kept", "2 live"]);
			expect(await seen("detections.list", {}, await record("d2"))).toMatchObject({ total: 2 });
		});

		it("cannot rebuild it twice at once", async () => {
			const position = await record("d1");
			await seen("detections.list", {}, position);
			const first = await call<Readable>("detections.rebuild");
			await expect(call("detections.rebuild")).rejects.toMatchObject({ type: "REBUILD_RUNNING" });
			expect(await last(first)).toMatchObject({ generation: 2 });
			expect(await last(await call<Readable>("detections.rebuild"))).toMatchObject({ generation: 3 });
		});

		it("can rebuild it in another process, and the first one switches to the new rows by itself", async () => {
			const position = await record("d1");
			await seen("detections.list", {}, position);
			const other = await start({ DATA_DIR: folder.path, SERVICES: "detections", LOG_LEVEL: "fatal" }, { observing: true });
			await last(await callsOf(other.broker)<Readable>("detections.rebuild"));
			await other.stop();
			const after = await record("d2");
			await until(async () => (await call<{ lag: number; positions: object }>("detections.health")).lag === 0);
			expect(await seen("detections.list", {}, after)).toMatchObject({ total: 2 });
			expect(await states()).toEqual(["1 kept", "2 live"]);
			await last(await call<Readable>("detections.rebuild"));
			expect(await seen("detections.list", {}, after)).toMatchObject({ total: 2 });
		});
	});
});
