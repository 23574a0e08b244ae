/** WorkCount - counts the SQL that a system in this process runs: transactions and statements by file, and rows. */
import { basename } from "node:path";
import { StatementSync } from "node:sqlite";
import { jest } from "@jest/globals";
import { Thread } from "../../store/sqlite/thread.ts";

export interface Work {
	/** Transactions on the log; each is one disk flush. */
	logTransactions: number;
	/** Rows written to the log. */
	logRows: number;
	/** Transactions on the rows of read models and processes. */
	rowTransactions: number;
	/** Statements in these transactions, including comparisons. */
	rowStatements: number;
	/** Rows loaded for changes. */
	rowReads: number;
	/** Streams read on the main thread. */
	streamReads: number;
}
const NOTHING: Work = { logTransactions: 0, logRows: 0, rowTransactions: 0, rowStatements: 0, rowReads: 0, streamReads: 0 };

export class WorkCount {
	#work: Work = { ...NOTHING };
	readonly #restore: () => void;

	constructor() {
		const work = () => this.#work;
		const { transaction, query } = Thread.prototype;
		const spies = [
			jest.spyOn(Thread.prototype, "transaction").mockImplementation(function (this: Thread, ...given) {
				count(work(), basename(this.file.path), given);
				return transaction.apply(this, given);
			}),
			jest.spyOn(Thread.prototype, "query").mockImplementation(function (this: Thread, ...given) {
				if (given[0].includes("WHERE id IN")) work().rowReads += listed(given[1]?.[0]);
				return query.apply(this, given);
			}),
			...(["all", "get"] as const).map((name) => {
				const asked = StatementSync.prototype[name] as (...params: unknown[]) => never; // both take any parameters
				return jest.spyOn(StatementSync.prototype, name).mockImplementation(function (this: StatementSync, ...params: unknown[]) {
					if (this.sourceSQL.includes("WHERE stream IN")) work().streamReads += listed(params[0]);
					return asked.apply(this, params);
				});
			}),
		];
		this.#restore = () => spies.forEach((spy) => void spy.mockRestore());
	}

	/** Resets the counts. */
	begin(): void {
		this.#work = { ...NOTHING };
	}
	/** Average work per operation. */
	each(count: number): Work {
		return Object.fromEntries(Object.entries(this.#work).map(([name, done]) => [name, done / count])) as unknown as Work; // the same names
	}
	restore(): void {
		this.#restore();
	}
}

/** Number of names in a JSON list. */
const listed = (names: unknown): number => (JSON.parse(String(names)) as unknown[]).length; // our own text

/** Counts a transaction, unless it is a probe or stores a head. */
function count(work: Work, file: string, [runs, expect = []]: Parameters<Thread["transaction"]>): void {
	const rows = runs.reduce((sum, run) => sum + run.rows.length, 0);
	if (file === "events.db") {
		if (!runs.some(({ sql }) => sql.startsWith('INSERT INTO "log_'))) return;
		work.logTransactions++;
		work.logRows += rows;
	} else {
		work.rowTransactions++;
		work.rowStatements += rows + expect.length;
	}
}
