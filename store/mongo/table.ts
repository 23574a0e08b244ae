/**
 * Table - one table of rows on MongoDB, written without transactions: each row if it is unchanged since it was read, then the checkpoint,
 * which only rises. A save that fails halfway leaves valid rows, because each row records the positions it has seen.
 */
import type { AnyBulkWriteOperation, Collection } from "mongodb";
import { BEGINNING, sameTail, StoreUnavailable, type Tail } from "../log.ts";
import {
	type Change,
	checkpointOf,
	type Checkpoints,
	type Query,
	type Row,
	type CheckpointMove,
	type Table,
	type TableSpec,
} from "../rows.ts";
import { isDuplicate } from "./errors.ts";
import { type Condition, conditionOf, matching, orderOf } from "./queries.ts";
import type { Connection } from "./connection.ts";
import { rowOf, type StoredRow, storedOf } from "./documents.ts";

/** The checkpoints of a table: one document that exists as long as the table. */
export interface KeptCheckpoints {
	/** Name of the table. */
	readonly _id: string;
	/** Checkpoints by partition; each is one text, so that `$max` raises position and hash together. */
	readonly places: Readonly<Record<string, string>>;
}
/** Fixed number of digits, so that texts sort like numbers. */
const DIGITS = 15;
const placeText = ({ position, hash }: Tail): string => `${String(position).padStart(DIGITS, "0")} ${hash}`;
const placeIn = (text: string): Tail => ({ position: Number(text.slice(0, DIGITS)), hash: text.slice(DIGITS + 1) });
export const CHECKPOINTS = "checkpoints";
export const collectionOf = (table: string): string => `rows.${table}`;

/**
 * Totals are not stored: without a transaction, a crash between a row and its total would make it wrong permanently. The server counts in
 * an index. Above EXACTLY rows, the unfiltered count comes from the size of the collection, which can be slightly wrong after a server
 * crash. Filtered counts stop at MOST.
 */
const EXACTLY = 100_000;
const MOST = 1_000_000;

export class MongoTable implements Table {
	readonly atomic = false;
	readonly #spec: TableSpec;
	readonly #connection: Connection;
	/** Checkpoints written by this process's last save; empty if it failed. */
	#left: Checkpoints = {};

	constructor(spec: TableSpec, connection: Connection) {
		this.#spec = spec;
		this.#connection = connection;
	}

