/**
 * Worker - runs the statements of one file on a thread of its own, so that no flush to the disk, no big batch and no slow count
 * ever stops the thread that decides. Knows no table: statements come as text, rows as arrays.
 */
import type { SQLInputValue, StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { faultOf, type Mode, openDatabase, Presence } from "./file.ts";
import { Held, WriteLock } from "./lock.ts";

/** A step of a request: one statement, run once for each row of parameters. */
export interface Run {
	readonly sql: string;
	readonly rows: readonly (readonly SQLInputValue[])[];
	/** Each has to change one row, else nothing is done. */
	readonly each?: true;
}
/** `expect`: values the first column of each query must have, else nothing is done. */
export interface Request {
	readonly n: number;
	readonly kind: "query" | "transaction";
	readonly runs: readonly Run[];
	readonly expect: readonly { readonly sql: string; readonly params: readonly SQLInputValue[]; readonly value: SQLInputValue }[];
}

const { file, mode } = workerData as { file: string; mode: Mode }; // set by thread.ts
const db = openDatabase(file, mode);
const lock = mode === "read" ? null : new WriteLock(file, db);
const statements = new Map<string, StatementSync>();
/** What can be made again may be thrown away under us; what is acknowledged may not. */
const presence = mode === "FULL" ? new Presence(file) : null;

function statement(sql: string): StatementSync {
	let found = statements.get(sql);
	if (found) return found;
	found = db.prepare(sql);
	found.setReturnArrays(true);
	statements.set(sql, found);
	return found;
}

function query({ sql, rows }: Run): unknown[] {
	const prepared = statement(sql);
	const found: unknown[] = [];
	for (const params of rows) for (const row of prepared.iterate(...params)) found.push(row);
	return found;
}

/** False when a statement that has to change a row did not. */
function run({ sql, rows, each }: Run): boolean {
	const prepared = statement(sql);
	for (const params of rows) if (prepared.run(...params).changes !== 1 && each) return false;
	return true;
}

function answer({ kind, runs, expect }: Request): unknown {
	if (kind !== "transaction") return runs.flatMap(query);
	presence?.check();
	if (db.isTransaction) db.exec("ROLLBACK"); // one that could not even be rolled back
	lock?.begin();
	try {
		const holds = expect.every(({ sql, params, value }) => first(query({ sql, rows: [params] })) === value) && runs.every(run);
		db.exec(holds ? "COMMIT" : "ROLLBACK");
		return holds;
	} catch (error) {
		if (db.isTransaction) db.exec("ROLLBACK");
		throw error;
	}
}
/** node:sqlite gives rows as arrays here, whatever its types say. */
const first = (rows: readonly unknown[]): unknown => (Array.isArray(rows[0]) ? rows[0][0] : undefined);

parentPort?.on("message", (request: Request | "close") => {
	if (request === "close") {
		db.close();
		parentPort?.close();
		return;
	}
	try {
		parentPort?.postMessage({ n: request.n, result: answer(request) });
	} catch (error) {
		statements.clear(); // one that failed half way says so once more to whoever is next
		parentPort?.postMessage({ n: request.n, error: { ...faultOf(error), held: error instanceof Held } });
	}
});
