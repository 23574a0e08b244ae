/**
 * Deadlines - sends the commands of a process whose instant has come: evaluates rows that are due, page by page. The next page waits until
 * the commands of this one are answered, so a burst at midnight leaves room for commands that follow from new facts.
 */
import type { Instant } from "../../model/index.ts";
import type { Row, Table } from "../../store/rows.ts";
import type { Timers } from "../common/timers.ts";
import type { Mutex } from "../following/folding.ts";
import type { Outbox } from "./outbox.ts";
import type { WriteBehind } from "./write-behind.ts";

/** Due rows that are evaluated together. */
const DUE_PAGE = 200;
/** Milliseconds after which the next page is read although some commands of the last one are not answered: their service may be away. */
const PATIENCE = 5000;

/** The parts of the runner that deadlines use. */
export interface DeadlineParts {
	readonly table: Pick<Table, "due">;
	readonly rows: Pick<WriteBehind, "flush">;
	readonly mutex: Mutex;
	readonly outbox: Pick<Outbox, "answered" | "room" | "stopped">;
	readonly timers: Pick<Timers, "later">;
	clock(): Instant;
	/** Evaluates rows again, and sends the commands they need. */
	again(ids: readonly string[]): Promise<void>;
}

export class Deadlines {
	readonly #runner: DeadlineParts;
	#running: Promise<void> | null = null;

	constructor(runner: DeadlineParts) {
		this.#runner = runner;
	}

	/** Sends what is due; concurrent callers share one run. A failure leaves rows due for the next run. */
	send(): Promise<void> {
		return (this.#running ??= this.#pages().finally(() => (this.#running = null)));
	}
	/** Rows that are due now, up to a limit. */
	async due(limit: number): Promise<Row[]> {
		const { mutex, rows } = this.#runner;
		await mutex.run(() => rows.flush());
		return this.#runner.table.due(this.#runner.clock(), limit);
	}

	async #pages(): Promise<void> {
		let last = new Set<string>();
		for (let rows = await this.due(DUE_PAGE); rows.length > 0 && !this.#runner.outbox.stopped; rows = await this.due(DUE_PAGE)) {
			if (rows.every(({ id }) => last.has(id))) return; // their commands are pending, or the clock was set back: the next run continues
			last = new Set(rows.map(({ id }) => id));
			await this.#runner.again([...last]);
			await this.#answered([...last]);
			await this.#runner.outbox.room();
		}
	}
	async #answered(ids: readonly string[]): Promise<void> {
		const { promise: late, resolve } = Promise.withResolvers<void>();
		const cancel = this.#runner.timers.later(PATIENCE, resolve);
		await Promise.race([Promise.all(ids.map((id) => this.#runner.outbox.answered(id))), late]).finally(cancel);
	}
}
