/** Log - the log on SQLite passes the log contract, and the tests for errors of files. */
import { describe, expect, it } from "@jest/globals";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { Folder } from "../support/folder.ts";
import { logContract } from "./log.contract.ts";

logContract("SQLite", () => {
	const folder = new Folder();
	return { open: (partitions) => new SqliteLogStore(folder.file("events.db"), partitions), remove: () => folder.remove() };
});

describe("a file of events", () => {
	it("that cannot be opened fails at once", () => {
		const folder = new Folder();
		try {
			expect(() => new SqliteLogStore(folder.file("no-such-folder/events.db"))).toThrow(/unable to open/);
		} finally {
			folder.remove();
		}
	});
});
