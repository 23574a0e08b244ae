/**
 * Rebuild - folds new rows from the logs beside the live ones: resumes at their checkpoints, slows down while the live rows lag, compares
 * both row by row, and switches at one position, so that no reader sees older rows. This module does not depend on Moleculer.
 */
import { sameJson } from "../../model/index.ts";
import { continued } from "../../store/chain.ts";
import type { Tail } from "../../store/log.ts";
import { checkpointOf, type Row, type Table } from "../../store/rows.ts";
import { Filling } from "./filling.ts";
import { type Folder, taken } from "./projector.ts";
import type { Followed } from "../following/following.ts";
import type { Timers } from "../common/timers.ts";

export interface Difference {
	readonly id: string;
	/** Stored data; null if there is no row. */
	readonly before: object | null;
	readonly after: object | null;
}
export type RebuildStep =
	| {
			readonly phase: "building";
			/** Commits handled. */
			readonly done: number;
			readonly total: number;
			/** Commits per second since the start. */
			readonly rate: number;
			/** Whether it has waited for the live rows. */
			readonly throttled: boolean;
	  }
	/** `done`, `total` and `rate` count rows. */
	| { readonly phase: "comparing"; readonly done: number; readonly total: number; readonly rate: number }
	| {
			readonly phase: "compared";
			readonly rows: number;
			/** Number of rows that differ; `differences` holds the first of them. */
			readonly differing: number;
			readonly differences: readonly Difference[];
	  };

/** The live rows, which this or another node still folds during a rebuild. */
export interface Live {
	readonly table: Table;
	/** Why the rows do not belong to the logs; null if they do. */
	readonly foreign: string | null;
	/** Runs a task while this node folds no batch. */
	hold<T>(task: () => Promise<T>): Promise<T>;
}

export interface RebuildOptions {
	readonly live: Live;
	/** Folder of the new rows, which no follower maintains yet. */
	readonly next: Folder;
	readonly logs: readonly Followed[];
	readonly timers: Timers;
	/** Milliseconds. */
	readonly clock: () => number;
	readonly compare: boolean;
	/** Whether two rows of one id are equivalent; compares their data by default. */
	readonly alike?: (before: Row | null, after: Row | null) => boolean;
}
const alikeData = (before: Row | null, after: Row | null): boolean => sameJson(before?.data ?? null, after?.data ?? null);

const PAGE = 4000;
/** Lag of the live rows, in commits, above which a page waits; milliseconds per pause; most pauses per page. */
const BEHIND = 2000;
const PAUSE = 100;
const PAUSES = 10;
/** Commits that may be left for the final step, during which the live rows are held. */
const NEARLY = 200;
/** Differences reported; most rounds of the final step. */
const SHOWN = 100;
const ROUNDS = 100;

export class Rebuild {
	readonly #options: RebuildOptions;
	readonly #begun: number;
	readonly #differences: Difference[] = [];
	/** Ids of rows that were at different positions when they were compared. */
	#moved = new Set<string>();
	#differing = 0;
	#rows = 0;

	constructor(options: RebuildOptions) {
		this.#options = options;
		this.#begun = options.clock();
	}

