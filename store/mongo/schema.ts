/**
 * Schema - finds what a database holds under the names of this system, but was not made by it: a view shows other documents, an index can
 * delete documents after some time or refuse them, and so can an option of a collection
 * (docs/decisions/0047-parts-of-others.md).
 */
import type { Db, Document } from "mongodb";
import type { Connection } from "./connection.ts";
import { isMissing } from "./errors.ts";

/** Collections of the log, those of the rows, and those of the keys. */
export const OF_LOG = /^(logs|heads|moves|installation|log\.[a-z][a-z\d-]*\.\d+)$/;
export const OF_ROWS = /^(generations|leases|checkpoints|installation|rows\..+)$/;
export const OF_KEYS = /^(keys|progress)$/;

/** Options of a collection that change neither its documents nor the answers to queries. */
const HARMLESS = new Set(["storageEngine", "changeStreamPreAndPostImages"]);
/** The unique index of a partition. */
const VERSIONS = JSON.stringify({ stream: 1, version: 1 });

interface Found {
	readonly name: string;
	readonly type?: string;
	readonly options?: Document;
}

/** Views and options that do not belong to collections with these names. */
export function foreignCollections(all: readonly Found[], own: RegExp): string[] {
	return all
		.filter(({ name }) => own.test(name))
		.flatMap(({ name, type = "collection", options = {} }) => {
			if (type !== "collection") return [`the ${type} ${name}`];
			return Object.keys(options)
				.filter((option) => !HARMLESS.has(option))
				.map((option) => `the option ${option} of ${name}`);
		});
}
/** Indexes that delete or refuse documents. Other indexes are the choice of the operator. */
export function foreignIndexes(collection: string, indexes: readonly Document[]): string[] {
	return indexes
		.filter((index) => deletes(index) || refuses(index, collection))
		.map(({ name }) => `the index ${String(name)} of ${collection}`);
}
const deletes = ({ expireAfterSeconds }: Document): boolean => expireAfterSeconds !== undefined;
function refuses({ key, unique, prepareUnique }: Document, collection: string): boolean {
	const own = JSON.stringify(key) === '{"_id":1}' || (collection.startsWith("log.") && JSON.stringify(key) === VERSIONS);
	const plain = Object.values(key as object).every((order) => order === 1 || order === -1 || order === "hashed"); // an index of text or places refuses other values
	return !plain || (!own && (unique === true || prepareUnique === true));
}

/** All foreign parts of the collections with these names; one request, and one for each collection. */
export function foreignIn(connection: Connection, own: RegExp): Promise<string[]> {
	return connection.ask(async (database) => {
		const all = await database.listCollections({}, { nameOnly: false }).toArray();
		const collections = all.filter(({ name, type }) => own.test(name) && type !== "view");
		const indexes = await Promise.all(collections.map(async ({ name }) => foreignIndexes(name, await indexesIn(database, name))));
		return [...foreignCollections(all, own), ...indexes.flat()].toSorted();
	});
}
/** Empty for a collection that was removed meanwhile, as a rebuild does. */
const indexesIn = (database: Db, name: string): Promise<readonly Document[]> =>
	database
		.collection(name)
		.listIndexes()
		.toArray()
		.catch((error: unknown) => (isMissing(error) ? [] : Promise.reject(error)));
