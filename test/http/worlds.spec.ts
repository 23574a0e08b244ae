/** Random worlds: passages, registrations and sales may arrive in any order; every case ends as a judge who knows everything decides it. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { System } from "../support/system.ts";
import { Dice } from "./random.ts";
import { answered } from "./scenery.ts";
import { expectTold, mixed, rewritten, told } from "./telling.ts";
import { worldOf, type Passage, type Step, type World } from "./world.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const isPassage = (one: Step | Passage): one is Passage => !Array.isArray(one);
async function take(step: Step): Promise<void> {
	const answer = await system.post(...step);
	if (answer.status !== 200 && answer.status !== 201)
		throw new Error(`POST ${step[0]} ${JSON.stringify(step[1])}: ${answer.status} ${answer.text}`);
}

/** Sends a world: radars and owners first, then everything else in random order, passages one by one or in bulk, some of them twice. */
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

describe("a world", () => {
	const seeds = [1, 2, 3, 4];
	const orders = [1, 2];
	const worlds = seeds.flatMap((seed) => orders.map((order) => [seed, order] as const));

	it.each(worlds)("of seed %i sent in order %i ends as the judge says", async (seed, order) => {
		const tag = `w${seed}-${order}`;
		const world = worldOf(seed, seed * 100 + order, tag, 1000 * seed + 100 * order);
		await live(world, new Dice(seed * 1000 + order));
		await expectTold(system, world, tag);
	});

	it("has the same rows after a restart", async () => {
		const before = await Promise.all(["/infractions", "/radars"].map((list) => system.rows(list)));
		await system.restart();
		expect(await Promise.all(["/infractions", "/radars"].map((list) => system.rows(list)))).toEqual(before);
	});
});
