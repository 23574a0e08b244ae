/** ManualClock - the actor `clock` moves the clocks of the nodes, whether it is advanced alone or among many, and only if they are manual. */
import { afterEach, describe, expect, it } from "@jest/globals";
import { callsOf } from "../../support/access.ts";
import type { Outcome } from "../../../mixins/actors/outcome.ts";
import type { ClockReading } from "../../../mixins/cluster/manual-clock.ts";
import { type Running, start } from "../../../node/start.ts";
import { Folder } from "../../support/folder.ts";

const BEGIN = "2026-01-01T00:00:00.000Z";
const BEFORE = "2025-12-01T00:00:00.000Z";
const LATER = "2026-02-01T00:00:00.000Z";
const folder = new Folder();
let system: Running | undefined;
const begin = async (settings: object) => {
	system = await start({ DATA_DIR: folder.path, SERVICES: "operations-commands", LOG_LEVEL: "fatal", ...settings });
	return callsOf(system.broker);
};
afterEach(async () => {
	await system?.stop();
	folder.remove();
});
const items = [{ params: { id: "system", to: LATER } }, { params: { id: "system", to: BEFORE } }, { params: { id: "other", to: LATER } }];

describe("a manual clock", () => {
	it("follows the commands of a batch that were accepted", async () => {
		const call = await begin({ CLOCK: `manual:${BEGIN}` });
		const outcomes = await call<Outcome[]>("clock.advanceMany", { items });
		expect(outcomes).toMatchObject([
			{ done: { version: 1 } },
			{ refusal: { code: "CLOCK_BEHIND" } },
			{ refusal: { code: "VALIDATION_ERROR" } },
		]);
		expect((await call<ClockReading>("$node.clock", {})).now).toBe(LATER);
	});
});
describe("the clock of the machine", () => {
	it.each([
		["advance", { id: "system", to: LATER }],
		["advanceMany", { items }],
	])("cannot be advanced by %s", async (name, params) => {
		const call = await begin({});
		await expect(call(`clock.${name}`, params)).rejects.toMatchObject({ type: "CLOCK_NOT_MANUAL", code: 409 });
	});
});
