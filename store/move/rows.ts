/**
 * Rows - copies rows and their checkpoints, so that the target needs no rebuild: all generations of each read model, and the table of each
 * process. Only the write count (`rev`) of a row starts again.
 */
import { isDeepStrictEqual } from "node:util";
import { blank, checkpointOf, type Checkpoints, type Generation, type Row, type RowStore, type Table, type TableSpec } from "../rows.ts";
import { type Advance, MoveRefused, MoveUnfinished, sum, type Watch } from "./terms.ts";

/** The tables to move; a store cannot list them itself. */
export interface Kept {
	/** Names of read models, whose rows are in generations. */
	readonly readModels: readonly string[];
	/** All other tables. */
	readonly tables: readonly TableSpec[];
}
/** A table that is equal on both sides. */
export interface MovedRows {
	readonly name: string;
	/** State of its generation; null for a table without generations. */
	readonly state: Generation["state"] | null;
	readonly rows: number;
}

const PAGE = 1000;

export class RowsMove {
	readonly #from: RowStore;
	readonly #to: RowStore;
	readonly #kept: Kept;

	constructor(from: RowStore, to: RowStore, kept: Kept) {
		this.#from = from;
		this.#to = to;
		this.#kept = kept;
	}

	/** Rejects if a checkpoint of the target is beyond that of the source, or beyond the target's own log. */
	async check(reached: ReadonlyMap<string, number>): Promise<void> {
		for (const name of this.#kept.readModels)
			for (const { spec } of await this.#common(name)) await (await this.#pair({ spec, state: null })).check(reached);
		for (const spec of this.#kept.tables) await (await this.#pair({ spec, state: null })).check(reached);
	}

	/** Adopts the source's list of generations only after all their rows are copied. */
	async copy(watch: Watch): Promise<void> {
		for (const name of this.#kept.readModels) await this.#to.adopt(name, await this.#common(name));
		await this.#each(watch, "rows", (table, advance) => table.copy(advance));
		for (const name of this.#kept.readModels) await this.#to.adopt(name, await this.#from.generations(name));
	}

	/** Compares row by row; rejects at the first difference. */
	async verified(watch: Watch): Promise<MovedRows[]> {
		for (const name of this.#kept.readModels)
			if (!isDeepStrictEqual(await this.#from.generations(name), await this.#to.generations(name)))
				throw new MoveUnfinished(`the generations of ${name} are not the same on both sides`);
		const moved: MovedRows[] = [];
		await this.#each(watch, "comparing rows", async (table, advance) => {
			moved.push({ name: table.spec.name, state: table.state, rows: await table.compare(advance) });
		});
		return moved;
	}

	/** Generations that the target shares with the source; others can be rebuilt from the logs. */
	async #common(name: string): Promise<Generation[]> {
		const ours = await this.#from.generations(name);
		const same = (a: Generation, b: Generation) => isDeepStrictEqual({ ...a, state: null }, { ...b, state: null });
		return (await this.#to.generations(name)).filter((one) => ours.some((other) => same(one, other)));
	}

	async #each(watch: Watch, label: string, work: (table: TableMove, advance: Advance) => Promise<unknown>): Promise<void> {
		const generations = await Promise.all(this.#kept.readModels.map((name) => this.#from.generations(name)));
		const all = [...generations.flat(), ...this.#kept.tables.map((spec) => ({ spec, state: null }))];
		const tables: TableMove[] = [];
		for (const one of all) tables.push(await this.#pair(one));
		const counts = await Promise.all(tables.map(({ from }) => from.count({})));
		await watch(label, sum(counts), async (advance) => {
			let [before, total] = [0, sum(counts)];
			for (const table of tables) {
				let done = 0;
				await work(table, (rows) => advance(before + (done = rows), (total = Math.max(total, before + rows)))); // the count omits hidden rows
				before += done;
			}
		});
	}
	async #pair({ spec, state }: Pick<TableMove, "spec" | "state">): Promise<TableMove> {
		return new TableMove(spec, state, await this.#from.open(spec), await this.#to.open(spec));
	}
}

class TableMove {
	readonly spec: TableSpec;
	readonly state: Generation["state"] | null;
	readonly from: Table;
	readonly #to: Table;

	constructor(spec: TableSpec, state: Generation["state"] | null, from: Table, to: Table) {
		this.spec = spec;
		this.state = state;
		this.from = from;
		this.#to = to;
	}

	async check(reached: ReadonlyMap<string, number>): Promise<void> {
		const [ours, theirs] = [await this.from.checkpoints(), await this.#to.checkpoints()];
		for (const [partition, { position }] of Object.entries(theirs))
			if (position > Math.min(checkpointOf(ours, partition).position, reached.get(partition) ?? 0))
				throw new MoveRefused(
					`${this.spec.name} at the target was made from ${partition}:${position}: the target must be empty or hold the beginning of the source`,
				);
	}

	/** Copies rows first, then the checkpoints read before them, so that every row is at least as new as its checkpoint. */
	async copy(advance: Advance): Promise<void> {
		const ours = await this.from.checkpoints();
		let done = 0;
		for await (const rows of this.#pages()) {
			const there = await this.#to.load(rows.map(({ id }) => id));
			const changes = rows.flatMap((row) => {
				const before = there.get(row.id) ?? blank(row.id);
				return before.rev > 0 && alike(before, row) ? [] : [{ before, after: { ...row, rev: before.rev } }];
			});
			if (changes.length > 0 && !(await this.#to.save(changes, []))) throw this.#disturbed();
			advance((done += rows.length));
		}
		const theirs = await this.#to.checkpoints();
		const steps = Object.entries(ours).map(([partition, to]) => ({ partition, from: checkpointOf(theirs, partition), to }));
		if (!(await this.#to.save([], steps))) throw this.#disturbed();
	}
	#disturbed(): MoveUnfinished {
		return new MoveUnfinished(`another process writes ${this.spec.name} at the target`);
	}

	/** The number of rows; rejects at the first difference. */
	async compare(advance: Advance): Promise<number> {
		let [done, last] = [0, ""];
		for await (const rows of this.#pages()) {
			const there = await this.#to.scan(last, PAGE);
			for (const [i, row] of rows.entries()) if (!there[i] || !alike(row, there[i])) throw await this.#different(row, there[i]);
			last = rows.at(-1)?.id ?? "";
			advance((done += rows.length));
		}
		const [more] = await this.#to.scan(last, 1);
		if (more) throw await this.#different(undefined, more);
		if (!samePlaces(await this.from.checkpoints(), await this.#to.checkpoints()))
			throw new MoveUnfinished(`the checkpoints of ${this.spec.name} are not the same on both sides`);
		return done;
	}

	/** The error for the first row that differs. */
	async #different(row: Row | undefined, there: Row | undefined): Promise<Error> {
		if (there && there.id !== row?.id && !(await this.from.load([there.id])).has(there.id))
			return new MoveRefused(`${this.spec.name} has a row ${there.id} at the target and none at the source`);
		return new MoveUnfinished(`the row ${row?.id ?? there?.id} of ${this.spec.name} is not the same on both sides`);
	}

	async *#pages(): AsyncGenerator<Row[]> {
		for (let after = ""; ;) {
			const rows = await this.from.scan(after, PAGE);
			if (rows.length > 0) yield rows;
			if (rows.length < PAGE) return;
			after = rows.at(-1)?.id ?? "";
		}
	}
}

const alike = (a: Row, b: Row): boolean => isDeepStrictEqual({ ...a, rev: 0 }, { ...b, rev: 0 });
/** A checkpoint at position 0 may be absent. */
const samePlaces = (a: Checkpoints, b: Checkpoints): boolean =>
	Object.keys({ ...a, ...b }).every((partition) => isDeepStrictEqual(checkpointOf(a, partition), checkpointOf(b, partition)));
