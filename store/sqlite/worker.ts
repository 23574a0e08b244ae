/**
 * Worker - runs the statements of one file on its own thread, so that disk flushes, large batches and slow counts never block the main
 * thread. It knows no tables: statements arrive as text, rows as arrays.
 */
import type { SQLInputValue, StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { faultOf, type Mode, openDatabase, Presence } from "./file.ts";
import { Held, WriteLock } from "./lock.ts";

/** One statement of a request, run once per row of parameters. */
export interface Run {
	readonly sql: string;
	readonly rows: readonly (readonly SQLInputValue[])[];
	/** If set, each run must change exactly one row, or the transaction is rolled back. */
	readonly each?: true;
}
/** `expect`: queries and the required values of their first column; if one differs, the transaction is rolled back. */
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
/** The log and the keys are guarded against removal: rows can be rebuilt, acknowledged commits and their keys cannot. */
const presence = mode === "FULL" || mode === "secret" ? new Presence(file) : null;

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

/** False if a statement with `each` did not change exactly one row. */
function run({ sql, rows, each }: Run): boolean {
	const prepared = statement(sql);
	for (const params of rows) if (prepared.run(...params).changes !== 1 && each) return false;
	return true;
}

function answer({ kind, runs, expect }: Request): unknown {
	if (kind !== "transaction") return runs.flatMap(query);
	presence?.check();
	if (db.isTransaction) db.exec("ROLLBACK"); // the previous rollback failed
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
/** node:sqlite returns rows as arrays here, unlike its types. */
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
		statements.clear(); // a statement that failed midway would report its error again
		parentPort?.postMessage({ n: request.n, error: { ...faultOf(error), held: error instanceof Held } });
	}
});
