/** Keys - the key stores in memory and on SQLite pass the contract; the file of SQLite keeps no byte of a destroyed key. */
import { expect, it } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteKeyStore } from "../../../store/sqlite/keys.ts";
import { Folder } from "../../support/folder.ts";
import { MemoryKeys } from "../../support/memory-keys.ts";
import { keysContract } from "./keys.contract.ts";

keysContract("memory", () => {
	const keys = new MemoryKeys();
	return { open: () => keys, remove: () => undefined };
});
keysContract("SQLite", () => {
	const folder = new Folder();
	return { open: () => new SqliteKeyStore(folder.file("keys.db")), remove: () => folder.remove() };
});

it("a destroyed key is in no byte of the files, although the store is still open", async () => {
	const folder = new Folder();
	const store = new SqliteKeyStore(folder.file("keys.db"));
	try {
		const wrapped = "wrapped-key-with-an-unlikely-text-".repeat(3);
		await store.keep(Array.from({ length: 50 }, (_, n) => ({ subject: `owner:${n}`, master: "m", wrapped: `${wrapped}${n}-` })));
		const path = join(folder.file("keys.db"), "..");
		const bytes = () =>
			readdirSync(path)
				.map((file) => readFileSync(join(path, file), "latin1"))
				.join("");
		expect(bytes()).toContain(`${wrapped}7-`);
		await store.destroy(["owner:7"]);
		expect(bytes()).not.toContain(`${wrapped}7-`);
		expect((await store.find(["owner:8"])).get("owner:8")?.wrapped).toBe(`${wrapped}8-`);
	} finally {
		await store.close();
		folder.remove();
	}
});
