/** Law - tries every action of a whole system, that of the node included, as every role and without one. New actions are included. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Readable } from "node:stream";
import { callingAs, VISITOR } from "../../../mixins/access/access.ts";
import { type AnyRole, type Identity, type May, roles } from "../../../model/index.ts";
import { type Running, start } from "../../../node/start.ts";
import { callsOf } from "../../support/access.ts";
import { Folder } from "../../support/folder.ts";

interface Offered {
	readonly name: string;
	readonly may?: May;
}
const folder = new Folder();
let system: Running;
let actions: readonly Offered[] = [];
beforeAll(async () => {
	system = await start({ DATA_DIR: folder.path, PORT: "0", LOG_LEVEL: "fatal" });
	const list = system.broker.registry.getActionList({ onlyLocal: true }) as readonly { readonly action: Offered }[]; // moleculer leaves it untyped
	actions = list.map(({ action }) => action).filter(({ name }) => name !== "gateway.rest"); // it gets requests, not calls
});
afterAll(async () => {
	await system.stop();
	folder.remove();
});

const identity = (role: AnyRole, does: readonly string[] = []): Identity => ({ sub: `user:${role}`, roles: [role], does });
/** FORBIDDEN, UNAUTHENTICATED, or "admitted" for everything that happens after the check. The params are wrong for every action, so that none does anything. */
async function outcome(action: string, caller: Identity): Promise<string> {
	try {
		const answer = await system.broker.call<unknown, object>(action, { wrong: true }, { ...callingAs(system.broker, caller), retries: 0 });
		if (answer instanceof Readable) answer.destroy();
		return "admitted";
	} catch (error) {
		const { type } = Object(error) as { readonly type?: unknown }; // of any error
		return type === "FORBIDDEN" || type === "UNAUTHENTICATED" ? type : "admitted";
	}
}
const outcomes = async (caller: (action: string) => Identity): Promise<Record<string, string>> =>
	Object.fromEntries(await Promise.all(actions.map(async ({ name }) => [name, await outcome(name, caller(name))] as const)));
const expected = (of: (may: May) => string): Record<string, string> =>
	Object.fromEntries(actions.map(({ name, may = {} }) => [name, of(may)]));

describe("every action", () => {
	it("of the system is tried", () => {
		expect(actions.length).toBeGreaterThan(150);
		expect(actions.map(({ name }) => name)).toEqual(
			expect.arrayContaining(["$node.services", "$node.parts", "radar.install", "radar-log.live"]),
		);
	});
	it.each(roles.filter((role) => role !== "process" && role !== "device"))("admits %s exactly if it says so", async (role) =>
		expect(await outcomes(() => identity(role))).toEqual(
			expected((may) => (may[role] === "all" ? "admitted" : role === "visitor" ? "UNAUTHENTICATED" : "FORBIDDEN")),
		),
	);
	it("admits another node exactly if it says so", async () =>
		expect(await outcomes(() => identity("node"))).toEqual(expected((may) => (may.node ? "admitted" : "FORBIDDEN"))));
	it("admits a process exactly if the process declares it too", async () => {
		expect(await outcomes((action) => identity("process", [action.replace(/Many$/, "")]))).toEqual(
			expected((may) => (may.process ? "admitted" : "FORBIDDEN")),
		);
		expect(await outcomes(() => identity("process"))).toEqual(expected(() => "FORBIDDEN"));
	});
	it("admits no device without a radar", async () => expect(await outcomes(() => identity("device"))).toEqual(expected(() => "FORBIDDEN")));
	it("admits no caller without credentials, nor one without roles", async () => {
		expect(await outcomes(() => VISITOR)).toEqual(expected(() => "UNAUTHENTICATED"));
		expect(await outcomes(() => ({ sub: "user:x", roles: [] }))).toEqual(expected(() => "FORBIDDEN"));
	});
});

describe("a device", () => {
	const camera: Identity = { sub: "client:camera", roles: ["device"], radar: "R1" };
	const passage = (id: string, radar: string) => ({
		id,
		radar,
		plate: "AB-123-CD",
		country: "FR",
		speedKmh: 90,
		capturedAt: "2026-03-01T08:00:00.000Z",
	});
	const call = <T>(action: string, params: object) => system.broker.call<T, object>(action, params, callingAs(system.broker, camera));
	beforeAll(async () => {
		for (const id of ["R1", "R2"]) await callsOf(system.broker)("radar.install", { id, kind: "fixed", latitude: 48, longitude: 2 });
	});

	it("records passages of its own radar, and of no other", async () => {
		expect(await call("detection.record", passage("d-1", "R1"))).toMatchObject({ id: "d-1" });
		await expect(call("detection.record", passage("d-2", "R2"))).rejects.toMatchObject({ code: 403, type: "FORBIDDEN" });
	});
	it("among many passages has only those of others refused", async () => {
		const items = [passage("d-3", "R1"), passage("d-4", "R2"), passage("d-5", "R1")].map((params) => ({ params }));
		expect(await call("detection.recordMany", { items })).toMatchObject([
			{ done: { id: "d-3" } },
			{ refusal: { code: "FORBIDDEN", status: 403 } },
			{ done: { id: "d-5" } },
		]);
		await expect(callsOf(system.broker)("detection.state", { id: "d-4" })).rejects.toMatchObject({ type: "DETECTION_UNKNOWN" });
	});
	it("reads nothing, not even what it has recorded", async () => {
		for (const action of ["detection.history", "detection.state", "detections.get", "radars.get"])
			await expect(call(action, { id: "d-1" })).rejects.toMatchObject({ type: "FORBIDDEN" });
	});
});
