/** SealedTable - personal fields of rows are stored sealed, found by exact match, and null once their subject is forgotten. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { blinded, sealedTable } from "../../../mixins/read-models/sealed-table.ts";
import { blank, type Row, type Table } from "../../../store/rows.ts";
import type { Vault } from "../../../store/vault/vault.ts";
import { query } from "../../support/cars.ts";
import { MemoryTable } from "../../support/memory-rows.ts";
import { memoryVault } from "../../support/memory-keys.ts";

const personal = { fields: ["name", "phone"], of: (_row: object, id: string) => `owner:${id}` as const };
const rows = { name: "owners", personal };
const SPEC = { name: "owners", columns: ["name", "kind"], counted: ["kind"] };

describe("a table with personal fields", () => {
	let stored: MemoryTable;
	let vault: Vault;
	let table: Table;
	beforeEach(async () => {
		stored = new MemoryTable(SPEC);
		vault = memoryVault();
		await vault.ready();
		table = sealedTable(stored, rows, vault);
	});
	const write = async (id: string, data: { readonly name: string | null; readonly kind: string }): Promise<void> => {
		const before = (await table.load([id])).get(id) ?? blank(id);
		const columns = [blinded({ ...rows, vault }, "name", data.name), data.kind];
		expect(await table.save([{ before, after: { ...before, data, columns } }], [])).toBe(true);
	};
	const raw = async (): Promise<string> => JSON.stringify(await stored.scan("", 100));
	const dataOf = (row: Row | null | undefined): object | null => row?.data ?? null;

	it("stores no personal field in the clear, neither in data nor in columns, and reads it back in every way", async () => {
		const ada = { name: "Ada Quixwort", kind: "person" };
		await write("ada", ada);
		expect(await raw()).not.toContain("Quixwort");
		expect(dataOf((await table.load(["ada"])).get("ada"))).toEqual(ada);
		expect(dataOf(await table.get("ada"))).toEqual(ada);
		expect((await table.scan("", 10)).map(dataOf)).toEqual([ada]);
		expect((await table.find(query({ filters: { name: "Ada Quixwort" } }))).map(dataOf)).toEqual([ada]);
		expect(await table.count({ name: "Ada Quixwort", kind: "person" })).toBe(1);
		expect(await table.find(query({ filters: { name: "Ada" } }))).toEqual([]);
	});
	it("reads null once the subject is forgotten, before the row itself is written again", async () => {
		await write("ada", { name: "Ada", kind: "person" });
		await write("bob", { name: "Bob", kind: "person" });
		await vault.destroy(["owner:ada"]);
		expect((await table.scan("", 10)).map(dataOf)).toEqual([
			{ name: null, kind: "person" },
			{ name: "Bob", kind: "person" },
		]);
	});
	it("never stores the data of a forgotten subject again, as a rebuild with old facts may try", async () => {
		await vault.destroy(["owner:ada"]);
		await write("ada", { name: "Ada Quixwort", kind: "person" });
		expect(JSON.stringify((await stored.get("ada"))?.data)).toBe('{"name":null,"kind":"person"}');
	});
	it("seals nothing in a row without personal data", async () => {
		await write("ada", { name: null, kind: "person" });
		expect(dataOf(await stored.get("ada"))).toEqual({ name: null, kind: "person" });
	});
	it("refuses sealed data that belongs to another row", async () => {
		await write("ada", { name: "Ada", kind: "person" });
		const ada = await stored.get("ada");
		if (!ada) throw new Error("it was not written");
		await stored.save([{ before: blank("eve"), after: { ...ada, id: "eve", rev: 0 } }], []);
		await expect(table.get("eve")).rejects.toThrow();
	});
	it("is refused without a vault", () =>
		expect(() => sealedTable(stored, rows, undefined)).toThrow(/personal fields, but there is no vault/));
	it("is the table itself without personal fields", () => expect(sealedTable(stored, { name: "radars" }, undefined)).toBe(stored));
});
