/** WriteBehind - delayed rows are readable at once, are written together with their checkpoint, and survive failures of the store. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Mutex } from "../../../mixins/following/folding.ts";
import { WriteBehind } from "../../../mixins/processes/write-behind.ts";
import { checkpointOf, type RowStore } from "../../../store/rows.ts";
import { SqliteRowStore } from "../../../store/sqlite/rows.ts";
import { becomes, CARS } from "../../support/cars.ts";
import { Folder } from "../../support/folder.ts";
import { FaultyTable, MemoryRowStore, type SaveMishap } from "../../support/memory-rows.ts";
import { turns } from "../../support/turns.ts";
import { tail } from "../../support/commits.ts";

const COLOURS = ["red", "blue", "green"];
const IDS = ["a", "b", "c"];

/** A follower of a log whose facts each paint one car; it resumes at the stored checkpoint when another process was faster. */
class Painter {
	readonly table: FaultyTable;
	readonly rows: WriteBehind;
	readonly #mutex = new Mutex();
	position = 0;
	#resumed: number | null = null;

	constructor(table: FaultyTable) {
		this.table = table;
		this.rows = new WriteBehind(
			table,
			(task) => this.#mutex.run(task),
			(checkpoints) => (this.#resumed = checkpointOf(checkpoints, "log:0").position),
		);
	}
	/** Handles the next `count` facts; after a failure the position stays, so that they are handled again. */
	async take(count: number): Promise<void> {
		await this.#mutex
			.run(async () => {
				this.position = this.#resumed ?? this.position;
				this.#resumed = null;
				const [from, to] = [this.position, this.position + count];
				for (const fact of Array.from({ length: count }, (_, i) => from + i + 1)) {
					const id = IDS[fact % IDS.length] ?? "";
					const row = (await this.rows.load([id])).get(id);
					if (!row) throw new Error("load must return a blank row");
					const size = Number((row.data as { size?: number } | null)?.size ?? 0) + 1; // our own rows
					await this.rows.put([becomes(row, { colour: COLOURS[((fact * 7) % 5) % 3] ?? "", size })], {
						partition: "log:0",
						from: tail(fact - 1),
						to: tail(fact),
					});
				}
				this.position = to;
			})
			.catch(() => undefined);
	}
	/** Resolves to whether everything put is written. */
	flush(): Promise<boolean> {
		return this.#mutex
			.run(() => this.rows.flush())
			.then(
				() => true,
				() => false,
			);
	}
	async finish(last: number): Promise<void> {
		this.table.script.length = 0;
		for (let tries = 0; tries < 30; tries++) {
			await this.flush();
			const at = this.#resumed ?? this.position;
			if (at === last && checkpointOf(await this.table.checkpoints(), "log:0").position === last) return;
			await this.take(Math.max(0, last - at));
		}
		throw new Error("does not get to the end");
	}
}

describe.each(["memory", "SQLite"])("delayed rows in %s", (kind) => {
	let folder: Folder;
	let store: RowStore;
	let table: FaultyTable;
	let tables = 0;
	beforeEach(async () => {
		folder = new Folder();
		store = kind === "memory" ? new MemoryRowStore() : new SqliteRowStore(folder.file("rows.db"));
		table = await fresh();
	});
	afterEach(async () => {
		await store.close();
		folder.remove();
	});
	const fresh = async () => new FaultyTable(await store.open({ ...CARS, name: `cars-${++tables}` }));
	const sizes = async (on: FaultyTable) => [...(await on.inner.load(IDS)).values()].map(({ columns }) => columns?.[1]);

	it("are readable before they are written", async () => {
		const painter = new Painter(table);
		await painter.take(4);
		expect(await sizes(table)).toEqual([]);
		expect((await painter.rows.load(["b"])).get("b")?.data).toMatchObject({ size: 2 });
		expect(await painter.flush()).toBe(true);
		expect(await sizes(table)).toEqual([1, 2, 1]);
	});

	it("need one write for several changes, and keep the totals", async () => {
		const painter = new Painter(table);
		await painter.take(30);
		await painter.flush();
		expect(table.saves).toEqual([[{ partition: "log:0", from: tail(0), to: tail(30) }]]);
		await painter.take(30);
		await painter.flush();
		expect(await sizes(table)).toEqual([20, 20, 20]);
		expect(await table.count({})).toBe(3);
	});

	it("are not reported as written after a failed write, and are written with the next one", async () => {
		const painter = new Painter(table);
		const release = table.hold();
		table.script.push("rejected");
		await painter.take(1);
		const first = painter.flush();
		await turns(2);
		const second = painter.flush(); // writes the restored rows
		release();
		expect([await first, await second]).toEqual([false, true]);
		await painter.finish(1);
		expect(await sizes(table)).toEqual([1]);
	});

	it("that change during a failed write are not lost", async () => {
		const painter = new Painter(table);
		const release = table.hold();
		table.script.push("rejected");
		await painter.take(1);
		const flushed = painter.flush();
		await turns(2);
		const row = (await painter.rows.load(["b"])).get("b"); // read during the write
		release();
		expect(await flushed).toBe(false);
		if (row) await painter.rows.put([becomes(row, { colour: "blue", size: 7 })]); // a refusal, parked
		await painter.finish(5);
		expect((await sizes(table)).length).toBe(3);
		expect(await table.checkpoints()).toEqual({ "log:0": tail(5) });
		for (const colour of COLOURS)
			expect(await table.count({ colour })).toBe(
				(await table.find({ filters: { colour }, sort: "id", descending: false, limit: 9 })).length,
			);
		expect(await table.count({})).toBe(3);
	});

	it("resume at the checkpoint of a faster process, also if it cannot be read at first", async () => {
		const painter = new Painter(table);
		await painter.take(1);
		await painter.flush();
		const other = new Painter(new FaultyTable(table.inner));
		other.position = 1;
		await other.take(1);
		await other.flush();
		await painter.take(3);
		const read = table.checkpoints;
		table.checkpoints = () => Promise.reject(new Error("the rows cannot be read"));
		expect(await painter.flush()).toBe(false);
		table.checkpoints = read;
		expect(await painter.flush()).toBe(true);
		await painter.finish(5); // lost facts are handled again
		expect(await sizes(table)).toEqual([1, 2, 2]);
	});

	it("end in the same state after any failures, lost answers and writes of other processes", async () => {
		const act = fc.oneof(
			fc.record({ take: fc.integer({ min: 1, max: 4 }) }),
			fc.record({ flush: fc.constantFrom("and wait", "go on") }),
			fc.record({ save: fc.constantFrom<SaveMishap>("rejected", "lost") }),
			fc.record({ turns: fc.integer({ min: 1, max: 5 }) }),
			fc.record({ other: fc.integer({ min: 1, max: 4 }) }),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(act, { maxLength: 25, size: "max" }), async (acts) => {
				const own = await fresh();
				const painter = new Painter(own);
				const under: Promise<unknown>[] = [];
				for (const one of acts) {
					if ("take" in one) await painter.take(one.take);
					else if ("save" in one) own.script.push(one.save);
					else if ("turns" in one) await turns(one.turns);
					else if ("other" in one) {
						const other = new Painter(new FaultyTable(own.inner)); // another process, from the stored checkpoint
						other.position = checkpointOf(await own.inner.checkpoints(), "log:0").position;
						await other.take(one.other);
						await other.flush();
					} else {
						const flushed = painter.flush();
						if (one.flush === "and wait") await flushed;
						else under.push(flushed);
					}
				}
				await Promise.all(under);
				const last = Math.max(painter.position, checkpointOf(await own.inner.checkpoints(), "log:0").position) + 3;
				await painter.finish(last);
				const plain = new Painter(await fresh());
				await plain.finish(last);
				expect(await sizes(own)).toEqual(await sizes(plain.table));
				for (const colour of COLOURS) expect(await own.count({ colour })).toBe(await plain.table.count({ colour }));
				expect(await own.count({})).toBe(3);
			}),
			{ numRuns: kind === "memory" ? 150 : 40 },
		);
	});
});
