/** Generations - which rows of a read model are live, being built, or kept: one table in the rows file, changed in transactions. */
import { type Generation, tableNameOf, type TableSpec } from "../rows.ts";
import { ROWS_TABLES, unlessThere } from "./schema.ts";
import { quoted } from "./segments.ts";
import { BESIDE, create } from "./table.ts";
import type { Thread } from "./thread.ts";
import type { Run } from "./worker.ts";

const CREATE = unlessThere(ROWS_TABLES.generations);
const STATE = "SELECT state FROM generations WHERE name = ? AND number = ?";
const INSERT = "INSERT INTO generations VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
/** Inserts nothing if a generation is already live. */
const INSERT_LIVE =
	"INSERT INTO generations SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM generations WHERE name = ? AND state = 'live') ON CONFLICT DO NOTHING";
const SET = "UPDATE generations SET state = ? WHERE name = ? AND number = ?";

export class SqliteGenerations {
	readonly #thread: Thread;
	#made: Promise<unknown> | null = null;

	constructor(thread: Thread) {
		this.#thread = thread;
	}

	async of(name: string): Promise<Generation[]> {
		await (this.#made ??= create([CREATE, ...BESIDE], this.#thread));
		const rows = await this.#thread.query("SELECT number, state, spec, code, begun FROM generations WHERE name = ? ORDER BY number", [
			name,
		]);
		return rows.map(([number, state, spec, code, begun]) => ({
			number: Number(number),
			state: String(state) as Generation["state"], // bytes come in here
			spec: JSON.parse(String(spec)) as TableSpec, // bytes come in here
			code: String(code),
			begun: String(begun),
		}));
	}

	/** If another process creates one at the same time, the first one is used. */
	async liveGeneration(spec: TableSpec, code: string, begun: string): Promise<Generation> {
		for (;;) {
			const all = await this.of(spec.name);
			const live = all.find(({ state }) => state === "live");
			if (live) return live;
			const first = next(all, { state: "live", spec, code, begun });
			await this.#thread.transaction([{ sql: INSERT_LIVE, rows: [[...cells(spec.name, first), spec.name]] }]);
		}
	}

	/** If another process creates one at the same time, the next number is used. */
	async begin(spec: TableSpec, code: string, begun: string): Promise<Generation> {
		for (;;) {
			const all = await this.of(spec.name);
			const begins = next(all, { state: all.length === 0 ? "live" : "building", spec, code, begun });
			if (await this.#thread.transaction([{ sql: INSERT, rows: [cells(spec.name, begins)], each: true }])) return begins;
		}
	}

	async promote(name: string, number: number): Promise<boolean> {
		const live = (await this.of(name)).find(({ state }) => state === "live");
		if (live?.number === number) return true;
		const runs: Run[] = [
			{ sql: SET, rows: live ? [["kept", name, live.number]] : [], each: true },
			{ sql: SET, rows: [["live", name, number]], each: true },
		];
		return this.#thread.transaction(runs, live ? [{ sql: STATE, params: [name, live.number], value: "live" }] : []);
	}

	async remove(name: string, number: number): Promise<boolean> {
		const gone = (await this.of(name)).find((one) => one.number === number);
		if (!gone || gone.state === "live") return false;
		return this.#thread.transaction(
			[...dropped(gone.spec.name), { sql: "DELETE FROM generations WHERE name = ? AND number = ?", rows: [[name, number]], each: true }],
			[{ sql: STATE, params: [name, number], value: gone.state }],
		);
	}

	async discard(table: string): Promise<void> {
		await this.#thread.transaction([...BESIDE.map((sql) => ({ sql, rows: [[]] })), ...dropped(table)]);
	}

	async adopt(name: string, generations: readonly Generation[]): Promise<void> {
		const gone = (await this.of(name)).filter(({ number }) => !generations.some((one) => one.number === number));
		await this.#thread.transaction([
			{ sql: "DELETE FROM generations WHERE name = ?", rows: [[name]] },
			{ sql: INSERT, rows: generations.map((one) => cells(name, one)) },
			...gone.flatMap(({ spec }) => dropped(spec.name)),
		]);
	}
}

const next = (all: readonly Generation[], begins: Omit<Generation, "number">): Generation => {
	const number = (all.at(-1)?.number ?? 0) + 1;
	return { number, ...begins, spec: { ...begins.spec, name: tableNameOf(begins.spec.name, number) } };
};
const cells = (name: string, { number, state, spec, code, begun }: Generation) => [name, number, state, JSON.stringify(spec), code, begun];

const dropped = (table: string): Run[] => [
	{ sql: `DROP TABLE IF EXISTS ${quoted(`rows_${table}`)}`, rows: [[]] },
	{ sql: "DELETE FROM checkpoints WHERE name = ?", rows: [[table]] },
	{ sql: "DELETE FROM totals WHERE name = ?", rows: [[table]] },
];