	async checkpoints(): Promise<Checkpoints> {
		return (await this.#places()) ?? {};
	}

	load(ids: readonly string[]): Promise<Map<string, Row>> {
		if (ids.length === 0) return Promise.resolve(new Map());
		return this.#rows(async (rows) => {
			const found = await rows.find({ _id: { $in: [...ids] } }, { batchSize: ids.length }).toArray();
			return new Map(found.map((stored) => [stored._id, rowOf(stored, this.#spec)]));
		});
	}

	/**
	 * A step must start at the current checkpoint: a later start would skip facts, an earlier one would repeat the work of another process.
	 * This is checked before the rows, so that an outdated save writes nothing (skipped if this process wrote the checkpoint last), and
	 * again when the checkpoint is written.
	 */
	async save(changes: readonly Change[], steps: readonly CheckpointMove[]): Promise<boolean> {
		const stands = ({ partition, from }: CheckpointMove, places: Checkpoints): boolean => sameTail(checkpointOf(places, partition), from);
		if (!steps.every((step) => stands(step, this.#left))) {
			const places = await this.#standing();
			if (!steps.every((step) => stands(step, places))) return false;
		}
		const saved = (await this.#write(changes)) && (await this.#raise(steps));
		if (!saved && steps.length > 0) await this.#standing();
		const left = steps.map(({ partition, to }) => [partition, to] as const);
		this.#left = saved ? { ...this.#left, ...Object.fromEntries(left) } : {};
		return saved;
	}
	/** Current checkpoints. If the table was removed, drops rows written since, and throws StoreUnavailable. */
	async #standing(): Promise<Checkpoints> {
		const places = await this.#places();
		if (places) return places;
		await this.#connection.ask((database) => database.dropCollection(collectionOf(this.#spec.name)));
		throw new StoreUnavailable(`MongoDB: the rows of ${this.#spec.name} have been removed`);
	}

	/**
	 * Writes all rows independently in one request. The result counts the unchanged rows but does not name them, so any count below all is
	 * a failure. Concurrent writers can produce the same `rev` with different content, so `at` is compared too.
	 */
	async #write(changes: readonly Change[]): Promise<boolean> {
		if (changes.length === 0) return true;
		const writes = changes.map(({ before, after }): AnyBulkWriteOperation<StoredRow> => {
			const { _id, ...content } = storedOf(after, this.#spec);
			if (after.rev === 0) return { insertOne: { document: { _id, ...content } } };
			return { replaceOne: { filter: { _id, rev: after.rev, at: before.at }, replacement: content } };
		});
		return this.#rows((rows) =>
			rows.bulkWrite(writes, { ordered: false }).then(
				({ insertedCount, matchedCount }) => insertedCount + matchedCount === writes.length,
				(error: unknown) => (isDuplicate(error) ? false : Promise.reject(error)),
			),
		);
	}
	/** Moves all checkpoints in one conditional write; never backward. */
	async #raise(steps: readonly CheckpointMove[]): Promise<boolean> {
		if (steps.length === 0) return true;
		const place = (partition: string): string => `places.${partition}`;
		const standing = (from: Tail) => (sameTail(from, BEGINNING) ? { $in: [placeText(from), null] } : placeText(from));
		const stand = Object.fromEntries(steps.map(({ partition, from }) => [place(partition), standing(from)]));
		const moves = steps.filter(({ from, to }) => to.position > from.position);
		const raised = Object.fromEntries(moves.map(({ partition, to }) => [place(partition), placeText(to)]));
		const still = { _id: this.#spec.name, ...stand };
		return this.#connection.in<KeptCheckpoints, boolean>(CHECKPOINTS, async (checkpoints) => {
			if (moves.length === 0) return (await checkpoints.findOne(still)) !== null;
			return (await checkpoints.updateOne(still, { $max: raised })).matchedCount === 1;
		});
	}

	refresh(change: Change): Promise<boolean> {
		return change.before.rev === 0 ? Promise.resolve(false) : this.#write([change]);
	}

	get(id: string): Promise<Row | null> {
		return this.#rows(async (rows) => {
			const stored = await rows.findOne({ _id: id, shown: true });
			return stored && rowOf(stored, this.#spec);
		});
	}

	async find(query: Query): Promise<Row[]> {
		const condition = conditionOf(query);
		return condition ? this.#found(condition, orderOf(query), query.limit, query.offset) : [];
	}

	scan(after: string, limit: number): Promise<Row[]> {
		return this.#found({ _id: { $gt: after } }, { _id: 1 }, limit);
	}

	due(now: string, limit: number): Promise<Row[]> {
		return this.#found({ due: { $lte: now } }, { due: 1 }, limit);
	}

	async count(filters: Query["filters"]): Promise<number> {
		const condition = matching(filters);
		if (!condition) return 0;
		return this.#rows(async (rows) => {
			if (Object.keys(filters).length > 0) return rows.countDocuments(condition, { limit: MOST });
			const all = await rows.estimatedDocumentCount();
			return all > EXACTLY ? all - (await rows.countDocuments({ shown: false })) : rows.countDocuments(condition);
		});
	}

	#found(condition: Condition, order: Record<string, 1 | -1>, limit: number, offset = 0): Promise<Row[]> {
		return this.#rows(async (rows) => {
			const found = await rows.find(condition, { sort: order, skip: offset, limit, batchSize: limit }).toArray();
			return found.map((stored) => rowOf(stored, this.#spec));
		});
	}
	/** Null if the table was removed. */
	#places(): Promise<Checkpoints | null> {
		return this.#connection.in<KeptCheckpoints, Checkpoints | null>(CHECKPOINTS, async (checkpoints) => {
			const kept = await checkpoints.findOne({ _id: this.#spec.name });
			return kept && Object.fromEntries(Object.entries(kept.places).map(([partition, text]) => [partition, placeIn(text)]));
		});
	}
	#rows<T>(question: (rows: Collection<StoredRow>) => Promise<T>): Promise<T> {
		return this.#connection.in(collectionOf(this.#spec.name), question);
	}
}
