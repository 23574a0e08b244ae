/** Rebuild - a rebuild makes the same rows beside the live ones, shows no older rows to readers, and reports every difference. */
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { Projector, tableOf } from "../../../mixins/read-models/projector.ts";
import { Rebuild, type RebuildStep } from "../../../mixins/read-models/rebuild.ts";
import { ContextLog } from "../../../mixins/logs/context-log.ts";
import { nodeTimers } from "../../../mixins/common/timers.ts";
import type { RowStore, Table } from "../../../store/rows.ts";
import { SqliteRowStore } from "../../../store/sqlite/rows.ts";
import { Folder } from "../../support/folder.ts";
import { MemoryRowStore } from "../../support/memory-rows.ts";
import { ScriptedLog, Shelf } from "../../support/scripted-log.ts";
import { type Event, logsOf, things } from "../../support/shop.ts";
import { turns } from "../../support/turns.ts";

const NOW = "2026-03-02T00:00:00.000Z";
const LOGS = ["shop", "web"] as const;
const event: fc.Arbitrary<Event> = fc.record({
	log: fc.constantFrom(...LOGS),
	what: fc.constantFrom("made", "renamed", "priced", "sold", "sold", "both"),
	id: fc.constantFrom("a", "b", "c", "d"),
	amount: fc.integer({ min: 1, max: 9 }),
});
const sales = (count: number): Event[] =>
	Array.from({ length: count }, (_, i) => ({ log: i % 2 ? "shop" : "web", what: i % 5 ? "sold" : "renamed", id: `t${i % 70}`, amount: 1 }));

/** A shop with logs that grow step by step, a live read model, and a way to rebuild it. */
class Place {
	readonly store: RowStore;
	readonly logs: Record<(typeof LOGS)[number], ScriptedLog>;
	readonly live: Projector;

	constructor(store: RowStore, live: Table, events: readonly Event[]) {
		const made = logsOf(events);
		const log = (name: (typeof LOGS)[number]) => {
			const shelf = new Shelf();
			shelf.commits.push(...made[name]);
			return Object.assign(new ScriptedLog(shelf, { name: `${name}:0` }), { visible: 0 });
		};
		this.store = store;
		this.logs = { shop: log("shop"), web: log("web") };
		this.live = new Projector(things, live, () => NOW);
	}
	get followed() {
		return LOGS.map((context) => ({ context, partition: 0, log: this.logs[context], contextLog: new ContextLog([this.logs[context]]) }));
	}
	show(name: (typeof LOGS)[number], count: number): void {
		const log = this.logs[name];
		log.visible = Math.min(log.visible + count, log.shelf.tail.position);
		this.live.followers.find((follower) => follower.name === log.name)?.hint(log.visible);
	}
	async level(): Promise<void> {
		for (const name of LOGS) this.show(name, Infinity);
		while (!(await this.live.until(this.tails, 100))) await turns();
	}
	get tails() {
		return Object.fromEntries(LOGS.map((name) => [`${name}:0`, this.logs[name].visible]));
	}
	rebuild(table: Table, compare = true): Rebuild {
		const next = new Projector(things, table, () => NOW);
		return new Rebuild({ live: this.live, next, logs: this.followed, timers: nodeTimers, clock: () => performance.now(), compare });
	}
	async stop(): Promise<void> {
		await Promise.all(this.live.followers.map((follower) => follower.stop()));
	}
}
const rowsOf = async (table: Table) => (await table.scan("", 1000)).map(({ rev: _rev, ...row }) => row);

