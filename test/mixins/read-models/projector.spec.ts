/** Projector - its rows always equal those of a replay (DESIGN §5, LAW 6 and 7). */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Projector, tableOf } from "../../../mixins/read-models/projector.ts";
import type { Commit } from "../../../store/log.ts";
import type { Row, RowStore, Table } from "../../../store/rows.ts";
import { SqliteRowStore } from "../../../store/sqlite/rows.ts";
import { query } from "../../support/cars.ts";
import { Folder } from "../../support/folder.ts";
import { MemoryRowStore } from "../../support/memory-rows.ts";
import { type Event, logsOf, things } from "../../support/shop.ts";
import { tailOf } from "../../support/commits.ts";

const event: fc.Arbitrary<Event> = fc.record({
	log: fc.constantFrom("shop", "web"),
	what: fc.constantFrom("made", "renamed", "priced", "sold", "sold", "sold", "label", "torn", "both"),
	id: fc.constantFrom("a", "a", "b", "c"),
	amount: fc.integer({ min: 1, max: 9 }),
});
const labelled = ({ what, id, ...rest }: Event): Event => ({ ...rest, what, id: what === "label" || what === "torn" ? `label-${id}` : id });
const events = fc.array(event.map(labelled), { maxLength: 25, size: "max" });
const LOGS = ["shop", "web"] as const;
const CLOCK = "2026-03-02T00:00:00.000Z";

/** A projector with its position in each log. */
class Reader {
	readonly projector: Projector;
	readonly logs: ReturnType<typeof logsOf>;
	readonly #at = { shop: 0, web: 0 };

