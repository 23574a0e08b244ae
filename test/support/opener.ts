/**
 * Opener - a child process for opens.spec.ts: for each line `WAY FOLDER` on stdin it opens and closes the files of that folder, as a
 * plain connection or as both stores, and prints "opened" or the error.
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openDatabase } from "../../store/sqlite/file.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { SqliteRowStore } from "../../store/sqlite/rows.ts";

/** Several times per line, so that one process closes the file while another opens it. */
const TIMES = 20;

async function stores(folder: string): Promise<void> {
	const logs = new SqliteLogStore(join(folder, "events.db"));
	const rows = new SqliteRowStore(join(folder, "rows.db"));
	try {
		await logs.open("radar");
		await Promise.all([rows.open({ name: "radars", columns: ["kind"], counted: ["kind"] }), rows.generations("radars")]);
	} finally {
		await rows.close();
		await logs.close();
	}
}
const WAYS: Readonly<Record<string, (folder: string) => void | Promise<void>>> = {
	once: (folder) => openDatabase(join(folder, "events.db"), "FULL").close(),
	often(folder) {
		for (let i = 0; i < TIMES; i++) {
			const db = openDatabase(join(folder, "events.db"), i % 2 === 0 ? "FULL" : "NORMAL");
			db.exec("CREATE TABLE IF NOT EXISTS notes (text TEXT); INSERT INTO notes VALUES ('one')");
			db.close();
		}
	},
	stores,
};

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
	const [way = "", folder = ""] = line.split(" ");
	try {
		await WAYS[way]?.(folder);
		console.log("opened");
	} catch (error) {
		console.log(String(error));
	}
}
