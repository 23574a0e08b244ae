/** Stores - chooses the database: SQLite files in DATA_DIR, or the MongoDB of MONGO_URL. */
import { join } from "node:path";
import type { Report } from "../mixins/logs/signing.ts";
import type { Stores } from "../mixins/logs/storage.ts";
import { Anchors } from "../store/evidence/anchors.ts";
import { keysIn, openKeys } from "../store/evidence/keys.ts";
import { MongoLogStore } from "../store/mongo/log.ts";
import { MongoRowStore } from "../store/mongo/rows.ts";
import { SqliteLogStore } from "../store/sqlite/log.ts";
import { SqliteRowStore } from "../store/sqlite/rows.ts";
import type { Settings } from "./settings.ts";

/** The file of the logs in the data folder. */
export const LOG_FILE = "events.db";
/** The file of the read models and of the rows of processes, which can be rebuilt from the log. */
export const ROWS_FILE = "rows.db";
/** The folder of the keys that sign and check the heads of the logs. */
export const KEYS_FOLDER = "keys";
/** Its subfolder with the newest signed head of each partition. */
export const HEADS_FOLDER = "heads";

/** The settings of a node's stores. */
export type StoreSettings = Pick<Settings, "dataDir" | "partitions"> &
	Partial<Pick<Settings, "keys" | "mongoUrl" | "mongoAccess" | "installation">> & {
		/** Creates a signing key if there is none; only a node that decides needs one. */
		readonly signs?: boolean;
	};

/** `report` receives warnings that come up while the stores are in use. */
export function openStores(
	{ dataDir, partitions, keys, mongoUrl, mongoAccess, installation, signs = true }: StoreSettings,
	report: Report,
): Stores {
	const folder = join(dataDir, KEYS_FOLDER);
	const signing = (signs ? openKeys : keysIn)(folder, keys);
	const anchors = new Anchors(join(folder, HEADS_FOLDER), (reason) =>
		report("warn", `signed heads cannot be kept in ${folder}: ${reason}`),
	);
	if (mongoUrl === undefined) {
		const logs = new SqliteLogStore(join(dataDir, LOG_FILE), partitions, installation);
		return { keys: signing, anchors, logs, rows: new SqliteRowStore(join(dataDir, ROWS_FILE)) };
	}
	const at = { url: mongoUrl, ...mongoAccess };
	return { keys: signing, anchors, logs: new MongoLogStore(at, partitions, installation), rows: new MongoRowStore(at) };
}