	constructor(table: Table, logs: ReturnType<typeof logsOf>) {
		this.projector = new Projector(things, table, () => CLOCK);
		this.logs = logs;
	}
	/** Handles the next `count` commits of a log; the position stays if the store fails. */
	async take(log: Event["log"], count: number): Promise<void> {
		const commits: Commit[] = this.logs[log].slice(this.#at[log], this.#at[log] + count);
		if (commits.length === 0) return;
		const from = tailOf(this.logs[log].slice(0, this.#at[log]));
		const taken = await this.projector.take({ context: log, partition: 0, log: { name: `${log}:0` } }, commits, from).catch(() => from);
		this.#at[log] = taken.position;
	}
	get done(): boolean {
		return LOGS.every((log) => this.#at[log] === this.logs[log].length);
	}
	async finish(): Promise<void> {
		for (let tries = 0; !this.done; tries++) {
			if (tries > 50) throw new Error("the projector does not reach the end");
			for (const log of LOGS) await this.take(log, 1000);
		}
	}
}

/** Rows without `rev`, which a replay need not repeat. */
async function rowsOf(table: Table): Promise<Omit<Row, "rev">[]> {
	const rows = await table.load(["a", "b", "c", "label-a", "label-b", "label-c"]);
	return [...rows.values()].map(({ rev: _rev, ...row }) => row).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
async function replayed(logs: ReturnType<typeof logsOf>): Promise<{ rows: Omit<Row, "rev">[]; table: Table }> {
	const table = await new MemoryRowStore().open(tableOf(things));
	const reader = new Reader(table, logs);
	for (const log of LOGS) for (const _each of logs[log]) await reader.take(log, 1);
	return { rows: await rowsOf(table), table };
}

describe.each(["memory", "SQLite"])("a projector on rows in %s", (kind) => {
	const folder = new Folder();
	let store: RowStore;
	let tables = 0;
	beforeAll(() => {
		store = kind === "memory" ? new MemoryRowStore() : new SqliteRowStore(folder.file("rows.db"));
	});
	afterAll(async () => {
		await store.close();
		folder.remove();
	});
	const fresh = () => store.open({ ...tableOf(things), name: `things-${++tables}` });

	it("has the same rows for any batches in any order of the logs", async () => {
		const cut = fc.tuple(fc.constantFrom(...LOGS), fc.integer({ min: 1, max: 9 }));
		await fc.assert(
			fc.asyncProperty(events, fc.array(cut, { maxLength: 20 }), async (happened, cuts) => {
				const logs = logsOf(happened);
				const table = await fresh();
				const reader = new Reader(table, logs);
				for (const [log, count] of cuts) await reader.take(log, count);
				await reader.finish();
				const replay = await replayed(logs);
				expect(await rowsOf(table)).toEqual(replay.rows);
				expect(await table.count({})).toBe(await replay.table.count({}));
				expect(await table.checkpoints()).toEqual(await replay.table.checkpoints());
			}),
			{ numRuns: 60 },
		);
	});

	it("has the same rows when two projectors share one table", async () => {
		const turn = fc.record({ who: fc.nat(1), log: fc.constantFrom(...LOGS), count: fc.integer({ min: 1, max: 3 }), atOnce: fc.boolean() });
		await fc.assert(
			fc.asyncProperty(events, fc.array(turn, { maxLength: 25, size: "max" }), async (happened, plan) => {
				const logs = logsOf(happened);
				const table = await fresh();
				const readers = [new Reader(table, logs), new Reader(table, logs)];
				let under: Promise<unknown>[] = [];
				let busy = new Set<number>();
				for (const { who, log, count, atOnce } of plan) {
					if (!atOnce || busy.has(who)) {
						await Promise.all(under);
						[under, busy] = [[], new Set()];
					}
					busy.add(who);
					under.push(readers[who]?.take(log, count) ?? Promise.resolve());
				}
				await Promise.all(under);
				for (const reader of readers) await reader.finish();
				const replay = await replayed(logs);
				expect(await rowsOf(table)).toEqual(replay.rows);
				expect(await table.count({})).toBe(await replay.table.count({}));
			}),
			{ numRuns: 60 },
		);
	});

	it("resumes at the checkpoint of a faster one", async () => {
		const logs = logsOf(Array.from({ length: 6 }, (_, i): Event => ({ log: "shop", what: "sold", id: "a", amount: i + 1 })));
		const table = await fresh();
		const [fast, slow] = [new Projector(things, table, () => CLOCK), new Projector(things, table, () => CLOCK)];
		const take = async (projector: Projector, from: number, to?: number): Promise<number> => {
			const shop = { context: "shop", partition: 0, log: { name: "shop:0" } };
			return (await projector.take(shop, logs.shop.slice(from, to), tailOf(logs.shop.slice(0, from)))).position;
		};
		expect(await take(slow, 0, 1)).toBe(1);
		expect(await take(fast, 0, 1)).toBe(1);
		expect(await take(fast, 1, 5)).toBe(5);
		expect(await take(slow, 1, 3)).toBe(5);
		expect(await take(slow, 5)).toBe(6);
		expect((await table.load(["a"])).get("a")?.data).toEqual({ sold: 21 });
	});

	it("keeps changes that another projector made from another log", async () => {
		const sold = (log: Event["log"], count: number) =>
			Array.from({ length: count }, (): Event => ({ log, what: "sold", id: "a", amount: 1 }));
		const logs = logsOf([...sold("shop", 3), ...sold("web", 2)]);
		const table = await fresh();
		const [here, there] = [new Reader(table, logs), new Reader(table, logs)];
		await here.take("shop", 1);
		await here.take("shop", 1); // keeps the row in memory
		await there.take("web", 1);
		await here.take("shop", 1);
		await there.take("web", 1);
		await Promise.all([here.finish(), there.finish()]);
		expect((await table.load(["a"])).get("a")?.data).toEqual({ sold: 5 });
	});

	it("finds and counts only the rows it shows", async () => {
		const made = (id: string): Event => ({ log: "shop", what: "made", id, amount: 4 });
		const table = await fresh();
		const logs = logsOf([{ log: "shop", what: "sold", id: "a", amount: 2 }, made("b"), { log: "shop", what: "sold", id: "b", amount: 2 }]);
		const reader = new Reader(table, logs);
		await reader.finish();
		expect(await table.get("a")).toBeNull();
		const [found] = await table.find(query({ filters: { name: "b!" } }));
		expect(found && reader.projector.shown(found)).toEqual({ row: { id: "b", version: 1, name: "b!", price: 4, sold: 2 }, rev: 1 });
		expect([await table.count({}), await table.count({ name: "b!" })]).toEqual([1, 1]);
	});
});
