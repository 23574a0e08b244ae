/**
 * Rows - what was folded from the logs, with its checkpoints, so that nothing has to be folded anew: each read model's generations,
 * each process's table. Only the number of times a row was written starts again.
 */
import { isDeepStrictEqual } from "node:util";
import { blank, checkpointOf, type Checkpoints, type Generation, type Row, type RowStore, type Table, type TableSpec } from "../rows.ts";
import { type Advance, MoveRefused, MoveUnfinished, sum, type Watch } from "./terms.ts";

/** Rows are found by these names: a store does not know what it keeps. */
export interface Kept {
	/** Whose rows are in generations. */
	readonly readModels: readonly string[];
	/** All other tables. */
	readonly tables: readonly TableSpec[];
}
/** What of a table stands on both sides. */
export interface MovedRows {
	readonly name: string;
	/** Of its generation, where it has some. */
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

	/** Rejects where the rows of the target rest on more than those of the source, or than its own log holds. */
	async check(reached: ReadonlyMap<string, number>): Promise<void> {
		for (const name of this.#kept.readModels)
			for (const { spec } of await this.#common(name)) await (await this.#pair({ spec, state: null })).check(reached);
		for (const spec of this.#kept.tables) await (await this.#pair({ spec, state: null })).check(reached);
	}

	/** A generation is chosen from only when all are there. */
	async copy(watch: Watch): Promise<void> {
		for (const name of this.#kept.readModels) await this.#to.adopt(name, await this.#common(name));
		await this.#each(watch, "rows", (table, advance) => table.copy(advance));
		for (const name of this.#kept.readModels) await this.#to.adopt(name, await this.#from.generations(name));
	}

	/** Row by row; rejects at the first that is not the same on both sides. */
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

	/** Those of the target that are the source's: what else it has, the logs can give again. */
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
				await work(table, (rows) => advance(before + (done = rows), (total = Math.max(total, before + rows)))); // hidden ones are not counted
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
					`${this.spec.name} at the target was made from ${partition}:${position}: a target has to be empty, or hold the beginning of the source`,
				);
	}

	/** The checkpoints are those from before the rows were read, and come after them: no row rests on less than they say. */
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
		return new MoveUnfinished(`somebody else writes ${this.spec.name} at the target`);
	}

	/** How many there are. */
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

	/** Where they were the same up to here. */
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
/** A checkpoint at the beginning may be written down or not. */
const samePlaces = (a: Checkpoints, b: Checkpoints): boolean =>
	Object.keys({ ...a, ...b }).every((partition) => isDeepStrictEqual(checkpointOf(a, partition), checkpointOf(b, partition)));
