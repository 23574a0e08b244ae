/** Telling - sends a random world to a system, and compares every row with the verdict of the judge. */
import { expect } from "@jest/globals";
import { eventually, type Row, type System } from "../support/system.ts";
import type { Dice } from "./random.ts";
import { amountsOf } from "./scenery.ts";
import type { Passage, Verdict, World } from "./world.ts";

/** Mixes lists into one, each keeping its own order. */
export function mixed<T>(dice: Dice, lists: readonly (readonly T[])[]): T[] {
	const queues = lists.map((list) => [...list]);
	return dice.shuffle(queues.flatMap((queue) => queue.map(() => queue))).flatMap((queue) => queue.splice(0, 1));
}

/** The same passage in the notation of another device. */
export const rewritten = (dice: Dice, passage: Passage): Passage => {
	const plate =
		/^[A-Z]{2}-\d{3}-[A-Z]{2}$/.test(passage.plate) && passage.country === "FR" && dice.chance(0.5)
			? passage.plate.replaceAll("-", "").toLowerCase()
			: passage.plate;
	const local = new Date(Date.parse(passage.capturedAt) + 7_200_000).toISOString().replace("Z", "+02:00");
	return { ...passage, plate, capturedAt: dice.chance(0.5) ? local : passage.capturedAt };
};

export const told = (verdict: Verdict | undefined): Row =>
	typeof verdict === "string" ? { outcome: "discarded", reason: verdict } : { outcome: "qualified" };

/** The fields of a case that are in the verdict, in the format of the judge. */
function inShort(row: Row, verdict: Verdict | undefined): Row {
	const whole: Row = { ...row, amounts: amountsOf(row), points: row["points"] ?? 0, occurredAt: Date.parse(String(row["occurredAt"])) };
	return Object.fromEntries(Object.keys(typeof verdict === "object" ? verdict : row).map((field) => [field, whole[field]]));
}

const byId = (one: Row, other: Row): number => (String(one["id"]) < String(other["id"]) ? -1 : 1);

/** Waits until the cases, passages and counters with this tag are exactly those of the world. */
export async function expectTold(system: System, world: World, tag: string, withinMs = 20_000): Promise<void> {
	const cases = [...world.expected.values()].filter((verdict) => typeof verdict === "object").sort(byId);
	expect(cases.length).toBeGreaterThan(world.passages.length / 26);
	const mine = async (list: string): Promise<Row[]> =>
		(await system.rows(list)).filter(({ id }) => String(id).startsWith(`${tag}-`)).sort(byId);
	await eventually(async () => {
		const rows = await mine("/infractions");
		expect(rows.map((row) => inShort(row, world.expected.get(String(row["id"]))))).toEqual(cases);
	}, withinMs);
	const detections = await eventually(async () => {
		const rows = await mine("/detections");
		expect(rows).toHaveLength(world.passages.length);
		return rows;
	});
	for (const { id, status, reason } of detections)
		expect([id, { outcome: status, ...(status === "discarded" && { reason }) }]).toEqual([id, told(world.expected.get(String(id)))]);
	const count = (radar: unknown, wanted?: string): number =>
		detections.filter((row) => row["radar"] === radar && (!wanted || row["status"] === wanted)).length;
	await eventually(async () => {
		for (const { id, detections: all, qualified } of await mine("/radars"))
			expect([id, all, qualified]).toEqual([id, count(id), count(id, "qualified")]);
	});
}
