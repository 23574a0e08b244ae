/** Reading - the product's own folding, on rows kept in memory: commits go in as a schedule says, rows as people read them come out. */
import fc, { type Arbitrary } from "fast-check";
import { ProcessRunner, processTableOf } from "../../mixins/process-runner.ts";
import { Projector, tableOf } from "../../mixins/projector.ts";
import type { AnyProcess, AnyProjection, Instant } from "../../model/index.ts";
import { encode } from "../../store/codec.ts";
import type { Commit } from "../../store/log.ts";
import type { Change, Query, Row, Step, Table, TableSpec, Value } from "../../store/rows.ts";
import type { Said } from "./lives.ts";

/** A table as the contract has it, without a disk; what it keeps went through text like anything stored. */
export class MemoryTable implements Table {
	readonly atomic = true;
	readonly rows = new Map<string, Row>();
	readonly #spec: TableSpec;
	readonly #checkpoints = new Map<string, number>();

	constructor(spec: TableSpec) {
		this.#spec = spec;
	}
	async checkpoints(): Promise<Readonly<Record<string, number>>> {
		return Object.fromEntries(this.#checkpoints);
	}
	async load(ids: readonly string[]): Promise<Map<string, Row>> {
		return new Map(ids.flatMap((id) => this.#found(id).map((row) => [id, row] as const)));
	}
	async save(changes: readonly Change[], steps: readonly Step[]): Promise<boolean> {
		if (steps.some(({ partition, from }) => (this.#checkpoints.get(partition) ?? 0) !== from)) return false;
		for (const { partition, to } of steps) this.#checkpoints.set(partition, to);
		for (const { after } of changes) this.rows.set(after.id, JSON.parse(JSON.stringify({ ...after, rev: after.rev + 1 })) as Row); // as it comes back
		return true;
	}
	async refresh(change: Change): Promise<boolean> {
		return (this.rows.get(change.before.id)?.rev ?? 0) === change.before.rev && this.save([change], []);
	}
	async get(id: string): Promise<Row | null> {
		return this.#found(id).find(({ columns }) => columns !== null) ?? null;
	}
	async find({ filters, range, sort, descending, limit, offset = 0, after }: Query): Promise<Row[]> {
		const key = (row: Row) => [this.#cell(row, sort), row.id] as const;
		const shown = [...this.rows.values()].filter(
			(row) =>
				row.columns !== null &&
				Object.entries(filters).every(([column, value]) => this.#cell(row, column) === value) &&
				(!range || within(this.#cell(row, range.column), range.from, range.to)),
		);
		const ordered = shown.toSorted((a, b) => (descending ? -1 : 1) * compare(key(a), key(b)));
		const rest = after ? ordered.filter((row) => (descending ? -1 : 1) * compare(key(row), [after.value, after.id]) > 0) : ordered;
		return rest.slice(offset, offset + limit);
	}
	async count(filters: Readonly<Record<string, Value>>): Promise<number> {
		return (await this.find({ filters, sort: "id", descending: false, limit: Number.MAX_SAFE_INTEGER })).length;
	}
	async due(now: string, limit: number): Promise<Row[]> {
		return [...this.rows.values()].filter(({ due }) => due !== null && due <= now).slice(0, limit);
	}
	#found(id: string): Row[] {
		const row = this.rows.get(id);
		return row ? [row] : [];
	}
	#cell(row: Row, column: string): Value {
		return column === "id" ? row.id : (row.columns?.[this.#spec.columns.indexOf(column)] ?? null);
	}
}
const within = (value: Value, from: Value, to: Value) =>
	value !== null && (from === null || compare([value], [from]) >= 0) && (to === null || compare([value], [to]) < 0);
function compare(a: readonly Value[], b: readonly Value[]): number {
	const place = a.findIndex((value, i) => value !== b[i]);
	return place < 0 ? 0 : (a[place] ?? "") < (b[place] ?? "") ? -1 : 1;
}

/** The commits of one partition, in order. */
export interface Partition {
	readonly context: string;
	readonly number: number;
	readonly name: string;
	readonly commits: Commit[];
}
/** What was said, as logs; `by` tells which partition of its context a stream belongs to. */
export function logged(said: readonly Said[], by: (stream: string) => string): Partition[] {
	const partitions = new Map<string, Partition>();
	const versions = new Map<string, number>();
	for (const { model, id, facts, at } of said) {
		const stream = `${model.name}-${id}`;
		const key = `${model.context} ${by(stream)}`;
		const partition = partitions.get(key) ?? {
			context: model.context,
			number: partitions.size,
			name: `${model.context}:${partitions.size}`,
			commits: [],
		};
		const version = versions.get(stream) ?? 0;
		const body = encode({ facts, command: { name: "done", id: "command" }, by: "someone", at });
		partitions.set(key, partition);
		partition.commits.push({ position: partition.commits.length + 1, stream, version, body, hash: "" });
		versions.set(stream, version + facts.length);
	}
	return [...partitions.values()];
}

/** Who is handed how many next. */
export type Schedule = readonly { readonly who: number; readonly many: number }[];
export const anySchedule: Arbitrary<Schedule> = fc.array(fc.record({ who: fc.nat(1000), many: fc.integer({ min: 1, max: 6 }) }), {
	maxLength: 80,
	size: "max",
});
/** All that there is, one by one. */
export const ONE_BY_ONE: Schedule = Array.from({ length: 1000 }, () => ({ who: 0, many: 1 }));

type Take = (context: string, partition: number, name: string, commits: readonly Commit[]) => Promise<number>;
async function deliver(partitions: readonly Partition[], schedule: Schedule, take: Take): Promise<void> {
	let left = partitions.map((partition) => ({ ...partition, commits: [...partition.commits] })).filter(({ commits }) => commits.length > 0);
	const turns = [...schedule, ...left.map(() => ({ who: 0, many: Infinity }))];
	for (const { who, many } of turns) {
		const turn = left[who % left.length];
		if (!turn) return;
		await take(turn.context, turn.number, turn.name, turn.commits.splice(0, many));
		left = left.filter(({ commits }) => commits.length > 0);
	}
}

/** The rows of a projection: as they are kept, and as they are read at some instants. */
export async function readBy(
	projection: AnyProjection,
	partitions: readonly Partition[],
	schedule: Schedule,
	instants: readonly [Instant, ...Instant[]],
): Promise<Record<string, object>> {
	const table = new MemoryTable(tableOf(projection));
	let [now] = instants;
	const projector = new Projector(projection, table, () => now);
	const followed = partitions.filter(({ context }) => projection.follows.includes(context));
	await deliver(followed, schedule, (...batch) => projector.take(...batch));
	const shownAt = (row: Row) =>
		instants.map((instant) => {
			now = instant;
			return projector.shown(row)?.row;
		});
	return Object.fromEntries([...table.rows.values()].map((row) => [row.id, { data: row.data, shown: shownAt(row) }]));
}

/** What a process knows when nobody answers its commands. */
export async function knownTo(process: AnyProcess, partitions: readonly Partition[], schedule: Schedule): Promise<Record<string, object>> {
	const table = new MemoryTable(processTableOf(process));
	const runner = new ProcessRunner(process, table, () => new Promise(() => undefined));
	const followed = partitions.filter(({ context }) => process.follows.includes(context));
	await deliver(followed, schedule, (...batch) => runner.take(...batch));
	await runner.stop();
	const told = ({ data, columns }: Row) => ({ ...data, pending: undefined, columns: columns?.slice(0, 2) });
	return Object.fromEntries([...table.rows.values()].map((row) => [row.id, told(row)]));
}
