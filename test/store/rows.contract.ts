/** RowsContract - the tests that every store of read models and process rows has to pass (DESIGN §5). */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { blank, type Row, type RowStore, type Table } from "../../store/rows.ts";
import { becomes, CARS, drive, idsOf, query } from "../support/cars.ts";
import { tail } from "../support/commits.ts";

/** The store of one test; a second `open` simulates a restart or another process. */
export interface RowsPlace {
	open(): RowStore;
	remove(): void | Promise<void>;
}

export function rowsContract(name: string, makePlace: () => RowsPlace): void {
	describe(`the rows of ${name}`, () => {
		let place: RowsPlace;
		let store: RowStore;
		let table: Table;
		beforeEach(async () => {
			place = makePlace();
			store = place.open();
			table = await store.open(CARS);
		});
		afterEach(async () => {
			await store.close();
			await place.remove();
		});
		const row = async (id: string): Promise<Row> => (await table.load([id])).get(id) ?? blank(id);

		it("have no owner until an installation adopts them, and remember it", async () => {
			expect(await store.installation()).toBeNull();
			await store.adoptInstallation("one");
			const again = place.open();
			expect(await again.installation()).toBe("one");
			await again.adoptInstallation("other");
			expect(await store.installation()).toBe("other");
			await again.close();
		});

		describe("in generations", () => {
			const at = "2026-03-01T00:00:00.000Z";
			const states = async () => (await store.generations("cars")).map(({ number, state }) => `${number} ${state}`);

			it("do not exist until one is created; the first is live at once, the next is building", async () => {
				expect(await store.generations("cars")).toEqual([]);
				expect(await store.begin(CARS, "old", at)).toEqual({ number: 1, state: "live", spec: CARS, code: "old", begun: at });
				const next = await store.begin({ ...CARS, columns: ["colour"] }, "new", at);
				expect(next).toMatchObject({ number: 2, state: "building", code: "new", spec: { name: "cars@2", columns: ["colour"] } });
				expect(await store.generations("cars")).toEqual([expect.objectContaining({ number: 1 }), next]);
				expect(await store.generations("vans")).toEqual([]);
			});

			it("have one live first generation for all concurrent callers", async () => {
				const openers = [store, ...Array.from({ length: 3 }, () => place.open())];
				expect(await Promise.all(openers.map((opener) => opener.generations("cars")))).toEqual([[], [], [], []]);
				const found = await Promise.all(openers.map((opener, i) => opener.liveGeneration(CARS, `code ${i}`, at)));
				const [first] = found;
				expect(first).toMatchObject({ number: 1, state: "live", spec: CARS, begun: at });
				expect(found).toEqual(openers.map(() => first));
				expect(await store.generations("cars")).toEqual([first]);
				for (const opener of openers.slice(1)) await opener.close();
			});

			it("return the existing live one, whatever its number", async () => {
				const first = await store.liveGeneration(CARS, "old", at);
				expect(await store.liveGeneration({ ...CARS, columns: [] }, "new", at)).toEqual(first);
				const next = await store.begin(CARS, "new", at);
				expect(await store.liveGeneration(CARS, "new", at)).toEqual(first);
				await store.promote("cars", 2);
				await store.remove("cars", 1);
				expect(await store.liveGeneration(CARS, "old", at)).toEqual({ ...next, state: "live" });
				expect(await states()).toEqual(["2 live"]);
				await store.adopt("cars", []);
				expect(await store.liveGeneration(CARS, "old", at)).toMatchObject({ state: "live", code: "old" });
				expect(await store.generations("cars")).toHaveLength(1);
			});

			it("have rows and checkpoints of their own", async () => {
				await store.begin(CARS, "", at);
				const { spec } = await store.begin(CARS, "", at);
				const beside = await store.open(spec);
				await drive(table, { a: { colour: "red" } });
				expect([await beside.checkpoints(), await beside.count({}), await beside.get("a")]).toEqual([{}, 0, null]);
				await drive(beside, { a: { colour: "blue" }, b: { colour: "blue" } });
				expect([await table.count({ colour: "red" }), await table.count({}), await beside.count({ colour: "blue" })]).toEqual([1, 1, 2]);
			});

			it("are promoted atomically, and back", async () => {
				await store.begin(CARS, "", at);
				await store.begin(CARS, "", at);
				expect(await store.promote("cars", 2)).toBe(true);
				expect(await states()).toEqual(["1 kept", "2 live"]);
				expect(await store.promote("cars", 2)).toBe(true);
				expect(await store.promote("cars", 1)).toBe(true);
				expect(await states()).toEqual(["1 live", "2 kept"]);
				expect(await store.promote("cars", 3)).toBe(false);
				expect(await states()).toEqual(["1 live", "2 kept"]);
			});

			it("are removed with their rows and checkpoints, but never the live one", async () => {
				await store.begin(CARS, "", at);
				const { spec } = await store.begin(CARS, "", at);
				await drive(await store.open(spec), { a: { colour: "red" } });
				expect(await store.remove("cars", 1)).toBe(false);
				expect(await store.remove("cars", 2)).toBe(true);
				expect(await store.remove("cars", 2)).toBe(false);
				expect(await states()).toEqual(["1 live"]);
				const again = await store.open((await store.begin(CARS, "", at)).spec);
				expect([await again.checkpoints(), await again.count({}), (await again.load(["a"])).size]).toEqual([{}, 0, 0]);
			});

			it("do not include other tables, which are discarded with their content, even if missing", async () => {
				const spec = { ...CARS, name: "cars~check" };
				await store.discard(spec.name);
				await drive(await store.open(spec), { a: { colour: "red" } });
				await drive(table, { a: { colour: "red" } });
				await store.discard(spec.name);
				await store.discard(spec.name);
				const again = await store.open(spec);
				expect([await again.checkpoints(), await again.count({}), (await again.load(["a"])).size]).toEqual([{}, 0, 0]);
				expect(await table.count({})).toBe(1);
			});

			it("are replaced by those of another store, and the rows of all others are removed", async () => {
				const one = await store.begin(CARS, "old", at);
				await drive(table, { a: { colour: "red" } });
				const three = { number: 3, state: "live", spec: { ...CARS, name: "cars@3", columns: ["size"] }, code: "new", begun: at } as const;
				await drive(await store.open({ ...CARS, name: "cars@3" }), { b: { colour: "red" } });
				await store.adopt("cars", [{ ...one, state: "kept" }, three]);
				expect(await store.generations("cars")).toEqual([{ ...one, state: "kept" }, three]);
				expect([await table.count({}), await (await store.open({ ...CARS, name: "cars@3" })).count({})]).toEqual([1, 1]);
				await store.adopt("cars", [three]);
				expect(await store.generations("cars")).toEqual([three]);
				table = await store.open(CARS);
				expect([await table.checkpoints(), await table.count({}), (await table.load(["a"])).size]).toEqual([{}, 0, 0]);
				expect(await store.begin(CARS, "next", at)).toMatchObject({ number: 4, state: "building", spec: { name: "cars@4" } });
				await store.adopt("cars", []);
				expect(await store.generations("cars")).toEqual([]);
			});

			it("are scanned completely, including hidden and deleted rows", async () => {
				await drive(table, { a: { colour: "red" }, b: {}, c: { colour: "blue" } });
				await table.save([{ before: await row("c"), after: { ...(await row("c")), data: null, columns: null } }], []);
				const first = await table.scan("", 2);
				expect(first.map(({ id }) => id)).toEqual(["a", "b"]);
				expect(await table.scan("b", 2)).toEqual([await row("c")]);
				expect((await row("c")).data).toBeNull();
			});
		});

		describe("written", () => {
			it("are none at first", async () => {
				expect(await table.checkpoints()).toEqual({});
				expect((await table.load(["a"])).size).toBe(0);
				expect((await table.load([])).size).toBe(0);
				expect(await table.get("a")).toBeNull();
				expect(await table.find(query())).toEqual([]);
				expect(await table.count({})).toBe(0);
			});

			it("are read back unchanged, with the next revision", async () => {
				const change = becomes(blank("a"), { colour: "réd 'n' \"blue\"", size: 1.5, day: "2026-03-01", due: "2026-04-01" });
				expect(await table.save([change], [{ partition: "cars:0", from: tail(0), to: tail(7) }])).toBe(true);
				expect(await row("a")).toEqual({ ...change.after, rev: 1 });
				expect(await table.get("a")).toEqual({ ...change.after, rev: 1 });
				expect(await table.checkpoints()).toEqual({ "cars:0": tail(7) });
			});

			it("change together with the checkpoint or not at all", async () => {
				await drive(table, { a: { colour: "red" } });
				const before = await row("a");
				for (const from of [0, 2]) {
					const changes = [becomes(before, { colour: "blue" }), becomes(blank("b"), { colour: "blue" })];
					expect(await table.save(changes, [{ partition: "cars:0", from: tail(from), to: tail(9) }])).toBe(false);
				}
				expect(await row("a")).toEqual(before);
				expect(await table.get("b")).toBeNull();
				expect(await table.checkpoints()).toEqual({ "cars:0": tail(1) });
				expect([await table.count({}), await table.count({ colour: "red" }), await table.count({ colour: "blue" })]).toEqual([1, 1, 0]);
			});

			it("move several checkpoints together, each only from its current place", async () => {
				const both = (first: number, second: number, to: number) => [
					{ partition: "cars:0", from: tail(first), to: tail(to) },
					{ partition: "cars:1", from: tail(second), to: tail(to + 100) },
				];
				expect(await table.save([becomes(blank("a"), { colour: "red" })], both(0, 0, 5))).toBe(true);
				expect(await table.save([becomes(await row("a"), { colour: "blue" })], both(5, 5, 6))).toBe(false);
				expect(await table.save([becomes(await row("a"), { colour: "blue" })], both(4, 105, 6))).toBe(false);
				expect(await table.checkpoints()).toEqual({ "cars:0": tail(5), "cars:1": tail(105) });
				expect((await row("a")).columns).toEqual(["red", null, null]);
				expect(await table.save([], both(5, 105, 6))).toBe(true);
				expect(await table.checkpoints()).toEqual({ "cars:0": tail(6), "cars:1": tail(106) });
			});

			it("may be saved without moving any checkpoint", async () => {
				expect(await table.save([becomes(blank("a"), { colour: "red" })], [])).toBe(true);
				expect(await table.save([], [])).toBe(true);
				expect(await table.checkpoints()).toEqual({});
				expect((await row("a")).rev).toBe(1);
			});

			it("with the same columns, with other columns, and new can be in one save", async () => {
				await drive(table, { same: { colour: "red", size: 1 }, moved: { colour: "red", size: 2 } });
				await drive(table, { same: { colour: "red", size: 1 }, moved: { colour: "blue", size: 2 }, fresh: { colour: "blue" } });
				expect(idsOf(await table.find(query({ filters: { colour: "blue" } })))).toEqual(["fresh", "moved"]);
				expect((await row("same")).at).toEqual({ "cars:0": 2 });
				expect([(await row("same")).rev, (await row("moved")).rev, (await row("fresh")).rev]).toEqual([2, 2, 1]);
				expect(await table.count({ colour: "red" })).toBe(1);
			});

			it("are refused if another process wrote one of them since it was loaded", async () => {
				await drive(table, { a: { size: 1 }, b: { size: 1 } });
				const stale = await row("a");
				expect(await table.save([becomes(stale, { size: 2 })], [{ partition: "cars:1", from: tail(0), to: tail(1) }])).toBe(true);
				const late = [becomes(await row("b"), { size: 3 }), becomes(stale, { size: 3 })];
				expect(await table.save(late, [{ partition: "cars:2", from: tail(0), to: tail(1) }]).catch(() => false)).toBe(false);
				expect((await row("a")).columns?.[1]).toBe(2);
				expect(table.atomic ? [1] : [1, 3]).toContain((await row("b")).columns?.[1]); // without a transaction each row is written independently
				expect(await table.checkpoints()).toEqual({ "cars:0": tail(1), "cars:1": tail(1) });
			});

			it("created by two processes at once are written by one", async () => {
				expect(await table.save([becomes(blank("a"), { colour: "red" })], [{ partition: "cars:0", from: tail(0), to: tail(1) }])).toBe(
					true,
				);
				const again = [becomes(blank("a"), { colour: "blue" })];
				expect(await table.save(again, [{ partition: "cars:1", from: tail(0), to: tail(1) }]).catch(() => false)).toBe(false);
				expect([await table.count({}), await table.count({ colour: "red" }), await table.count({ colour: "blue" })]).toEqual([1, 1, 0]);
				expect(await table.checkpoints()).toEqual({ "cars:0": tail(1) });
			});

			it("exist after a restart, with checkpoints and totals", async () => {
				await drive(table, { a: { colour: "red" }, b: { colour: "red", hidden: true }, c: { gone: true } });
				const kept = await table.load(["a", "b", "c"]);
				await store.close();
				store = place.open();
				table = await store.open(CARS);
				expect(await table.load(["a", "b", "c"])).toEqual(kept);
				expect(await table.checkpoints()).toEqual({ "cars:0": tail(1) });
				expect([await table.count({}), await table.count({ colour: "red" })]).toEqual([1, 1]);
			});

			it("of one table do not affect another", async () => {
				const other = await store.open({ ...CARS, name: "lorries" });
				await drive(table, { a: { colour: "red" } });
				expect(await other.checkpoints()).toEqual({});
				expect([await other.count({}), await other.count({ colour: "red" })]).toEqual([0, 0]);
				await drive(other, { a: { colour: "blue" } });
				expect((await row("a")).columns).toEqual(["red", null, null]);
				expect(await table.count({ colour: "blue" })).toBe(0);
			});
		});

		describe("refreshed", () => {
			it("change without a step, with the next revision", async () => {
				await drive(table, { a: { colour: "red" } });
				expect(await table.refresh(becomes(await row("a"), { colour: "blue" }))).toBe(true);
				expect(await row("a")).toMatchObject({ rev: 2, columns: ["blue", null, null] });
				expect(await table.checkpoints()).toEqual({ "cars:0": tail(1) });
				expect([await table.count({ colour: "red" }), await table.count({ colour: "blue" })]).toEqual([0, 1]);
			});

			it("do not change if they were written meanwhile, or do not exist", async () => {
				await drive(table, { a: { colour: "red" } });
				const stale = await row("a");
				await drive(table, { a: { colour: "green" } });
				expect(await table.refresh(becomes(stale, { colour: "blue" }))).toBe(false);
				expect(await table.refresh(becomes(blank("b"), { colour: "blue" }))).toBe(false);
				expect((await row("a")).columns).toEqual(["green", null, null]);
				expect([await table.count({}), await table.count({ colour: "blue" })]).toEqual([1, 0]);
			});

			it("are due from their instant on, earliest first, including hidden ones", async () => {
				await drive(table, { a: { due: "2026-03-03" }, b: { due: "2026-03-01", hidden: true }, c: { due: "2026-03-02" }, d: {} });
				await drive(table, { c: { gone: true } });
				expect(idsOf(await table.due("2026-02-28", 10))).toEqual([]);
				expect(idsOf(await table.due("2026-03-01", 10))).toEqual(["b"]);
				expect(idsOf(await table.due("2026-03-09", 10))).toEqual(["b", "a"]);
				expect(idsOf(await table.due("2026-03-09", 1))).toEqual(["b"]);
			});
		});
	});
}
