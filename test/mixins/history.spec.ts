/** How an actor stood: at a version, at an instant, and where it never stood. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Running, start } from "../../cli/start.ts";
import { Folder } from "../support/folder.ts";

const NINE = "2026-03-01T09:00:00.000Z";
const TEN = "2026-03-01T10:00:00.000Z";
const ELEVEN = "2026-03-01T11:00:00.000Z";
const site = { kind: "fixed", latitude: 48, longitude: 2, limits: { lightKmh: 50 }, from: "2026-01-01T00:00:00.000Z" };
const passage = { radar: "R1", plate: "AB-123-CD", country: "FR", speedKmh: 110, capturedAt: "2026-03-01T08:00:00.000Z" };
type Named = { equipment: { name?: string } };

const folder = new Folder();
let system: Running;
const call = <T>(action: string, params: object, now?: string) =>
	system.broker.call<T, object>(action, params, now === undefined ? {} : { meta: { now } });
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
	it("stands as its last decision left it", async () =>
		expect(await state({})).toMatchObject({
			id: "R1",
			version: 3,
			position: "radar:0:3",
			at: TEN,
			state: { equipment: { name: "third" } },
		}));
	it("stood as it was after so many facts", async () => {
		expect(await state({ version: 2 })).toMatchObject({
			version: 2,
			position: "radar:0:2",
			at: ELEVEN,
			state: { equipment: { name: "second" } },
		});
		expect((await state({ version: 1 })).state.equipment.name).toBeUndefined();
	});
	it("stood at an instant as the decisions taken by then had left it, the one of that very instant included", async () => {
		expect(await state({ at: NINE })).toMatchObject({ version: 1, at: NINE });
		expect(await state({ at: "2026-03-01T12:00:00+01:00" })).toMatchObject({ version: 3 });
	});
	it("is replayed without a hole where the clock was set back between its decisions", async () =>
		expect(await state({ at: "2026-03-01T10:30:00.000Z" })).toMatchObject({ version: 1 }));
	it("was not yet there a moment before its first decision, nor at version 0", async () => {
		const notYet = `404 RADAR_UNKNOWN: There was no radar R1 yet; it begins at version 1, decided ${NINE}`;
		expect(await refusal({ at: "2026-03-01T08:59:59.999Z" })).toBe(notYet);
		expect(await refusal({ version: 0 })).toBe(notYet);
	});
	it("never stood at a version it has not reached", async () =>
		expect(await refusal({ version: 4 })).toBe("404 VERSION_UNKNOWN: The radar R1 never stood at version 4: it stands at 3"));
	it("never stood between two facts of one decision", async () =>
		expect(await refusal({ id: "d-1", version: 1 }, "detection")).toBe(
			"404 VERSION_UNKNOWN: The detection d-1 never stood at version 1: one decision led from 0 to 2",
		));
	it("that never was is unknown", async () => expect(await refusal({ id: "R2" })).toBe("404 RADAR_UNKNOWN: There is no radar R2"));
	it("is asked for one moment only", async () =>
		expect(await refusal({ at: NINE, version: 1 })).toBe("422 VALIDATION_ERROR: The content is not valid"));
	it.each([{ at: "yesterday" }, { version: -1 }, { version: 1.5 }, { version: "1" }, { when: NINE }])(
		"is not asked by %j",
		async (params) => expect(await refusal(params)).toMatch(/^422 /),
	);
	it("has no route of its own: a state may hold personal data", () => {
		const action = system.broker.registry.getActionList({ onlyLocal: true }).find(({ name }: { name: string }) => name === "radar.state");
		expect(action).toMatchObject({ name: "radar.state" });
		expect(action).not.toHaveProperty("action.rest");
	});
});

describe("a history", () => {
	it("tells each decision with its facts, and the version it led to", async () => {
		const { version, rows } = await call<{ version: number; rows: readonly object[] }>("detection.history", { id: "d-1" });
		expect(version).toBe(2);
		expect(rows).toMatchObject([
			{ version: 2, command: { name: "record" }, facts: [{ type: "detection.recorded" }, { type: "detection.discarded" }] },
		]);
	});
});
