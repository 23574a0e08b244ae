/**
 * MemoryRows - a simple implementation of the rows contract in memory: the oracle for SQLite, and a fast store for tests of projections and
 * processes. FaultyTable adds faults of disks and of other processes to any table.
 */
import { BEGINNING, sameTail, type Tail } from "../../store/log.ts";
import {
	type Change,
	type Generation,
	type Query,
	type Row,
	type RowStore,
	type CheckpointMove,
	type Table,
	tableNameOf,
	type TableSpec,
	type Value,
} from "../../store/rows.ts";

export class MemoryRowStore implements RowStore {
	#installation: string | null = null;
	async installation(): Promise<string | null> {
		return this.#installation;
	}
	async adoptInstallation(id: string): Promise<void> {
		this.#installation = id;
	}
	readonly #tables = new Map<string, MemoryTable>();
	readonly #generations = new Map<string, readonly Generation[]>();

	async open(spec: TableSpec): Promise<MemoryTable> {
		const table = this.#tables.get(spec.name) ?? new MemoryTable(spec);
		this.#tables.set(spec.name, table);
		return table;
	}
	async generations(name: string): Promise<Generation[]> {
		return [...(this.#generations.get(name) ?? [])];
	}
	async liveGeneration(spec: TableSpec, code: string, begun: string): Promise<Generation> {
		return this.#generations.get(spec.name)?.find(({ state }) => state === "live") ?? this.begin(spec, code, begun);
	}
	async begin(spec: TableSpec, code: string, begun: string): Promise<Generation> {
		const all = this.#generations.get(spec.name) ?? [];
		const number = (all.at(-1)?.number ?? 0) + 1;
		const one: Generation = {
			number,
			state: number === 1 ? "live" : "building",
			spec: { ...spec, name: tableNameOf(spec.name, number) },
			code,
			begun,
		};
		this.#generations.set(spec.name, [...all, one]);
		return one;
	}
	async promote(name: string, number: number): Promise<boolean> {
		const all = this.#generations.get(name) ?? [];
		if (!all.some((one) => one.number === number)) return false;
		const state = (one: Generation) => (one.number === number ? "live" : one.state === "live" ? "kept" : one.state);
		this.#generations.set(
			name,
			all.map((one) => ({ ...one, state: state(one) })),
		);
		return true;
	}
	async remove(name: string, number: number): Promise<boolean> {
		const all = this.#generations.get(name) ?? [];
		const gone = all.find((one) => one.number === number && one.state !== "live");
		if (!gone) return false;
		this.#tables.delete(gone.spec.name);
		this.#generations.set(
			name,
			all.filter((one) => one !== gone),
		);
		return true;
	}
	async adopt(name: string, generations: readonly Generation[]): Promise<void> {
		for (const { number, spec } of this.#generations.get(name) ?? [])
			if (!generations.some((one) => one.number === number)) this.#tables.delete(spec.name);
		this.#generations.set(name, generations);
	}
	async discard(table: string): Promise<void> {
		this.#tables.delete(table);
	}
	async close(): Promise<void> {}
}

export class MemoryTable implements Table {
	readonly atomic = true;
	readonly #spec: TableSpec;
	readonly #rows = new Map<string, Row>();
	readonly #checkpoints = new Map<string, Tail>();

