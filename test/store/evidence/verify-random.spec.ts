/** VerifyRandom - any change of any value of a log is found at its position, and an unchanged log has no findings (DESIGN §3, LAW 5). */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { chained } from "../../../store/chain.ts";
import { signHead } from "../../../store/evidence/heads.ts";
import type { Commit, Head, LogPartition } from "../../../store/log.ts";
import { SqliteLogStore } from "../../../store/sqlite/log.ts";
import { chainedAfter, EMPTY } from "../../support/commits.ts";
import { Folder } from "../../support/folder.ts";
import { AT, drafts, newKey, publicOf, verified } from "../../support/vault.ts";

const folder = new Folder();
const key = newKey();
const keys = publicOf(key);
let store: SqliteLogStore;
let db: DatabaseSync;
let logs = 0;
beforeAll(() => {
	store = new SqliteLogStore(folder.file("events.db"));
	db = new DatabaseSync(folder.file("events.db"));
	db.exec("PRAGMA busy_timeout = 10000");
});
afterAll(async () => {
	db.close();
	await store.close();
	folder.remove();
});

interface Made {
	readonly log: LogPartition;
	readonly table: string;
	readonly commits: readonly Commit[];
	readonly heads: readonly Head[];
}
/** A new log with a signed last commit. */
async function made(count: number): Promise<Made> {
	const context = `log-${++logs}`;
	const [log] = await store.open(context);
	if (!log) throw new Error("a log has at least one partition");
	const commits = chainedAfter(EMPTY, drafts(count));
	await log.append(commits);
	const heads = commits.map((commit) => signHead(log.name, commit, AT, key));
	for (const head of heads.slice(-1)) await log.keepHead(head);
	return { log, table: `"log_${context}_0"`, commits, heads };
}
/** False if the table refuses the change. */
function changed(sql: string, ...params: readonly (string | number)[]): boolean {
	try {
		return db.prepare(sql).run(...params).changes === 1;
	} catch {
		return false; // a constraint refused it
	}
}
const count = fc.integer({ min: 1, max: 24 });
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.constantFrom("", "{}", "null", '{"facts":[{}]}', "thing-0", "\0"));
const number = fc.oneof(fc.integer({ min: -30, max: 60 }), fc.maxSafeInteger());
/** Replaces one character of a text. */
const altered = (value: string, at: number, by: string): string => {
	const letters = [...value];
	letters[at % letters.length] = by;
	return letters.join("");
};
const mutation = fc.oneof(
	fc.record({ column: fc.constantFrom("stream", "body", "hash"), value: text }),
	fc.record({
		column: fc.constantFrom("stream", "body", "hash"),
		at: fc.nat(2000),
		by: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
	}),
	fc.record({ column: fc.constantFrom("version", "position"), number }),
	fc.record({ dropped: fc.constant(true) }),
);

describe("a random log", () => {
	it("is valid when unchanged, with every head", () =>
		fc.assert(
			fc.asyncProperty(count, async (commits) => {
				const { log, heads } = await made(commits);
				const { end } = await verified(log, keys, heads);
				expect(end).toEqual({ log: log.name, verified: commits, heads: commits, signed: commits, findings: [] });
			}),
			{ numRuns: 40 },
		));

	it("is invalid after a change of one value of a row, and the first finding gives the position", () =>
		fc.assert(
			fc.asyncProperty(count, fc.nat(), mutation, async (size, row, change) => {
				const { log, table, commits } = await made(size);
				const position = (row % size) + 1;
				const before = commits[position - 1] as unknown as Record<string, string>; // its columns
				let first = position;
				if ("dropped" in change) expect(changed(`DELETE FROM ${table} WHERE position = ?`, position)).toBe(true);
				else {
					const old = before[change.column] ?? "";
					const value = "value" in change ? change.value : "number" in change ? change.number : altered(old, change.at, change.by);
					fc.pre(value !== old && String(value).isWellFormed());
					fc.pre(changed(`UPDATE ${table} SET ${change.column} = ? WHERE position = ?`, value, position));
					if (change.column === "position" && Number(value) < 1) first = Number(value);
				}
				const { findings } = (await verified(log, keys)).end;
				expect([findings[0]?.position, findings[0]?.code]).toEqual([first, expect.any(String)]);
			}),
			{ numRuns: 400 },
		));

	it("is invalid after a change of one value of a head", () => {
		const columns = fc.constantFrom("position", "hash", "at", "key", "signature");
		return fc.assert(
			fc.asyncProperty(
				count,
				columns,
				number,
				fc.oneof(
					text.map((value) => ({ value })),
					fc.record({ at: fc.nat(100), by: fc.constantFrom("0", "a", "-", "Z", " ", "\n") }),
				),
				async (size, column, whole, change) => {
					const { log, heads } = await made(size);
					const old = (heads.at(-1) as unknown as Record<string, string | number>)[column] ?? ""; // its columns
					const value = typeof old === "number" ? whole : "value" in change ? change.value : altered(old, change.at, change.by);
					fc.pre(value !== old && changed(`UPDATE heads SET ${column} = ? WHERE partition = ?`, value, log.name));
					expect((await verified(log, keys)).end.findings).toMatchObject([{ code: column === "key" ? "UNKNOWN_KEY" : "BAD_SIGNATURE" }]);
				},
			),
			{ numRuns: 200 },
		);
	});

	it("that was rewritten from some commit on is detected by any kept head from there on, and by none before", () =>
		fc.assert(
			fc.asyncProperty(count, fc.nat(), fc.nat(), async (size, from, kept) => {
				const { log, table, commits, heads } = await made(size);
				const [changedAt, keptAt] = [(from % size) + 1, (kept % size) + 1];
				let hash = commits[changedAt - 2]?.hash ?? "";
				for (const { position, stream, version, body } of commits.slice(changedAt - 1)) {
					const other = position === changedAt ? body.replace("somebody", "nobody") : body;
					hash = chained(hash, stream, version, other);
					changed(`UPDATE ${table} SET body = ?, hash = ? WHERE position = ?`, other, hash, position);
				}
				changed("DELETE FROM heads WHERE partition = ?", log.name);
				const { findings } = (await verified(log, keys, heads.slice(keptAt - 1, keptAt))).end;
				expect(findings.map(({ position, code }) => [position, code])).toEqual(keptAt < changedAt ? [] : [[keptAt, "REWRITTEN"]]);
			}),
			{ numRuns: 100 },
		));
});
