/** Place - the place of a system's logs and rows, as an operator names it: a data folder or a database. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { accessFor, mongoAccessIn, mongoProblems } from "../../node/settings/mongo-access.ts";
import { completed } from "../../node/settings.ts";
import { HEADS_FOLDER, KEYS_FOLDER, keyStoreOf, LOG_FILE, ROWS_FILE } from "../../node/stores.ts";
import type { LogStore } from "../../store/log.ts";
import type { MoveEnd } from "../../store/move/move.ts";
import { MongoLogStore } from "../../store/mongo/log.ts";
import { MongoRowStore } from "../../store/mongo/rows.ts";
import type { DataFolder } from "../../store/backup/restore.ts";
import { checkFiles } from "../../store/sqlite/check.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";
import { SqliteRowStore } from "../../store/sqlite/rows.ts";
import { makeFolder } from "../../node/data-folder.ts";
import { oneLine } from "../common/terminal.ts";

export type Side = "from" | "to";
export interface OpenPlace extends MoveEnd {
	/** Folder of the keys that sign and check its heads. */
	readonly keys: string;
	/** Warnings for the operator. */
	readonly warnings: readonly string[];
}

/** Whether two names mean the same place; different names may still do so. */
export const samePlace = (a: string, b: string): boolean => nameOf(a) === nameOf(b);
const nameOf = (text: string): string => folderOf(text) ?? urlOf(text) ?? text;
const folderOf = (text: string): string | null => (/^sqlite:./.test(text) ? resolve(text.slice("sqlite:".length)) : null);
const urlOf = (text: string): string | null => /^(?:mongodb:)?(mongodb(?:\+srv)?:\/\/.+)$/.exec(text)?.[1] ?? null;

/** Rejects with one clear line if the place cannot be used. `dataDir`: the folder with the keys of a node on MongoDB. */
export async function openPlace(side: Side, text: string, dataDir: string): Promise<OpenPlace> {
	const [folder, url] = [folderOf(text), urlOf(text)];
	try {
		if (folder !== null) return inFolder(side, folder);
		if (url !== null) return await inDatabase(url, join(dataDir, KEYS_FOLDER));
	} catch (error) {
		throw new Error(`--${side}: ${oneLine(error)}`, { cause: error });
	}
	throw new Error(`--${side} has to be sqlite:DIR or mongodb://HOST/DATABASE`); // the text is not repeated: it may contain a password
}

function inFolder(side: Side, folder: string): OpenPlace {
	const [events, rows] = [join(folder, LOG_FILE), join(folder, ROWS_FILE)];
	if (side === "from") {
		if (!existsSync(events)) throw new Error(`there is no log in ${folder}`);
		checkFiles(events, rows); // only the source must be complete
	} else makeFolder(folder);
	const place = { logs: new SqliteLogStore(events), rows: new SqliteRowStore(rows), vault: keyStoreOf({ dataDir: folder }) };
	return { ...place, keys: join(folder, KEYS_FOLDER), warnings: [...place.logs.warnings, ...place.rows.warnings] };
}

/** A data folder, by its files. */
export const dataFolder = (folder: string): DataFolder => ({
	folder,
	log: LOG_FILE,
	rows: ROWS_FILE,
	keys: KEYS_FOLDER,
	heads: HEADS_FOLDER,
});
/** Opens the log in a file. */
export const openLog = (file: string): LogStore => new SqliteLogStore(file);
export { userOf } from "../../store/sqlite/lock.ts";

async function inDatabase(url: string, keys: string): Promise<OpenPlace> {
	const env = completed(process.env);
	const access = mongoAccessIn(env);
	const [problem] = mongoProblems(undefined, access);
	if (problem !== undefined) throw new Error(problem);
	const at = { url, ...accessFor(url, access) };
	const vault = keyStoreOf({ dataDir: "", mongoUrl: url, mongoAccess: access, keysUrl: env["KEYS_URL"] || undefined });
	const place = { logs: new MongoLogStore(at), rows: new MongoRowStore(at), vault };
	try {
		await place.logs.ready();
	} catch (error) {
		await closed(place);
		throw error;
	}
	return { ...place, keys, warnings: place.logs.warnings };
}

export async function closed({ logs, rows, vault }: MoveEnd): Promise<void> {
	await vault.close();
	await rows.close();
	await logs.close();
}