	/** Whether the live rows are of another history; then the rebuild neither waits for them nor compares with them. */
	get #foreign(): boolean {
		return this.#options.live.foreign !== null;
	}

	/** Fills, compares, and finally calls `change` while both are at the same positions. */
	async *run(change: () => Promise<void>): AsyncGenerator<RebuildStep> {
		yield* this.#fill();
		if (this.#options.compare && !this.#foreign) yield* this.#compare();
		for (let changed = false; !changed;) {
			yield* this.#fill();
			changed = await this.#options.live.hold(() => this.#finish(change));
		}
		yield { phase: "compared", rows: this.#rows, differing: this.#differing, differences: this.#differences };
	}

	/** Folds page by page up to the live rows' positions, until only a few commits are left. */
	async *#fill(): AsyncGenerator<RebuildStep> {
		const { next, logs } = this.#options;
		const filling = new Filling(next);
		await filling.begin();
		const written = () => sum(logs.map(({ log }) => filling.written(log.name)));
		for (const first = written(); ;) {
			const targets = await this.#targets();
			const [done, total] = [written(), sum(targets)];
			if (total - sum(logs.map(({ log }) => filling.folded(log.name))) <= NEARLY) break;
			yield { phase: "building", done, total, rate: this.#rate(done - first), throttled: await this.#waited() };
			for (const [i, one] of logs.entries()) await filling.page(one, targets[i] ?? 0);
		}
		await filling.end();
	}
	/** Pauses while the live rows lag and make progress, at most `PAUSES` times. */
	async #waited(): Promise<boolean> {
		const { live, logs, timers } = this.#options;
		let before = -1;
		for (let pauses = 0; pauses < PAUSES; pauses++) {
			const taken = sum(await this.#taken(live.table));
			if (taken === before || sum(await tailsOf(logs)) - taken <= BEHIND) return pauses > 0;
			before = taken;
			await timers.wait(PAUSE);
		}
		return true;
	}
	async #take(one: Followed, after: Tail, to: number): Promise<void> {
		const commits = to > after.position ? await one.log.read(after.position, to - after.position) : [];
		continued(one.log.name, after, commits);
		if (commits.length > 0) await taken(this.#options.next, one, commits, after);
	}

	/** Compares both tables by id. */
	async *#compare(): AsyncGenerator<RebuildStep> {
		const { live, next, clock } = this.#options;
		const total = await next.table.count({});
		const begun = clock();
		for await (const [before, after] of pairs(live.table, next.table)) {
			if (++this.#rows % PAGE === 0)
				yield { phase: "comparing", done: Math.min(this.#rows, total), total, rate: rateOf(this.#rows, clock() - begun) };
			if (!this.#alike(before ?? null, after ?? null)) this.#note(before, after);
		}
		yield { phase: "comparing", done: this.#rows, total: this.#rows, rate: rateOf(this.#rows, clock() - begun) };
	}
	/** Whether both are equivalent at equal positions; a deleted row counts as no row. */
	#alike(before: Row | null, after: Row | null): boolean {
		if (!before?.data && !after?.data) return true;
		return this.#says(before, after) && sameJson(before?.at ?? {}, after?.at ?? {});
	}
	#says(before: Row | null, after: Row | null): boolean {
		return (this.#options.alike ?? alikeData)(before, after);
	}
	#note(before: Row | undefined, after: Row | undefined): void {
		const id = before?.id ?? after?.id ?? "";
		if (!sameJson(before?.at ?? {}, after?.at ?? {})) return void this.#moved.add(id);
		this.#differing++;
		if (this.#differences.length < SHOWN) this.#differences.push(difference(id, before, after));
	}

	/**
	 * Runs while this node holds the live rows. Another node may still fold them, so it catches up until both are at the same positions
	 * and every moved row is compared, then calls `change`. False if that takes too many rounds: then the caller fills again.
	 */
	async #finish(change: () => Promise<void>): Promise<boolean> {
		const { next, logs } = this.#options;
		for (let round = 0; round < ROUNDS; round++) {
			const [targets, checkpoints] = [await this.#targets(), await next.table.checkpoints()];
			for (const [i, one] of logs.entries()) await this.#take(one, checkpointOf(checkpoints, one.log.name), targets[i] ?? 0);
			await this.#lookAgain(targets);
			if (this.#moved.size > 0 || !(this.#foreign || sameJson(targets, await this.#targets()))) continue;
			if (!sameJson(targets, await this.#taken(next.table))) continue;
			await change();
			return true;
		}
		return false;
	}
	/** Compares moved rows again; a row counts as different if both are within the targets and still unlike. */
	async #lookAgain(targets: readonly number[]): Promise<void> {
		const { live, next, logs } = this.#options;
		const ids = [...this.#moved];
		const [before, after] = [await live.table.load(ids), await next.table.load(ids)];
		const reached = ({ at }: Row) => logs.every(({ log }, i) => (at[log.name] ?? 0) <= (targets[i] ?? 0));
		for (const id of ids) {
			const [old, anew] = [before.get(id), after.get(id)];
			if ((old && !reached(old)) || (anew && !reached(anew))) continue;
			this.#moved.delete(id);
			if (this.#says(old ?? null, anew ?? null)) continue; // other code may fold other facts, so positions may differ
			this.#differing++;
			if (this.#differences.length < SHOWN) this.#differences.push(difference(id, old, anew));
		}
	}

	/** Positions of the live rows; the ends of the logs if the live rows are of another history. */
	#targets(): Promise<readonly number[]> {
		return this.#foreign ? tailsOf(this.#options.logs) : this.#taken(this.#options.live.table);
	}
	async #taken(table: Table): Promise<readonly number[]> {
		const checkpoints = await table.checkpoints();
		return this.#options.logs.map(({ log }) => checkpointOf(checkpoints, log.name).position);
	}
	#rate(done: number): number {
		return rateOf(done, this.#options.clock() - this.#begun);
	}
}

const tailsOf = (logs: readonly Followed[]): Promise<number[]> => Promise.all(logs.map(async ({ log }) => (await log.tail()).position));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const rateOf = (done: number, milliseconds: number): number => (milliseconds > 0 ? Math.round((1000 * done) / milliseconds) : 0);

/** Shows the data if it differs, else the index columns. */
function difference(id: string, before: Row | undefined, after: Row | undefined): Difference {
	const [old, anew] = [before?.data ?? null, after?.data ?? null];
	if (!sameJson(old, anew)) return { id, before: old, after: anew };
	return { id, before: { foundBy: before?.columns ?? null }, after: { foundBy: after?.columns ?? null } };
}

/** All rows of two tables, paired by id. */
async function* pairs(one: Table, other: Table): AsyncGenerator<readonly [Row | undefined, Row | undefined]> {
	const [left, right] = [scan(one), scan(other)];
	let [a, b] = [await left.next(), await right.next()];
	while (!a.done || !b.done) {
		const order = a.done ? 1 : b.done ? -1 : Buffer.compare(Buffer.from(a.value.id), Buffer.from(b.value.id));
		yield [order <= 0 && !a.done ? a.value : undefined, order >= 0 && !b.done ? b.value : undefined];
		if (order <= 0) a = await left.next();
		if (order >= 0) b = await right.next();
	}
}
async function* scan(table: Table): AsyncGenerator<Row, undefined> {
	for (let rows = await table.scan("", PAGE); rows.length > 0; rows = await table.scan(rows.at(-1)?.id ?? "", PAGE)) yield* rows;
	return undefined;
}
