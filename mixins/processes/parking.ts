/** Parking - commands that wait for an operator: parks them, lists them, and sends them again. */
import type { Instant } from "../../model/index.ts";
import type { Table } from "../../store/rows.ts";
import type { Mutex } from "../following/folding.ts";
import { type Evaluation, standing } from "./evaluation.ts";
import type { Outbox, Refused } from "./outbox.ts";
import { rowsIn, SUBJECT, type Subject, unparked } from "./rows.ts";
import type { WriteBehind } from "./write-behind.ts";

/** Parked rows that are listed together. */
const PARKED_PAGE = 500;

/** The parts of the runner that parking uses. */
export interface ParkingParts {
	readonly table: Pick<Table, "find">;
	readonly rows: WriteBehind;
	readonly evaluation: Evaluation;
	readonly outbox: Outbox;
	/** Runs a task while no other one is between loading and putting rows. */
	readonly mutex: Mutex;
	clock(): Instant;
}

export class Parking {
	readonly #runner: ParkingParts;

	constructor(runner: ParkingParts) {
		this.#runner = runner;
	}

	/** Parked work with ids above `after`, sorted by id; at most one page. */
	async list(after = ""): Promise<readonly { readonly id: string; readonly row: Subject }[]> {
		const { table, rows, mutex } = this.#runner;
		await mutex.run(() => rows.flush());
		const found = await rowsIn(table, "parked", SUBJECT + after, PARKED_PAGE);
		return found.map(({ id, data }) => ({ id: id.slice(SUBJECT.length), row: data as Subject })); // our own rows
	}

	/** The current row of one piece of work; null if there is none with that id. */
	async work(id: string): Promise<Subject | null> {
		const { rows, mutex } = this.#runner;
		const row = (await mutex.run(() => rows.load([SUBJECT + id]))).get(SUBJECT + id);
		return (row?.data as Subject | null | undefined) ?? null; // our own rows
	}

	/** Sends a parked command again; resolves after the answer to whether it is parked again. Null if it was not parked. */
	async retry(id: string): Promise<boolean | null> {
		const { rows, evaluation, outbox, mutex, clock } = this.#runner;
		const isParked = await mutex.run(async () => {
			const row = (await rows.load([SUBJECT + id])).get(SUBJECT + id);
			const data = row?.data as Subject | null | undefined; // our own rows
			if (!row || !data?.parked) return false;
			const { changes, sendings } = await evaluation.of([{ ...standing(row), data: unparked(data, "retried", clock()) }], new Map());
			await rows.put(changes);
			for (const ready of sendings) outbox.add(ready.id, ready.sendings, ready.cause);
			return true;
		});
		if (!isParked) return null;
		await outbox.answered(SUBJECT + id);
		return (await this.work(id))?.parked !== undefined;
	}

	/** Parks a command for an operator, with the reason. */
	park({ id, ...refused }: Refused): Promise<void> {
		const { rows, evaluation, mutex, clock } = this.#runner;
		return mutex.run(async () => {
			const row = (await rows.load([id])).get(id);
			if (!row) return;
			const data: Subject = { ...(row.data as Subject), parked: { ...refused, at: clock() } }; // our own rows
			const [settled] = (await evaluation.of([{ ...standing(row), data }], new Map())).changes;
			if (settled) await rows.put([settled]);
		});
	}
}