	constructor(spec: TableSpec) {
		this.#spec = spec;
	}
	async checkpoints() {
		return Object.fromEntries(this.#checkpoints);
	}
	async load(ids: readonly string[]) {
		return new Map(ids.flatMap((id) => (this.#rows.has(id) ? [[id, copy(this.#rows.get(id))] as const] : [])));
	}
	async save(changes: readonly Change[], steps: readonly CheckpointMove[]) {
		const current = steps.every(({ partition, from }) => sameTail(this.#checkpoints.get(partition) ?? BEGINNING, from));
		if (!current || !changes.every(({ after }) => this.#revision(after.id) === after.rev)) return false;
		for (const { after } of changes) this.#put(after);
		for (const { partition, from, to } of steps) if (!sameTail(to, from)) this.#checkpoints.set(partition, to);
		return true;
	}
	async refresh({ before, after }: Change) {
		if (before.rev === 0 || this.#revision(before.id) !== before.rev) return false;
		this.#put(after);
		return true;
	}
	async get(id: string) {
		const row = this.#rows.get(id);
		return row?.columns ? copy(row) : null;
	}
	async find({ filters, range, sort, descending, limit, offset = 0, after }: Query) {
		const order = (a: Value, aId: string, b: Value, bId: string): number => (compare(a, b) || compare(aId, bId)) * (descending ? -1 : 1);
		const value = (row: Row): Value => this.#value(row, sort);
		return [...this.#rows.values()]
			.filter((row) => row.columns && this.#matches(row, filters) && (!range || this.#within(row, range)))
			.filter((row) => !after || order(value(row), row.id, sort === "id" ? after.id : after.value, after.id) > 0)
			.toSorted((a, b) => order(value(a), a.id, value(b), b.id))
			.slice(offset, offset + limit)
			.map(copy);
	}
	async count(filters: Query["filters"]) {
		return [...this.#rows.values()].filter((row) => row.columns && this.#matches(row, filters)).length;
	}
	async scan(after: string, limit: number) {
		return [...this.#rows.values()]
			.filter(({ id }) => compare(id, after) > 0)
			.toSorted((a, b) => compare(a.id, b.id))
			.slice(0, limit)
			.map(copy);
	}
	async due(now: string, limit: number) {
		return [...this.#rows.values()]
			.filter(({ due }) => due !== null && due <= now)
			.toSorted((a, b) => compare(a.due, b.due))
			.slice(0, limit)
			.map(copy);
	}

	#revision(id: string): number {
		return this.#rows.get(id)?.rev ?? 0;
	}
	#put(row: Row): void {
		this.#rows.set(row.id, copy({ ...row, rev: row.rev + 1 }));
	}
	#value(row: Row, column: string): Value {
		return column === "id" ? row.id : (row.columns?.[this.#spec.columns.indexOf(column)] ?? null);
	}
	/** A missing value equals nothing. */
	#matches(row: Row, filters: Query["filters"]): boolean {
		return Object.entries(filters).every(([column, value]) => value !== null && this.#value(row, column) === value);
	}
	#within(row: Row, { column, from, to }: NonNullable<Query["range"]>): boolean {
		const value = this.#value(row, column);
		if (value === null) return from === null && to === null;
		return (from === null || compare(value, from) >= 0) && (to === null || compare(value, to) < 0);
	}
}

/** Copies through JSON, like every store. */
const copy = (row: Row | undefined): Row => JSON.parse(JSON.stringify(row)) as Row;
/** Orders missing values first, then numbers, then texts by their bytes. */
function compare(a: Value, b: Value): number {
	const rank = (value: Value): number => (value === null ? 0 : typeof value === "number" ? 1 : 2);
	if (typeof a === "number" && typeof b === "number") return a - b;
	if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
	return rank(a) - rank(b);
}

/** Outcome of the next save: `rejected` writes nothing and rejects, `lost` writes and rejects, `fine` works. */
export type SaveMishap = "fine" | "rejected" | "lost";

export class FaultyTable implements Table {
	readonly atomic = true;
	readonly inner: Table;
	readonly script: SaveMishap[] = [];
	/** Steps of the saves that reached the table, in order. */
	readonly saves: (readonly CheckpointMove[])[] = [];
	/** Number of further loads that fail. */
	unreadable = 0;
	/** Whether the process is dead: its remaining calls have no effect. */
	dead = false;
	#held: Promise<void> | null = null;

	constructor(inner: Table) {
		this.inner = inner;
	}
	/** Blocks saves until the returned function is called. */
	hold(): () => void {
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#held = promise;
		return () => {
			this.#held = null;
			resolve();
		};
	}
	async save(changes: readonly Change[], steps: readonly CheckpointMove[]) {
		const mishap = this.script.shift() ?? "fine";
		this.saves.push(steps);
		await this.#held;
		if (this.dead) return new Promise<never>(() => undefined);
		if (mishap === "rejected") throw new Error("the disk is full");
		const saved = await this.inner.save(changes, steps);
		if (mishap === "lost") throw new Error("the answer was lost");
		return saved;
	}
	async load(ids: readonly string[]) {
		if (this.dead) return new Promise<never>(() => undefined);
		if (this.unreadable > 0) {
			this.unreadable--;
			throw new Error("the rows cannot be read");
		}
		return this.inner.load(ids);
	}
	checkpoints() {
		return this.inner.checkpoints();
	}
	refresh(change: Change) {
		return this.inner.refresh(change);
	}
	get(id: string) {
		return this.inner.get(id);
	}
	find(query: Query) {
		return this.inner.find(query);
	}
	count(filters: Query["filters"]) {
		return this.inner.count(filters);
	}
	scan(after: string, limit: number) {
		return this.inner.scan(after, limit);
	}
	due(now: string, limit: number) {
		return this.inner.due(now, limit);
	}
}
