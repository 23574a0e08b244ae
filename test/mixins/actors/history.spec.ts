/** History - the state of an actor at a version or an instant, and its decisions in pages. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { callsOf } from "../../support/access.ts";
import { at } from "../../support/at.ts";
import { type Running, start } from "../../../node/start.ts";
import { storageOf } from "../../../mixins/logs/storage.ts";
import type { Commit } from "../../../store/log.ts";
import { Folder } from "../../support/folder.ts";

const NINE = "2026-03-01T09:00:00.000Z";
const TEN = "2026-03-01T10:00:00.000Z";
const ELEVEN = "2026-03-01T11:00:00.000Z";
const site = { kind: "fixed", latitude: 48, longitude: 2, limits: { lightKmh: 50 }, from: "2026-01-01T00:00:00.000Z" };
const passage = { radar: "R1", plate: "AB-123-CD", country: "FR", speedKmh: 110, capturedAt: "2026-03-01T08:00:00.000Z" };
type Named = { equipment: { name?: string } };

const folder = new Folder();
let system: Running;
const call = <T>(action: string, params: object, now?: string) =>
	now === undefined ? callsOf(system.broker)<T>(action, params) : at(now, () => callsOf(system.broker)<T>(action, params));
const state = (params: object, service = "radar") =>
	call<{ version: number; position: string; at: string; state: Named }>(`${service}.state`, { id: "R1", ...params });
const refusal = async (params: object, service = "radar") => {
	const { type, code, message } = await state(params, service).then(
		() => ({ type: "none", code: 0, message: "" }),
		(error: Error & { type: string; code: number }) => error,
	);
	return `${code} ${type}: ${message}`;
};

beforeAll(async () => {
	system = await start({ DATA_DIR: folder.path, SERVICES: "radar", LOG_LEVEL: "fatal" });
	await call("radar.install", { id: "R1", ...site }, NINE);
	await call("radar.describe", { id: "R1", name: "second" }, ELEVEN);
	await call("radar.describe", { id: "R1", name: "third" }, TEN); // the clock was set back
	await call("detection.record", { id: "d-1", ...passage }, ELEVEN); // one decision, two facts
});
afterAll(async () => {
	await system.stop();
	folder.remove();
});

describe("an actor", () => {
	it("has the state after its last decision", async () =>
		expect(await state({})).toMatchObject({
			id: "R1",
			version: 3,
			position: "radar:0:3",
			at: TEN,
			state: { equipment: { name: "third" } },
		}));
	it("has a state at each version", async () => {
		expect(await state({ version: 2 })).toMatchObject({
			version: 2,
			position: "radar:0:2",
			at: ELEVEN,
			state: { equipment: { name: "second" } },
		});
		expect((await state({ version: 1 })).state.equipment.name).toBeUndefined();
	});
	it("has a state at an instant, which includes decisions at that instant", async () => {
		expect(await state({ at: NINE })).toMatchObject({ version: 1, at: NINE });
		expect(await state({ at: "2026-03-01T12:00:00+01:00" })).toMatchObject({ version: 3 });
	});
	it("is replayed without a gap if the clock was set back between its decisions", async () =>
		expect(await state({ at: "2026-03-01T10:30:00.000Z" })).toMatchObject({ version: 1 }));
	it("does not exist before its first decision, nor at version 0", async () => {
		const notYet = `404 RADAR_UNKNOWN: The radar R1 did not exist yet; it begins at version 1, decided ${NINE}`;
		expect(await refusal({ at: "2026-03-01T08:59:59.999Z" })).toBe(notYet);
		expect(await refusal({ version: 0 })).toBe(notYet);
	});
	it("has no state at a version it has not reached", async () =>
		expect(await refusal({ version: 4 })).toBe("404 VERSION_UNKNOWN: The radar R1 was never at version 4: it is at version 3"));
	it("has no state between two facts of one decision", async () =>
		expect(await refusal({ id: "d-1", version: 1 }, "detection")).toBe(
			"404 VERSION_UNKNOWN: The detection d-1 was never at version 1: one decision led from 0 to 2",
		));
	it("without facts is unknown", async () => expect(await refusal({ id: "R2" })).toBe("404 RADAR_UNKNOWN: There is no radar R2"));
	it("cannot be read at a version and an instant at once", async () =>
		expect(await refusal({ at: NINE, version: 1 })).toBe("422 VALIDATION_ERROR: The content is not valid"));
	it.each([{ at: "yesterday" }, { version: -1 }, { version: 1.5 }, { version: "1" }, { when: NINE }])(
		"cannot be read with %j",
		async (params) => expect(await refusal(params)).toMatch(/^422 /),
	);
	it("has no route for its state, which may hold personal data", () => {
		const action = system.broker.registry.getActionList({ onlyLocal: true }).find(({ name }: { name: string }) => name === "radar.state");
		expect(action).toMatchObject({ name: "radar.state" });
		expect(action).not.toHaveProperty("action.rest");
	});
});

type Page = {
	readonly id: string;
	readonly version: number;
	readonly rows: readonly { readonly version: number; readonly facts: readonly object[] }[];
	readonly next: string | null;
};
const history = (params: object, service = "radar") => call<Page>(`${service}.history`, params);
/** The versions in each page. */
async function paged(id: string, pageSize: number, service = "radar"): Promise<number[][]> {
	const all: number[][] = [];
	for (let after: string | null = ""; after !== null;) {
		const page: Page = await history({ id, pageSize, ...(after === "" ? {} : { after }) }, service);
		all.push(page.rows.map(({ version }) => version));
		expect([page.id, page.version]).toEqual([id, page.rows.at(-1)?.version]);
		after = page.next;
	}
	return all;
}