describe.each(["memory", "SQLite"])("a rebuild on rows in %s", (kind) => {
	let folder: Folder;
	let store: RowStore;
	let places: Place[];
	beforeEach(() => {
		folder = new Folder();
		places = [];
		store = kind === "memory" ? new MemoryRowStore() : new SqliteRowStore(folder.file("rows.db"));
	});
	afterEach(async () => {
		for (const place of places) await place.stop();
		await store.close();
		folder.remove();
	});
	let made = 0;
	const fresh = () => store.open({ ...tableOf(things), name: `things-${++made}` });
	const open = async (events: readonly Event[], following = true): Promise<Place> => {
		const place = new Place(store, await fresh(), events);
		places.push(place);
		if (following) await place.live.start(place.followed, (error) => Promise.reject(error));
		return place;
	};
	const last = async (steps: AsyncIterable<RebuildStep>): Promise<Extract<RebuildStep, { phase: "compared" }>> => {
		let found: RebuildStep | undefined;
		for await (const step of steps) found = step;
		if (found?.phase !== "compared") throw new Error("the rebuild has not finished");
		return found;
	};

	it("makes the same rows, finds no difference, and switches at equal positions", async () => {
		const place = await open(sales(9000));
		await place.level();
		const table = await fresh();
		let changes = 0;
		const change = async () => {
			changes++;
			expect(await table.checkpoints()).toEqual(await place.live.table.checkpoints());
		};
		const report = await last(place.rebuild(table).run(change));
		expect(report).toEqual({ phase: "compared", rows: 70, differing: 0, differences: [] });
		expect(changes).toBe(1);
		expect(await rowsOf(table)).toEqual(await rowsOf(place.live.table));
	});

	it("finds no difference while facts arrive, and readers see no older rows", async () => {
		const turn = fc.record({ log: fc.constantFrom(...LOGS), count: fc.integer({ min: 1, max: 5 }) });
		await fc.assert(
			fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 60 }), fc.array(turn, { maxLength: 20 }), async (events, plan) => {
				const place = await open(events);
				for (const { log, count } of plan.slice(0, plan.length / 2)) place.show(log, count);
				const table = await fresh();
				const report = last(place.rebuild(table).run(() => place.live.adopt(table)));
				for (const { log, count } of plan.slice(plan.length / 2)) {
					place.show(log, count);
					await turns(2);
				}
				expect(await report).toMatchObject({ differing: 0 });
				const seen = place.tails;
				expect(await place.live.until(seen, 2000)).toBe(true);
				expect(place.live.table).toBe(table);
				await place.level();
				const replay = await open(events);
				await replay.level();
				expect(await rowsOf(table)).toEqual(await rowsOf(replay.live.table));
			}),
			{ numRuns: kind === "memory" ? 40 : 10 },
		);
	});

	it("reports each row that differs from the log, before and after", async () => {
		const place = await open(sales(500));
		await place.level();
		await place.stop();
		const { table: live } = place.live;
		const [row] = (await live.load(["t3"])).values();
		const [gone] = (await live.load(["t4"])).values();
		if (!row || !gone) throw new Error("there are no such rows");
		await live.save(
			[
				{ before: row, after: { ...row, data: { sold: 1000 } } },
				{ before: gone, after: { ...gone, data: null, columns: null } },
			],
			[],
		);
		const table = await fresh();
		const report = await last(place.rebuild(table).run(() => place.live.adopt(table)));
		const [three] = (await table.load(["t3"])).values();
		const [four] = (await table.load(["t4"])).values();
		expect(report.differing).toBe(2);
		expect(report.differences).toEqual([
			{ id: "t3", before: { sold: 1000 }, after: three?.data },
			{ id: "t4", before: null, after: four?.data },
		]);
		expect(three?.data).toMatchObject({ sold: 8 });
	});

	it("resumes after an interruption", async () => {
		const place = await open(sales(20_000));
		await place.level();
		const table = await fresh();
		for await (const step of place.rebuild(table).run(() => place.live.adopt(table))) {
			if (step.phase === "building" && step.done > 4000) break; // a page of each log
		}
		expect(place.live.table).not.toBe(table);
		const reads = place.logs.web.looks.length;
		const dones: number[] = [];
		for await (const step of place.rebuild(table).run(() => place.live.adopt(table))) if (step.phase === "building") dones.push(step.done);
		expect(dones[0]).toBeGreaterThan(0);
		expect(place.logs.web.looks.slice(reads)[0]).toBeGreaterThan(0);
		expect(place.live.table).toBe(table);
	});

	it("writes every page once, also if later pages change the same rows", async () => {
		const place = await open(sales(40_000));
		await place.level();
		const table = await fresh();
		const save = jest.spyOn(table, "save");
		await last(place.rebuild(table).run(async () => undefined));
		const steps = save.mock.calls.flatMap(([, moved]) => moved);
		expect(steps.length).toBeGreaterThanOrEqual(10);
		expect(new Set(steps.map(({ partition, from }) => `${partition} from ${from.position}`)).size).toBe(steps.length);
		expect(await rowsOf(table)).toEqual(await rowsOf(place.live.table));
	});

	it("makes the same rows if two rebuilds run at once", async () => {
		const place = await open(sales(30_000));
		await place.level();
		const table = await fresh();
		const both = [1, 2].map(async () => last(place.rebuild(table).run(async () => undefined)));
		for (const report of await Promise.all(both)) expect(report).toMatchObject({ rows: 70, differing: 0 });
		expect(await rowsOf(table)).toEqual(await rowsOf(place.live.table));
	});

	it("finds no difference for a read model without followers", async () => {
		const place = await open(sales(300), false);
		for (const name of LOGS) place.show(name, Infinity);
		const table = await fresh();
		expect(await last(place.rebuild(table).run(() => place.live.adopt(table)))).toMatchObject({ differing: 0 });
	});

	it("without comparison brings the old rows up to date", async () => {
		const place = await open(sales(600));
		place.show("shop", 100);
		place.show("web", 100);
		while (!(await place.live.until(place.tails, 100))) await turns();
		const first = place.live.table;
		const table = await fresh();
		await last(place.rebuild(table).run(() => place.live.adopt(table)));
		await place.level();
		expect(await last(place.rebuild(first, false).run(() => place.live.adopt(first)))).toMatchObject({ rows: 0, differing: 0 });
		expect(await place.live.until(place.tails, 2000)).toBe(true);
		expect(await rowsOf(first)).toEqual(await rowsOf(table));
	});
});

describe("a reader that has seen a position", () => {
	it("waits when the read model switches to rows that have not reached the position", async () => {
		const store = new MemoryRowStore();
		const place = new Place(store, await store.open(tableOf(things)), sales(50));
		await place.live.start(place.followed, (error) => Promise.reject(error));
		await place.level();
		const older = await store.open({ ...tableOf(things), name: "older" });
		for (const name of LOGS) place.logs[name].unreadable = 3;
		await place.live.hold(() => place.live.adopt(older));
		expect(await Promise.race([place.live.until(place.tails, 10_000), turns(3).then(() => "waits")])).toBe("waits");
		expect(await place.live.until(place.tails, 10_000)).toBe(true);
		expect(await older.count({})).toBeGreaterThan(0);
		await place.stop();
	});
});
