/**
 * Places - sources and targets of moves in memory: one with every kind of content, a snapshot of the content for comparison, and a wrapper
 * that simulates the death of the process at a given step.
 */
import type { MoveEnd } from "../../store/move/move.ts";
import { type LogPartition, type LogStore, PartitionsFixed } from "../../store/log.ts";
import { type PublicKeys, signHead } from "../../store/evidence/heads.ts";
import type { RowStore, Table, TableSpec } from "../../store/rows.ts";
import { becomes, CARS, drive } from "./cars.ts";
import { chainedAfter, EMPTY, everything, stored, tail } from "./commits.ts";
import { newId } from "../../mixins/common/ids.ts";
import { MemoryKeys } from "./memory-keys.ts";
import { MemoryRowStore } from "./memory-rows.ts";
import { ScriptedLog, Shelf } from "./scripted-log.ts";
import { AT, drafts, newKey, publicOf } from "./vault.ts";

export class MemoryLogStore implements LogStore {
	readonly logs = new Map<string, readonly ScriptedLog[]>();
	#moving = false;
	#installation = newId();

	async installation(): Promise<string> {
		return this.#installation;
	}
	async adoptInstallation(id: string): Promise<void> {
		this.#installation = id;
	}
	async moving(): Promise<boolean> {
		return this.#moving;
	}
	async setMoving(moving: boolean): Promise<void> {
		this.#moving = moving;
	}
	async contexts(): Promise<ReadonlyMap<string, number>> {
		return new Map([...this.logs].map(([context, partitions]) => [context, partitions.length]));
	}
	async open(context: string, wanted?: number): Promise<readonly ScriptedLog[]> {
		const length = wanted ?? this.logs.get(context)?.length ?? 1;
		const made = () => Array.from({ length }, (_, i) => new ScriptedLog(new Shelf(), { name: `${context}:${i}`, maxBatch: 3 }));
		const log = this.logs.get(context) ?? made();
		if (log.length !== length) throw new PartitionsFixed(`the log "${context}" has ${log.length}`);
		this.logs.set(context, log);
		return log;
	}
	async close(): Promise<void> {}
}
export interface MemoryPlace extends MoveEnd {
	readonly logs: MemoryLogStore;
	readonly rows: MemoryRowStore;
	readonly vault: MemoryKeys;
}
export const emptyPlace = (): MemoryPlace => ({ logs: new MemoryLogStore(), rows: new MemoryRowStore(), vault: new MemoryKeys() });

export const KEPT = { readModels: ["cars", "vans"], tables: [{ ...CARS, name: "promise" }] };
const key = newKey();
export const KEYS: PublicKeys = publicOf(key);

/** Logs with one and two partitions, signed to their ends; a read model with two generations and one building; rows of every kind. */
export async function fullPlace(): Promise<MemoryPlace> {
	const place = emptyPlace();
	await place.vault.keep([{ subject: "owner:ada", wrapped: "wrapped", master: "m" }]);
	await place.vault.destroy(["owner:eve"]);
	for (const [context, counts] of [
		["cars", [7]],
		["roads", [0, 4]],
	] as const)
		for (const [i, log] of (await place.logs.open(context, counts.length)).entries()) {
			const commits = chainedAfter(EMPTY, drafts(counts[i] ?? 0));
			log.shelf.put(commits);
			for (const commit of commits.filter(({ position }) => position % 3 === 0 || position === commits.length))
				await log.keepHead(signHead(log.name, commit, AT, key));
		}
	await place.rows.begin(CARS, "old", AT);
	await place.rows.begin({ ...CARS, counted: [] }, "new", AT);
	await place.rows.promote("cars", 2);
	await place.rows.begin(CARS, "next", AT);
	const tables = [...(await place.rows.generations("cars")).map(({ spec }) => spec), ...KEPT.tables];
	for (const [i, spec] of tables.entries()) await fill(await place.rows.open(spec), i);
	return place;
}
/** Writes visible, hidden, deleted and due rows of two logs, some repeatedly. */
async function fill(table: Table, size: number): Promise<void> {
	await drive(table, { a: { colour: "red", size }, b: { hidden: true, due: "2026-04-01" }, c: { gone: true }, é: { size: "tall" } });
	await drive(table, { a: { colour: "blue", day: "2026-03-01" } });
	const [row] = (await table.load(["é"])).values();
	if (!row) throw new Error("it was just written");
	await table.save(
		[becomes({ ...row, at: { ...row.at, "roads:1": 3 } }, { colour: "green" })],
		[{ partition: "roads:1", from: tail(0), to: tail(3) }],
	);
}

/** All content that must be equal on both sides. */
export async function contentOf({ logs, rows, vault }: MoveEnd): Promise<object> {
	const partitions: Record<string, object> = {};
	for (const context of [...(await logs.contexts()).keys()].toSorted())
		for (const log of await logs.open(context))
			partitions[log.name] = { commits: (await everything(log)).map(stored), heads: await log.heads() };
	const generations = await Promise.all(KEPT.readModels.map((name) => rows.generations(name)));
	const specs = [...generations.flat().map(({ spec }) => spec), ...KEPT.tables];
	const installation = await logs.installation();
	const keys = await vault.page("", 100);
	return { installation, keys, partitions, generations, tables: await Promise.all(specs.map((spec) => tableContent(rows, spec))) };
}
export async function tableContent(rows: RowStore, spec: TableSpec): Promise<object> {
	const table = await rows.open(spec);
	const checkpoints = Object.entries(await table.checkpoints()).filter(([, { position }]) => position > 0);
	const all = await table.scan("", 1_000_000);
	return { name: spec.name, checkpoints: Object.fromEntries(checkpoints), rows: all.map(({ rev: _again, ...row }) => row) };
}

export class Dead extends Error {}
/** A process that dies before a given step, or after it with a lost answer. When dead, its calls have no effect. */
export class Mortal {
	steps = 0;
	readonly #at: number;
	readonly #before: boolean;

	constructor(at: number, before: boolean) {
		this.#at = at;
		this.#before = before;
	}
	place({ logs, rows, vault }: MoveEnd): MoveEnd {
		return { logs: this.#of(logs), rows: this.#of(rows), vault: this.#of(vault) };
	}
	/** Wraps an object so that each method call is a step, also on objects that it opens. */
	#of<T extends object>(target: T): T {
		return new Proxy(target, {
			get: (_, name) => {
				const value: unknown = Reflect.get(target, name, target);
				return typeof value === "function"
					? (...args: readonly unknown[]) => this.#step(() => Reflect.apply(value, target, args) as unknown)
					: value;
			},
		});
	}
	async #step(take: () => unknown): Promise<unknown> {
		if (++this.steps > this.#at || (this.steps === this.#at && this.#before)) throw new Dead();
		const result = await take();
		if (this.steps >= this.#at) throw new Dead();
		if (Array.isArray(result) && isPartition(result[0])) return result.map((one: object) => this.#of(one));
		return isTable(result) ? this.#of(result) : result;
	}
}
const isPartition = (value: unknown): value is LogPartition => value instanceof ScriptedLog;
const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null && "checkpoints" in value;
