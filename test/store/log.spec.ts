/** The log on SQLite keeps the contract of every log; what only a file can do is here. */
import { describe, expect, it } from "@jest/globals";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { Folder } from "../support/folder.ts";
import { logContract } from "./log.contract.ts";

logContract("SQLite", () => {
	const folder = new Folder();
	return { open: (partitions) => new SqliteLogStore(folder.file("events.db"), partitions), remove: () => folder.remove() };
});

describe("a file of events", () => {
	it("that cannot be opened says so at once", () => {
		const folder = new Folder();
		try {
			expect(() => new SqliteLogStore(folder.file("no-such-folder/events.db"))).toThrow(/unable to open/);
		} finally {
			folder.remove();
		}
	});
	it("keeps of a key's heads the newest in each thousand positions: the chain leads from it to the others", async () => {
		const folder = new Folder();
		const store = new SqliteLogStore(folder.file("events.db"));
		try {
			const [log] = await store.open("radar");
			const keep = (position: number, key = "a") =>
				log?.keepHead({ partition: "radar:0", position, hash: "h", at: "2026-03-01T08:15:00.000Z", key, signature: "s" });
			for (const position of [1, 999, 1000, 1001, 1999, 2000]) await keep(position);
			await keep(400, "b");
			expect((await log?.heads())?.map(({ position, key }) => `${position}${key}`)).toEqual(["400b", "999a", "1999a", "2000a"]);
		} finally {
			await store.close();
			folder.remove();
		}
	});
});
