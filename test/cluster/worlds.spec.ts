/** Random worlds through two gateways of a cluster whose processes are killed, paused and joined at random: every row ends as the judge says. */
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { Cluster, ground } from "../support/cluster.ts";
import { Dice } from "../http/random.ts";
import { historyOf } from "../http/scenery.ts";
import { expectTold, rewritten, told } from "../http/telling.ts";
import { worldOf, type Passage, type Step, type World } from "../http/world.ts";
import { Chaos } from "./chaos.ts";
import { expectPolite, Insist } from "./insist.ts";
import { expectReplayed } from "./replayed.ts";

const at = await ground();
afterAll(() => at?.mongo.stop());

/** CLUSTER_SEEDS adds more worlds. */
const seeds = (process.env["CLUSTER_SEEDS"] ?? "1").split(",").map(Number);
const SIDES = 6;

/** Runs lists of tasks on six connections, each list in its own order. */
async function inOrder(lists: readonly (readonly (() => Promise<void>)[])[]): Promise<void> {
	const waiting = [...lists];
	const side = async (): Promise<void> => {
		for (let list = waiting.pop(); list; list = waiting.pop()) for (const task of list) await task();
	};
	await Promise.all(Array.from({ length: SIDES }, side));
}

/** Sends a world, and retries until every command is acknowledged. */
async function live(world: World, client: Insist, dice: Dice, answered: () => void): Promise<void> {
	const step =
		([path, body]: Step) =>
		async (): Promise<void> => {
			const answer = await client.post(path, body);
			if (answer.status !== 200 && answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
			answered();
		};
	await inOrder(world.first.map((list) => list.map(step)));
	const again = world.passages.filter(() => dice.chance(0.2));
	const passages = dice.shuffle([...world.passages, ...again]).map((passage) => rewritten(dice, passage));
	const single = passages.filter(() => dice.chance(0.6));
	const bulk = passages.filter((passage) => !single.includes(passage));
	const bulks = Array.from({ length: Math.ceil(bulk.length / 10) }, (_, n) => bulk.slice(10 * n, 10 * n + 10));
	const tasks = [
		...world.then.map((list) => list.map(step)),
		...single.map((passage) => [() => one(passage)]),
		...bulks.map((lines) => [() => many(lines)]),
	];
	const one = async (passage: Passage): Promise<void> => {
		const { status, body, text } = await client.post("/detections", passage);
		if (status !== 200 && status !== 201) throw new Error(`${passage.id}: ${status} ${text}`);
		expect(body).toMatchObject({ id: passage.id, ...told(world.expected.get(passage.id)) });
		answered();
	};
	const many = async (lines: readonly Passage[]): Promise<void> => {
		const { status, body } = await client.ndjson(lines);
		expect([status, body]).toEqual([200, expect.objectContaining({ received: lines.length, refused: 0, errors: [] })]);
		answered();
	};
	await inOrder(dice.shuffle(tasks));
}

(at ? describe : describe.skip)("a world sent while processes are killed, paused and joined", () => {
	let cluster: Cluster | undefined;
	afterEach(() => cluster?.stop());

	it.each(seeds)("of seed %i has the rows that the judge expects, and the same rows after a rebuild", async (seed) => {
		if (!at) return;
		const running = (cluster = await Cluster.start(at));
		const dice = new Dice(seed);
		const chaos = new Chaos(running, new Dice(100 + seed), ["kill", "kill", "kill", "pause", "pause", "leave", "join"], 30);
		const client = new Insist(running.gateways.slice(0, 2), dice);
		const world = worldOf(seed, 10 * seed, `w${seed}`, 1000 * seed, 130);
		try {
			await live(world, client, dice, () => chaos.answered());
			await chaos.over();
			await running.ready();
			const [one, other] = running.gateways;
			if (!one || !other) throw new Error("two gateways were started");
			await expectTold(one, world, `w${seed}`);
			await expectTold(other, world, `w${seed}`);
			expectPolite(client);
			await expectSteps(running, world);
			expect(await running.verified()).toBeGreaterThan(50);
			await expectReplayed(running);
		} catch (error) {
			client.given = true;
			throw new Error(`${chaos.story.join("; ")}\n${running.words}`, { cause: error });
		}
	});
});

/** Expects every step of a radar in its history once. */
async function expectSteps(cluster: Cluster, world: World): Promise<void> {
	const [gateway] = cluster.gateways;
	for (const steps of world.first) {
		const [[plural, { id }] = ["", {}]] = steps;
		if (!gateway || plural !== "/radars") continue;
		const history = await historyOf(gateway, `/radars/${String(id)}`);
		const said = history.map((commit) => JSON.stringify(commit));
		for (const [path, body] of steps)
			if (path.endsWith("/calibrate"))
				expect([path, body, said.filter((text) => text.includes(`"${String(body["number"])}"`)).length]).toEqual([path, body, 1]);
	}
}
