/** ReadsContract - the tests for queries that every row store has to pass: filters, order, counts and paging (DESIGN §5, §7). */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Query, Row, RowStore, Table } from "../../store/rows.ts";
import { CARS, type Car, drive, idsOf, query } from "../support/cars.ts";
import { MemoryTable } from "../support/memory-rows.ts";
import type { RowsPlace } from "./rows.contract.ts";

const car: fc.Arbitrary<Car> = fc.record(
	{
		colour: fc.constantFrom("red", "blue", null),
		size: fc.constantFrom(1, 2, 10, "2", null),
		day: fc.constantFrom("2026-03-01", "2026-03-02", "2026-03-03", null),
		due: fc.constantFrom("2026-03-01", "2026-03-02", null),
		hidden: fc.constantFrom(false, false, true),
		gone: fc.constantFrom(false, false, false, true),
	},
	{ requiredKeys: [] },
);
const fleet = fc.array(fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e", "é", "Z", "\u{1F697}", "\uFF21"), car, { maxKeys: 5 }), {
	maxLength: 8,
});
const TOTALS: readonly Query["filters"][] = [{}, { colour: "red" }, { colour: "blue" }];
const DAYS = ["2026-03-01", "2026-03-02", "2026-03-03", null] as const;
const asked: fc.Arbitrary<Query> = fc
	.record({
		filters: fc.constantFrom<Query["filters"]>({}, { colour: "red" }, { size: 2 }, { colour: "blue", size: 2 }),
		day: fc.option(fc.record({ from: fc.constantFrom(...DAYS), to: fc.constantFrom(...DAYS) }), { nil: undefined }),
		sort: fc.constantFrom("id", "colour", "size", "day"),
		descending: fc.boolean(),
		limit: fc.integer({ min: 1, max: 6 }),
		offset: fc.constantFrom(0, 0, 2),
	})
	.map(({ day, ...rest }) => (day ? { ...rest, range: { column: "day", ...day } } : rest));

export function readsContract(name: string, makePlace: () => RowsPlace): void {
	describe(`reads of the rows of ${name}`, () => {
		let place: RowsPlace;
		let store: RowStore;
		let table: Table;
		let tables = 0;
		beforeEach(async () => {
			place = makePlace();
			store = place.open();
			table = await store.open(CARS);
		});
		afterEach(async () => {
			await store.close();
			await place.remove();
		});

		it("do not find hidden or deleted rows, and find them again once visible", async () => {
			await drive(table, { a: { colour: "red" }, b: { colour: "red", hidden: true }, c: { colour: "red" } });
			await drive(table, { c: { gone: true } });
			expect([await table.get("b"), await table.get("c")]).toEqual([null, null]);
			expect(idsOf(await table.find(query()))).toEqual(["a"]);
			expect(idsOf(await table.find(query({ filters: { colour: "red" }, sort: "colour" })))).toEqual(["a"]);
			expect([await table.count({}), await table.count({ colour: "red" })]).toEqual([1, 1]);
			expect([await table.count({ id: "a" }), await table.count({ id: "b" })]).toEqual([1, 0]);
			await drive(table, { b: { colour: "red" }, c: { colour: "blue" } });
			expect(idsOf(await table.find(query()))).toEqual(["a", "b", "c"]);
			expect([await table.count({}), await table.count({ colour: "red" }), await table.count({ colour: "blue" })]).toEqual([3, 2, 1]);
		});

		it('count the text "null", but not a missing value', async () => {
			await drive(table, { a: { colour: "null" }, b: {} });
			expect(idsOf(await table.find(query({ filters: { colour: "null" } })))).toEqual(["a"]);
			expect(await table.count({ colour: "null" })).toBe(1);
		});

		it("include the start of a range and exclude its end", async () => {
			await drive(table, Object.fromEntries(["1", "2", "3", "4"].map((day) => [day, { colour: "red", day: `2026-03-0${day}` }])));
			const within = async (from: string | null, to: string | null): Promise<string[]> =>
				idsOf(await table.find(query({ filters: { colour: "red" }, range: { column: "day", from, to }, sort: "day" })));
			expect(await within("2026-03-02", "2026-03-04")).toEqual(["2", "3"]);
			expect(await within(null, "2026-03-02")).toEqual(["1"]);
			expect(await within("2026-03-03", null)).toEqual(["3", "4"]);
			expect(await within(null, null)).toEqual(["1", "2", "3", "4"]);
			expect(await within("2026-03-02", "2026-03-02")).toEqual([]);
		});

		it("order equal values by id, ascending and descending", async () => {
			await drive(table, { b: { size: 1 }, a: { size: 1 }, c: { size: 0 } });
			expect(idsOf(await table.find(query({ sort: "size" })))).toEqual(["c", "a", "b"]);
			expect(idsOf(await table.find(query({ sort: "size", descending: true })))).toEqual(["b", "a", "c"]);
			expect(idsOf(await table.find(query({ descending: true })))).toEqual(["c", "b", "a"]);
			expect(idsOf(await table.find(query({ limit: 1, offset: 1 })))).toEqual(["b"]);
		});

		const walk = async (on: Table, base: Query): Promise<string[]> => {
			const seen: string[] = [];
			for (let after: Query["after"] | null | undefined; after !== null;) {
				const page: Row[] = await on.find(after ? { ...base, after } : base);
				seen.push(...idsOf(page));
				const last = page.at(-1);
				const value = last && (base.sort === "id" ? last.id : (last.columns?.[CARS.columns.indexOf(base.sort)] ?? null));
				after = last ? { value: value ?? null, id: last.id } : null;
				if (seen.length > 50) throw new Error("walks in circles");
			}
			return seen;
		};

		it("return every row once by cursor, in any order, also with equal values at a page border", async () => {
			await drive(table, Object.fromEntries(Array.from({ length: 23 }, (_, i) => [`car-${i}`, { colour: "red", size: i % 3, day: "d" }])));
			for (const sort of ["id", "colour", "size", "day"])
				for (const descending of [false, true])
					for (const limit of [1, 2, 5, 23]) {
						const all = idsOf(await table.find(query({ sort, descending })));
						expect(all).toHaveLength(23);
						expect(await walk(table, query({ sort, descending, limit }))).toEqual(all);
					}
		});

		it("return every row once by cursor if some have no sort value", async () => {
			await drive(table, { a: { size: 1 }, b: {}, c: { size: 2 }, d: {}, e: {} });
			expect(await walk(table, query({ sort: "size", limit: 2 }))).toEqual(["b", "d", "e", "a", "c"]);
			expect(await walk(table, query({ sort: "size", limit: 2, descending: true }))).toEqual(["c", "a", "e", "d", "b"]);
		});

		it("give the same results as plain arrays after random changes", async () => {
			await fc.assert(
				fc.asyncProperty(fleet, fc.array(asked, { minLength: 4, maxLength: 8 }), async (drives, queries) => {
					const own = await store.open({ ...CARS, name: `cars-${++tables}` });
					const oracle = new MemoryTable(CARS);
					for (const cars of drives) expect([await drive(own, cars), await drive(oracle, cars)]).toEqual([true, true]);
					for (const one of queries) {
						expect(await own.find(one)).toEqual(await oracle.find(one));
						expect(await own.count(one.filters)).toBe(await oracle.count(one.filters));
					}
					for (const filters of TOTALS) expect([filters, await own.count(filters)]).toEqual([filters, await oracle.count(filters)]);
					const due = async (on: Table) => idsOf(await on.due("2026-03-01", 100)).toSorted();
					expect(await due(own)).toEqual(await due(oracle));
				}),
				{ numRuns: 60 },
			);
		});
	});
}
