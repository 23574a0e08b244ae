/** Table - rows that follow the contract of store/rows.ts, on the shared server and as seen by one node. */
import { BEGINNING, sameTail, type Tail } from "../../store/log.ts";
import {
	type Change,
	checkpointOf,
	type Checkpoints,
	type Query,
	type Row,
	type CheckpointMove,
	type Table,
	type TableSpec,
	type Value,
} from "../../store/rows.ts";
import type { Owner } from "./scheduler.ts";
import { Keyed, type Server, type Work } from "./server.ts";

/** A row as JSON text, with the fields that are compared without parsing it. */
interface Stored {
	readonly rev: number;
	readonly columns: Row["columns"];
	readonly text: string;
}

export class Rows {
	readonly spec: TableSpec;
	readonly #server: Server;
	readonly #rows: Keyed<Stored>;
	readonly #checkpoints: Keyed<Tail>;
	readonly #compared: boolean;

	/** `compared`: a save without a transaction compares the old checkpoints. */
	constructor(server: Server, spec: TableSpec, compared: boolean) {
		this.#server = server;
		this.spec = spec;
		this.#compared = compared;
		this.#rows = new Keyed(server);
		this.#checkpoints = new Keyed(server);
	}

	checkpoint(partition: string): number {
		return this.#checkpoints.seen(partition)?.position ?? 0;
	}
	#standsAt({ partition, from }: CheckpointMove): boolean {
		return sameTail(this.#checkpoints.newest(partition) ?? BEGINNING, from);
	}
	/** All rows, by id. */
	all(): Row[] {
		return [...this.#rows.keys()].toSorted().flatMap((id) => this.row(id) ?? []);
	}
	row(id: string): Row | undefined {
		const stored = this.#rows.seen(id);
		return stored && (JSON.parse(stored.text) as Row); // our own rows
	}
	/** Number of rows with this value in a column. */
	count(column: string, value: Value): number {
		const place = this.spec.columns.indexOf(column);
		return [...this.#rows.keys()].filter((id) => this.#rows.seen(id)?.columns?.[place] === value).length;
	}
	#rev(id: string): number {
		return this.#rows.newest(id)?.rev ?? 0;
	}
	#put({ after }: Change, by: string): void {
		const row = { ...after, rev: after.rev + 1 };
		this.#rows.set(after.id, { rev: row.rev, columns: row.columns, text: JSON.stringify(row) });
		this.#server.scheduler.say(
			() => `    ${this.spec.name} ${after.id} = ${JSON.stringify(after.data)} @${JSON.stringify(after.at)} by ${by}`,
		);
	}
	#raise({ partition, to }: CheckpointMove, by: string): void {
		if (to.position <= (this.#checkpoints.newest(partition)?.position ?? 0)) return;
		this.#checkpoints.set(partition, to);
		this.#server.scheduler.say(() => `    ${this.spec.name} is at ${partition}:${to.position} by ${by}`);
	}

	#overtaken(by: string, where = ""): false {
		this.#server.scheduler.count("rows overtaken");
		this.#server.scheduler.say(() => `    ${this.spec.name}: another node was faster than ${by}${where}`);
		return false;
	}

	/** Saves everything in one transaction, unless another node was faster. */
	*saveWhole(changes: readonly Change[], steps: readonly CheckpointMove[], by: string): Work<boolean> {
		const fits = steps.every((step) => this.#standsAt(step)) && changes.every(({ after }) => this.#rev(after.id) === after.rev);
		if (!fits) return this.#overtaken(by);
		for (const change of changes) this.#put(change, by);
		for (const step of steps) this.#raise(step, by);
		return true;
	}
	/** Saves each unchanged row by itself; returns whether all were unchanged. */
	*saveEach(changes: readonly Change[], by: string): Work<boolean> {
		let all = true;
		for (const [i, change] of changes.entries()) {
			if (i > 0) yield this.#server.slow();
			if (this.#rev(change.after.id) === change.after.rev) this.#put(change, by);
			else all = this.#overtaken(by, ` in ${change.after.id}, which is not at rev ${change.after.rev}`);
		}
		yield this.#server.safe();
		return all;
	}
	/** Raises all checkpoints if each is at its old value; without `compared`, raises them in any case. */
	*raise(steps: readonly CheckpointMove[], by: string): Work<boolean> {
		const fits = !this.#compared || steps.every((step) => this.#standsAt(step));
		if (fits) for (const step of steps) this.#raise(step, by);
		else this.#overtaken(by);
		yield this.#server.safe();
		return fits;
	}
	*checkpoints(): Work<Checkpoints> {
		return Object.fromEntries(
			[...this.#checkpoints.keys()].map((partition) => [partition, this.#checkpoints.seen(partition) ?? BEGINNING]),
		);
	}
	*load(ids: readonly string[]): Work<Map<string, Row>> {
		return new Map(ids.flatMap((id) => [this.row(id) ?? []].flat().map((row) => [id, row] as const)));
	}
	*find(query: Query): Work<Row[]> {
		const { filters, range, sort, limit, after } = query;
		const value = (row: Row, column: string): Value =>
			column === "id" ? row.id : (row.columns?.[this.spec.columns.indexOf(column)] ?? null);
		const key = (row: Row): readonly [Value, string] => [sort === "id" ? row.id : value(row, sort), row.id];
		const beyond: readonly [Value, string] | null = after ? [sort === "id" ? after.id : after.value, after.id] : null;
		return this.all()
			.filter((row) => row.columns && Object.entries(filters).every(([column, wanted]) => value(row, column) === wanted))
			.filter((row) => !range || within(value(row, range.column), range.from, range.to))
			.filter((row) => !beyond || order(key(row), beyond) > 0)
			.toSorted((a, b) => order(key(a), key(b)))
			.slice(0, limit);
	}
	*due(now: string, limit: number): Work<Row[]> {
		return this.all()
			.filter(({ due }) => due !== null && due <= now)
			.slice(0, limit);
	}
}

const compare = (a: Value, b: Value): number => (a === b ? 0 : a === null ? -1 : b === null ? 1 : a < b ? -1 : 1);
const order = (a: readonly [Value, string], b: readonly [Value, string]): number => compare(a[0], b[0]) || compare(a[1], b[1]);
const within = (value: Value, from: Value, to: Value): boolean =>
	value === null ? from === null && to === null : (from === null || value >= from) && (to === null || value < to);

/** The rows as seen by one life of a node. */
export class SeenTable implements Table {
	readonly atomic: boolean;
	readonly #rows: Rows;
	readonly #server: Server;
	readonly #owner: Owner;
	readonly #by: string;

	constructor(rows: Rows, server: Server, owner: Owner, by: string) {
		this.atomic = server.config.store === "file";
		this.#rows = rows;
		this.#server = server;
		this.#owner = owner;
		this.#by = by;
	}
	checkpoints(): Promise<Checkpoints> {
		return this.#call("checkpoints", () => this.#rows.checkpoints());
	}
	load(ids: readonly string[]): Promise<Map<string, Row>> {
		if (ids.length === 0) return Promise.resolve(new Map());
		return this.#call(`load ${ids.join(", ")}`, () => this.#rows.load(ids));
	}
	/** Without transactions: compares the checkpoints, saves the rows, and if all were unchanged, raises the checkpoints. */
	async save(changes: readonly Change[], steps: readonly CheckpointMove[]): Promise<boolean> {
		const what = changes.map(({ after }) => after.id).join(", ");
		if (this.atomic) return this.#call(`save ${what}`, () => this.#rows.saveWhole(changes, steps, this.#by));
		const positions = steps.length > 0 ? await this.checkpoints() : {};
		if (steps.some(({ partition, from }) => !sameTail(checkpointOf(positions, partition), from))) return false;
		if (changes.length > 0 && !(await this.#call(`save ${what}`, () => this.#rows.saveEach(changes, this.#by)))) return false;
		return steps.length === 0 || this.#call("raise", () => this.#rows.raise(steps, this.#by));
	}
	refresh(change: Change): Promise<boolean> {
		if (change.before.rev === 0) return Promise.resolve(false);
		return this.#call(`refresh ${change.after.id}`, () => this.#rows.saveEach([change], this.#by));
	}
	async get(id: string): Promise<Row | null> {
		const row = (await this.load([id])).get(id);
		return row?.columns ? row : null;
	}
	find(query: Query): Promise<Row[]> {
		return this.#call("find", () => this.#rows.find(query));
	}
	async count(filters: Query["filters"]): Promise<number> {
		return (await this.find({ filters, sort: "id", descending: false, limit: Number.MAX_SAFE_INTEGER })).length;
	}
	scan(after: string, limit: number): Promise<Row[]> {
		return this.find({ filters: {}, sort: "id", descending: false, limit, after: { value: after, id: after } });
	}
	due(now: string, limit: number): Promise<Row[]> {
		return this.#call("due", () => this.#rows.due(now, limit));
	}
	#call<T>(what: string, work: () => Work<T>): Promise<T> {
		return this.#server.call(this.#owner, () => `${this.#by} ${this.#rows.spec.name} ${what}`, work);
	}
}
