/** Random worlds: whatever the order in which passages, registrations and sales arrive, every case ends as a judge who knew everything would have decided it. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, System, type Row } from "../support/system.ts";
import { Dice } from "./random.ts";
import { amountsOf, answered } from "./scenery.ts";
import { worldOf, type Passage, type Step, type Verdict, type World } from "./world.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

/** Mixes lists into one, each keeping its own order. */
function mixed<T>(dice: Dice, lists: readonly (readonly T[])[]): T[] {
	const queues = lists.map((list) => [...list]);
	return dice.shuffle(queues.flatMap((queue) => queue.map(() => queue))).flatMap((queue) => queue.splice(0, 1));
}

const isPassage = (one: Step | Passage): one is Passage => !Array.isArray(one);
/** The same passage as another device would write it. */
const rewritten = (dice: Dice, passage: Passage): Passage => {
	const plate =
		/^[A-Z]{2}-\d{3}-[A-Z]{2}$/.test(passage.plate) && passage.country === "FR" && dice.chance(0.5)
			? passage.plate.replaceAll("-", "").toLowerCase()
			: passage.plate;
	const local = new Date(Date.parse(passage.capturedAt) + 7_200_000).toISOString().replace("Z", "+02:00");
	return { ...passage, plate, capturedAt: dice.chance(0.5) ? local : passage.capturedAt };
};

const told = (verdict: Verdict | undefined): Row =>
	typeof verdict === "string" ? { outcome: "discarded", reason: verdict } : { outcome: "qualified" };

async function take(step: Step): Promise<void> {
	const answer = await system.post(...step);
	if (answer.status !== 200 && answer.status !== 201)
		throw new Error(`POST ${step[0]} ${JSON.stringify(step[1])}: ${answer.status} ${answer.text}`);
}

/** Sends a world: radars and owners first, then everything else in random order, passages one by one or in bulk, some of them again. */
async function live(world: World, dice: Dice): Promise<void> {
	for (const step of mixed(dice, world.first)) await take(step);
	const again = world.passages.filter(() => dice.chance(0.2));
	const passages = [...world.passages, ...again].map((passage) => [rewritten(dice, passage)]);
	let bulk: Passage[] = [];
	const flush = async (): Promise<void> => {
		const { body } = answered(200, await system.ndjson(bulk));
		expect(body).toMatchObject({ received: bulk.length, refused: 0, errors: [] });
		expect(Number(body["recorded"]) + Number(body["duplicates"])).toBe(bulk.length);
		bulk = [];
	};
	for (const next of mixed<Step | Passage>(dice, [...world.then, ...passages])) {
		if (isPassage(next) && dice.chance(0.6)) bulk.push(next);
		else if (isPassage(next)) {
			const answer = await system.post("/detections", next);
			expect([200, 201]).toContain(answer.status);
			expect(answer.body).toMatchObject({ id: next.id, ...told(world.expected.get(next.id)) });
		} else await take(next);
		if (dice.chance(0.1)) await flush();
	}
	await flush();
}

/** The fields of a case the judge speaks of, in the judge's writing. */
function inShort(row: Row, verdict: Verdict | undefined): Row {
	const whole: Row = { ...row, amounts: amountsOf(row), points: row["points"] ?? 0, occurredAt: Date.parse(String(row["occurredAt"])) };
	return Object.fromEntries(Object.keys(typeof verdict === "object" ? verdict : row).map((field) => [field, whole[field]]));
}

const byId = (one: Row, other: Row): number => (String(one["id"]) < String(other["id"]) ? -1 : 1);

describe("a world", () => {
	const seeds = [1, 2, 3, 4];
	const orders = [1, 2];
	const worlds = seeds.flatMap((seed) => orders.map((order) => [seed, order] as const));

	it.each(worlds)(
		"of seed %i told in order %i ends as the judge says",
		async (seed, order) => {
			const tag = `w${seed}-${order}`;
			const world = worldOf(seed, seed * 100 + order, tag, 1000 * seed + 100 * order);
			await live(world, new Dice(seed * 1000 + order));
			const cases = [...world.expected.values()].filter((verdict) => typeof verdict === "object").sort(byId);
			expect(cases.length).toBeGreaterThan(10);
			const mine = async (list: string): Promise<Row[]> =>
				(await system.rows(list)).filter(({ id }) => String(id).startsWith(`${tag}-`)).sort(byId);
			await eventually(async () => {
				const rows = await mine("/infractions");
				expect(rows.map((row) => inShort(row, world.expected.get(String(row["id"]))))).toEqual(cases);
			}, 20_000);
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
		},
		120_000,
	);

	it("all together, started again, is the same world", async () => {
		const before = await Promise.all(["/infractions", "/radars"].map((list) => system.rows(list)));
		await system.restart();
		expect(await Promise.all(["/infractions", "/radars"].map((list) => system.rows(list)))).toEqual(before);
	}, 120_000);
});
