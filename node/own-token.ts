/**
 * OwnToken - the token with which command-line tools on this machine call the gateway. It is in the data folder, readable only for its owner,
 * who can read the database and the keys anyway.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { newToken } from "../mixins/identity/tokens.ts";
import { makeFolder } from "./data-folder.ts";
import { KEYS_FOLDER } from "./stores.ts";

/** The file of the token. */
export const tokenFileIn = (dataDir: string): string => join(dataDir, KEYS_FOLDER, "token");

/** The token of the data folder; null if there is none or it cannot be read. */
export function ownTokenIn(dataDir: string): string | null {
	try {
		return readFileSync(tokenFileIn(dataDir), "utf8").trim() || null;
	} catch {
		return null;
	}
}

/** The token, made at the first start; of two nodes that start together, the second one reads it. Null if the folder cannot be written. */
export function keptTokenIn(dataDir: string): string | null {
	try {
		makeFolder(join(dataDir, KEYS_FOLDER));
		const file = openSync(tokenFileIn(dataDir), "wx", 0o600);
		writeSync(file, `${newToken()}\n`);
		closeSync(file);
	} catch {
		// it exists, or the folder cannot be written
	}
	return ownTokenIn(dataDir);
}
