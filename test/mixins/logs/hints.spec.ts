/** Hints - hints between nodes only affect when a commit is seen, also if they are lost, doubled, late, reordered or forged (DESIGN §5, LAW 6). */
import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Projector, tableOf } from "../../../mixins/read-models/projector.ts";
import { ContextLog } from "../../../mixins/logs/context-log.ts";
import type { Commit } from "../../../store/log.ts";
import { MemoryRowStore } from "../../support/memory-rows.ts";
import { ScriptedLog } from "../../support/scripted-log.ts";
import { logsOf, things } from "../../support/shop.ts";
import { restless, turns } from "../../support/turns.ts";

const CLOCK = "2026-03-02T00:00:00.000Z";
const COUNT = 40;
const SOLD = Array.from(
	{ length: COUNT },
	(_, n) => ({ log: "shop", what: "sold", id: "abc".charAt(n % 3), amount: 1 + (n % 9) }) as const,
);
const COMMITS: readonly Commit[] = logsOf(SOLD).shop;

/** A node that follows a log of other writers, and gets the hints that the test sends. */
class Node {
	readonly log = new ScriptedLog(undefined, { name: "shop:0" });
	readonly #looks: (() => void)[] = [];
	readonly from = new ContextLog([this.log], {
		...restless,
		later: (_ms, run) => (this.#looks.push(run), () => undefined),
		wait: () => turns(1),
	});
	readonly rows = new MemoryRowStore();
	readonly stopped: Error[] = [];
	projector: Projector | null = null;

	async start(): Promise<void> {
		this.projector = new Projector(things, await this.rows.open(tableOf(things)), () => CLOCK);
		await this.projector.start([{ context: "shop", partition: 0, log: this.log, contextLog: this.from }], (error) =>
			this.stopped.push(error),
		);
		await turns(12);
	}
	/** Appends as another node. */
	write(count: number): Commit[] {
		const at = this.log.shelf.commits.length;
		const next = COMMITS.slice(at, at + count);
		this.log.shelf.put(next);
		return next;
	}
	/** Delivers a hint of commits, or of any position, true or not. */
	hear(told: readonly Commit[] | number): void {
		this.from.hinted("shop:0", typeof told === "number" ? told : (told.at(-1)?.position ?? 0));
	}
	/** Lets a second pass, so that the node polls. */
	async look(): Promise<void> {
		for (const look of this.#looks.splice(0)) look();
		await turns(30);
	}
	/** The amount of each thing sold, from the rows. */
	async sold(): Promise<Record<string, unknown>> {
		const rows = (await this.projector?.table.load(["a", "b", "c"])) ?? new Map();
		return Object.fromEntries([...rows].map(([id, { data }]) => [id, data?.sold]));
	}
	stop(): void {
		for (const follower of this.projector?.followers ?? []) void follower.stop();
	}
}
const expected = (upTo: number): Record<string, number> => {
	const sums: Record<string, number> = {};
	for (const { id, amount } of SOLD.slice(0, upTo)) sums[id] = (sums[id] ?? 0) + amount;
	return sums;
};

const open: Node[] = [];
afterEach(() => {
	for (const node of open.splice(0)) node.stop();
});
const following = async (): Promise<Node> => {
	const node = new Node();
	open.push(node);
	await node.start();
	return node;
};

describe("a read model on a node that does not write", () => {
	it("reads the commits of a hint from the log at once", async () => {
		const node = await following();
		node.hear(node.write(5));
		await turns(30);
		expect(await node.sold()).toEqual(expected(5));
	});

	it.each([1, 6, 999_999_999_999_999])(
		"ignores a forged hint of position %i, and folds the true facts at that position later",
		async (forged) => {
			const node = await following();
			node.hear(node.write(5));
			await turns(30);
			node.hear(5 + forged);
			await turns(30);
			expect(node.projector?.followers.map(({ position, known, trouble, error }) => [position, known, trouble, error])).toEqual([
				[5, 5, null, null],
			]);
			node.hear(node.write(2));
			await turns(30);
			expect(await node.sold()).toEqual(expected(7));
		},
	);

	it("reads no more often for a thousand forged hints than for a few", async () => {
		const node = await following();
		const before = node.log.looks.length;
		for (let n = 0; n < 1000; n++) node.hear(10 ** 6);
		await turns(30);
		expect(node.log.looks.length - before).toBeLessThan(5);
	});

	it("sees commits without a hint a second later", async () => {
		const node = await following();
		node.write(5);
		await turns(30);
		expect(await node.sold()).toEqual({});
		await node.look();
		expect(await node.sold()).toEqual(expected(5));
	});

	it("reads the commits of lost hints from the log", async () => {
		const node = await following();
		node.write(5);
		node.hear(node.write(5));
		await turns(30);
		expect(await node.sold()).toEqual(expected(10));
	});

	it("folds every commit once, also if hints are lost, doubled, late, reordered or forged", () =>
		fc.assert(
			fc.asyncProperty(
				fc.array(fc.record({ size: fc.integer({ min: 1, max: 6 }), times: fc.integer({ min: 0, max: 3 }), lie: fc.nat(50) }), {
					minLength: 1,
					maxLength: 12,
				}),
				fc.infiniteStream(fc.nat(20)),
				fc.boolean(),
				async (writes, chance, early) => {
					const node = await following();
					const hints: (readonly Commit[] | number)[] = [];
					const hearOne = async (): Promise<void> => {
						const [hint] = hints.splice(Number(chance.next().value) % Math.max(1, hints.length), 1);
						if (hint === undefined) return;
						node.hear(hint);
						await turns(Number(chance.next().value) % 4);
					};
					for (const { size, times, lie } of writes) {
						const commits = node.write(size);
						for (let n = 0; n < times && commits.length > 0; n++) hints.push(commits, lie);
						while (early && Number(chance.next().value) % 3 > 0 && hints.length > 0) await hearOne();
					}
					while (hints.length > 0) await hearOne();
					await node.look();
					expect(await node.sold()).toEqual(expected(node.log.shelf.commits.length));
					expect(node.projector?.followers.map(({ position, error }) => [position, error])).toEqual([
						[node.log.shelf.commits.length, null],
					]);
					expect(node.stopped).toEqual([]);
				},
			),
			{ numRuns: 200 },
		));
});
