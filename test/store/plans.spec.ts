/** Plans - SQLite's query plans show that every possible query of a read model uses an index. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DatabaseSync } from "node:sqlite";
import { tableOf } from "../../mixins/read-models/projector.ts";
import { infractions } from "../../services/infraction/infractions.service.ts";
import { detections } from "../../services/radar/detections.service.ts";
import { radars } from "../../services/radar/radars.service.ts";
import { owners } from "../../services/registration/owners.service.ts";
import { vehicles } from "../../services/registration/vehicles.service.ts";
import { RowQueries } from "../../store/sqlite/queries.ts";
import { SqliteRowStore } from "../../store/sqlite/rows.ts";
import { Segments, SEGMENT } from "../../store/sqlite/segments.ts";
import type { Query } from "../../store/rows.ts";
import { query } from "../support/cars.ts";
import { Folder } from "../support/folder.ts";

const folder = new Folder();
let db: DatabaseSync;
const READ_MODELS = [detections, infractions, radars, owners, vehicles];
beforeAll(async () => {
	const store = new SqliteRowStore(folder.file("rows.db"));
	for (const one of READ_MODELS) await store.open(tableOf(one));
	await store.close();
	db = new DatabaseSync(folder.file("rows.db"), { readOnly: true });
});
afterAll(() => {
	db?.close();
	folder.remove();
});

/** Plan steps that scan all rows of the table or an index; for segmented queries also those that scan all segments. */
const wasteful = (sql: string): readonly string[] => {
	const pieces = sql.includes("CROSS JOIN");
	return stepsOf(sql).filter(
		(step) => /^SCAN rows_/.test(step) || (pieces && /^SEARCH rows_.* INDEX /.test(step) && !step.includes("<expr>=?")),
	);
};
const stepsOf = (sql: string): readonly string[] =>
	db
		.prepare(`EXPLAIN QUERY PLAN ${sql}`)
		.all()
		.map(({ detail }) => String(detail));

describe.each(READ_MODELS.map((one) => [one.name, one] as const))("%s", (name, projection) => {
	const spec = tableOf(projection);
	const finding = new RowQueries(`"rows_${name}"`, "id, data", new Segments(spec, SEGMENT));
	const sorts = ["id", ...(spec.sorts ?? [])];
	const asked: readonly Query["filters"][] = [
		...spec.columns.map((column) => ({ [column]: "x" })),
		...spec.columns.flatMap((one) => spec.columns.filter((other) => other !== one).map((other) => ({ [one]: "x", [other]: "x" }))),
	];

	it("is listed by every filter and any two, in every order, without a full scan", () => {
		for (const filters of asked)
			for (const sort of sorts)
				for (const descending of [false, true])
					for (const after of [undefined, { value: "x", id: "x" }]) {
						const { sql } = finding.rows({ ...query({ filters, sort, descending, limit: 20 }), ...(after ? { after } : {}) });
						expect({ filters, sort, wasteful: wasteful(sql) }).toEqual({ filters, sort, wasteful: [] });
					}
	});

	it("is counted by every filter and any two, without a full scan", () => {
		for (const filters of asked) expect({ filters, wasteful: wasteful(finding.count(filters).sql) }).toEqual({ filters, wasteful: [] });
	});

	it("is searched segment by segment with the index of the requested value", () => {
		for (const column of spec.scattered ?? []) {
			const steps = stepsOf(finding.rows(query({ filters: { [column]: "x" } })).sql);
			expect(steps).toContainEqual(
				expect.stringMatching(new RegExp(`COVERING INDEX ${name}_${column} \\(<expr>=\\? AND by_${column}=\\?`)),
			);
		}
	});
});
