/** Sample - checks the hash chain at the end of each log and at some earlier commits, in milliseconds. */
import type { DatabaseSync } from "node:sqlite";
import { chained, GENESIS } from "../chain.ts";

/** Number of checked commits: the last ones, which truncation and crashes affect first, and others spread over the log. */
const LAST = 200;
const SPREAD = 100;

/** The content of the file contradicts itself. */
export class Misfit extends Error {}

/** The last position of every partition; throws Misfit or an error of SQLite. */
export function tailsOf(db: DatabaseSync): Map<string, number> {
	const tables = new Set(
		db
			.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
			.all()
			.map(({ name }) => name),
	);
	const tails = new Map<string, number>();
	if (!tables.has("logs")) return tails;
	for (const { name, partitions } of db.prepare("SELECT name, partitions FROM logs").all())
		for (let i = 0; i < Number(partitions); i++) {
			const partition = `${String(name)}:${i}`;
			if (tables.has(tableOf(partition))) tails.set(partition, tailOf(db, partition));
			if (tables.has("heads")) signed(db, partition, tails.get(partition) ?? 0);
		}
	return tails;
}
/** The hash of the commit at a position, or undefined. */
export function hashAt(db: DatabaseSync, { partition, position }: { readonly partition: string; readonly position: number }): unknown {
	if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(tableOf(partition)) === undefined) return undefined;
	return db.prepare(`SELECT hash FROM "${tableOf(partition)}" WHERE position = ?`).get(position)?.["hash"];
}
const tableOf = (partition: string): string => `log_${partition.replace(":", "_")}`;

function tailOf(db: DatabaseSync, partition: string): number {
	const table = `"${tableOf(partition)}"`;
	const tail = Number(db.prepare(`SELECT coalesce(max(position), 0) AS tail FROM ${table}`).get()?.["tail"]);
	const one = db.prepare(`SELECT stream, version, body, hash FROM ${table} WHERE position = ?`);
	const at = db.prepare(`SELECT position FROM ${table} WHERE stream = ? AND version = ?`);
	for (const position of sampled(tail)) {
		const commit = one.get(position);
		const before = position === 1 ? GENESIS : one.get(position - 1)?.["hash"];
		if (!commit || before === undefined) throw new Misfit(`${partition}:${commit ? position - 1 : position} is missing`);
		const { stream, version, body, hash } = commit;
		if (chained(String(before), String(stream), Number(version), String(body)) !== hash)
			throw new Misfit(`${partition}:${position} does not follow from the commit before it`);
		if (at.get(String(stream), Number(version))?.["position"] !== position)
			throw new Misfit(`${partition}:${position} is not in its index`);
	}
	return tail;
}

function sampled(tail: number): Set<number> {
	const last = Array.from({ length: Math.min(LAST, tail) }, (_, i) => tail - i);
	const spread = Array.from({ length: tail > LAST ? SPREAD : 0 }, (_, i) => 1 + Math.floor((i * tail) / SPREAD));
	return new Set([...spread, ...last]);
}

/** Checks that the last signed commit is still there; the signature itself is checked only by a full verification. */
function signed(db: DatabaseSync, partition: string, tail: number): void {
	const head = db.prepare("SELECT position, hash FROM heads WHERE partition = ? ORDER BY position DESC LIMIT 1").get(partition);
	if (!head) return;
	const position = Number(head["position"]);
	const found = position > tail ? undefined : db.prepare(`SELECT hash FROM "${tableOf(partition)}" WHERE position = ?`).get(position);
	if (found?.["hash"] !== head["hash"]) throw new Misfit(`${partition}:${position} is not the commit that was signed`);
}
