/** Cars - sample rows for tests of row stores: a counted color, a size, a day, and a plate. */
import { blank, type Change, checkpointOf, type Query, type Row, type Table, type TableSpec } from "../../store/rows.ts";
import { tail } from "./commits.ts";

export const CARS: TableSpec = {
	name: "cars",
	columns: ["colour", "size", "day"],
	counted: ["colour"],
	scattered: ["size"],
	ranges: [["colour", "day"]],
};

export interface Car {
	readonly colour?: string | null;
	readonly size?: number | string | null;
	readonly day?: string | null;
	readonly due?: string | null;
	/** Hidden from queries. */
	readonly hidden?: boolean;
	/** Deleted: only `at` stays. */
	readonly gone?: boolean;
}

/** The change of a row. */
export const becomes = (before: Row, { colour = null, size = null, day = null, due = null, hidden, gone }: Car): Change => ({
	before,
	after: {
		id: before.id,
		rev: before.rev,
		at: { ...before.at, "cars:0": (before.at["cars:0"] ?? 0) + 1 },
		data: gone ? null : { colour, size, day },
		due: gone ? null : due,
		columns: hidden || gone ? null : [colour, size, day],
	},
});

/** Writes cars like a projector: loads them, changes them, and moves the checkpoint by one. */
export async function drive(table: Table, cars: Readonly<Record<string, Car>>): Promise<boolean> {
	const rows = await table.load(Object.keys(cars));
	const { position } = checkpointOf(await table.checkpoints(), "cars:0");
	return table.save(
		Object.entries(cars).map(([id, car]) => becomes(rows.get(id) ?? blank(id), car)),
		[{ partition: "cars:0", from: tail(position), to: tail(position + 1) }],
	);
}

export const query = (asked: Partial<Query> = {}): Query => ({ filters: {}, sort: "id", descending: false, limit: 100, ...asked });
export const idsOf = (rows: readonly Row[]): string[] => rows.map(({ id }) => id);
