/** Rows - the rows on SQLite, and the rows in memory that other tests use, pass the rows contract. */
import { describe, expect, it } from "@jest/globals";
import { setTimeout as pause } from "node:timers/promises";
import { SqliteRowStore } from "../../store/sqlite/rows.ts";
import { CARS, drive, query } from "../support/cars.ts";
import { Folder } from "../support/folder.ts";
import { MemoryRowStore } from "../support/memory-rows.ts";
import { readsContract } from "./reads.contract.ts";
import { rowsContract, type RowsPlace } from "./rows.contract.ts";
import { tail } from "../support/commits.ts";

const sqlite = (segment?: number) => (): RowsPlace => {
	const folder = new Folder();
	return { open: () => new SqliteRowStore(folder.file("rows.db"), segment), remove: () => folder.remove() };
};
const memory = (): RowsPlace => {
	const store = new MemoryRowStore();
	return { open: () => store, remove: () => undefined };
};

rowsContract("SQLite", sqlite());
readsContract("SQLite", sqlite());
readsContract("SQLite in segments of two rows", sqlite(1));
rowsContract("the oracle", memory);
readsContract("the oracle", memory);

describe("a file of rows", () => {
	const answered = (asked: Promise<unknown>): Promise<string> =>
		Promise.race([
			asked.then(
				() => "an answer",
				() => "an error",
			),
			pause(2000, "silence", { ref: false }),
		]);

	it("that cannot be opened fails every call, also later ones", async () => {
		const folder = new Folder();
		const store = new SqliteRowStore(folder.file("no-such-folder/rows.db"));
		expect(await answered(store.open(CARS))).toBe("an error");
		expect(await answered(store.open(CARS))).toBe("an error");
		folder.remove();
	});

	it("with the columns of another version is refused with the way out", async () => {
		const folder = new Folder();
		const store = new SqliteRowStore(folder.file("rows.db"));
		await store.open({ ...CARS, columns: CARS.columns.slice(1), ranges: [], counted: [] });
		await expect(store.open(CARS)).rejects.toThrow(
			/^rows\.db has the rows of cars in the layout of another version \(without .+\): move rows\.db/,
		);
		await store.close();
		folder.remove();
	});
	it("that is closed fails every call", async () => {
		const folder = new Folder();
		const store = new SqliteRowStore(folder.file("rows.db"));
		const table = await store.open(CARS);
		await drive(table, { a: {} });
		await store.close();
		expect(await answered(table.load(["a"]))).toBe("an error");
		expect(await answered(table.find(query()))).toBe("an error");
		folder.remove();
	});

	it("can be written by two processes at once without losing a row", async () => {
		const folder = new Folder();
		const stores = [new SqliteRowStore(folder.file("rows.db")), new SqliteRowStore(folder.file("rows.db"))];
		const tables = await Promise.all(stores.map((store) => store.open(CARS)));
		const until = async (id: string, i: number): Promise<void> => {
			const table = tables[i];
			while (table && !(await drive(table, { [id]: { colour: "red" } })));
		};
		await Promise.all(Array.from({ length: 40 }, (_, i) => until(`car-${i}`, i % 2)));
		for (const table of tables) {
			expect(await table.count({ colour: "red" })).toBe(40);
			expect(await table.checkpoints()).toEqual({ "cars:0": tail(40) });
		}
		for (const store of stores) await store.close();
		folder.remove();
	});
});