describe("a history", () => {
	const MANY = 45;
	const named = (n: number) => ({ id: "R45", name: `name ${n}` });
	beforeAll(async () => {
		await call("radar.install", { id: "R45", ...site }, NINE);
		for (let n = 2; n <= MANY; n++) await call("radar.describe", named(n), NINE);
	});

	it("shows each decision with its facts and the version after it", async () => {
		const { version, rows, next } = await history({ id: "d-1" }, "detection");
		expect([version, next]).toEqual([2, null]);
		expect(rows).toMatchObject([
			{ version: 2, command: { name: "record" }, facts: [{ type: "detection.recorded" }, { type: "detection.discarded" }] },
		]);
	});
	it("has twenty decisions per page by default", async () => {
		const { rows, version, next } = await history({ id: "R45" });
		expect([rows.length, version, typeof next]).toEqual([20, 20, "string"]);
	});
	it.each([
		[1, 45, 1],
		[20, 3, 5],
		[44, 2, 1],
		[45, 1, 45],
		[46, 1, 45],
		[100, 1, 45],
	])("with page size %i has %i pages, the last with %i decisions", async (pageSize, pages, last) => {
		const all = await paged("R45", pageSize);
		expect([all.length, all.at(-1)?.length]).toEqual([pages, last]);
		expect(all.flat()).toEqual(Array.from({ length: MANY }, (_, n) => n + 1));
	});
	it("never ends a page between the facts of a decision", async () => expect(await paged("d-1", 1, "detection")).toEqual([[2]]));
	it("is empty after the last decision, and continues with the next one", async () => {
		const { next } = await history({ id: "R45", pageSize: 44 });
		await call("radar.describe", named(46), NINE);
		const end = await history({ id: "R45", pageSize: 1, after: next ?? "" });
		const last = await history({ id: "R45", pageSize: 1, after: end.next ?? "" });
		expect([end.version, last.version, last.next]).toEqual([45, 46, null]);
		const after = Buffer.from(JSON.stringify(["radar-R45", 46])).toString("base64url");
		expect(await history({ id: "R45", after })).toEqual({ id: "R45", version: 46, rows: [], next: null });
	});
	it("of an unknown actor is refused on every page", async () => {
		const after = Buffer.from(JSON.stringify(["radar-R2", 7])).toString("base64url");
		for (const params of [{}, { pageSize: 1 }, { after }])
			await expect(history({ id: "R2", ...params })).rejects.toMatchObject({ code: 404, type: "RADAR_UNKNOWN" });
	});
	it("accepts no cursor of another actor, and no text that is not a cursor", async () => {
		const { next } = await history({ id: "R45", pageSize: 1 });
		for (const [id, after] of [
			["R1", next],
			["R45", `${next}A`],
			["R45", "20"],
			["R45", Buffer.from('["radar-R45",-1]').toString("base64url")],
			["R45", Buffer.from('["radar-R45", 1]').toString("base64url")],
		])
			await expect(history({ id, after })).rejects.toMatchObject({ code: 422, data: [{ field: "after" }] });
	});
	it.each([{ pageSize: 0 }, { pageSize: 101 }, { pageSize: 1.5 }, { pageSize: "many" }, { after: "" }, { page: 2 }])(
		"cannot be read with %j",
		async (params) => await expect(history({ id: "R1", ...params })).rejects.toMatchObject({ code: 422 }),
	);
	it("ends a page early if its decisions are long, so that the answer fits through every transport", async () => {
		const { log } = await storageOf(system.broker)
			.context("radar")
			.then((found) => found.writer("radar-R46"));
		const text = (length: number): string =>
			JSON.stringify({ facts: [{ type: "radar.described", data: "x".repeat(length) }], command: {}, by: "", at: NINE });
		const { position } = await log.tail();
		const commit = (n: number, length: number): Commit => ({
			position: position + 1 + n,
			stream: "radar-R46",
			version: n,
			body: text(length),
			hash: `${n}`,
		});
		expect(await log.append([400_000, 100_000, 100_000, 100_000].map((length, n) => commit(n, length)))).toBe(true);
		expect(await paged("R46", 20)).toEqual([[1], [2, 3], [4]]);
	});
	it("accepts a page size as digits, as in a query", async () =>
		expect((await history({ id: "R45", pageSize: "3" })).rows).toHaveLength(3));
});
