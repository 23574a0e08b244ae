/** Stores - chooses the database: SQLite files in DATA_DIR, or the MongoDB of MONGO_URL. */
import { join } from "node:path";
import type { Report } from "../mixins/logs/signing.ts";
import type { Stores } from "../mixins/logs/storage.ts";
import { Anchors } from "../store/evidence/anchors.ts";
import { keysIn, openKeys } from "../store/evidence/keys.ts";
import { MongoKeyStore } from "../store/mongo/keys.ts";
import { MongoLogStore } from "../store/mongo/log.ts";
import { MongoRowStore } from "../store/mongo/rows.ts";
import { SqliteKeyStore } from "../store/sqlite/keys.ts";
import { SqliteLogStore } from "../store/sqlite/log.ts";
import { SqliteRowStore } from "../store/sqlite/rows.ts";
import type { KeyStore } from "../store/vault/key-store.ts";
import { masterKeysIn, newMasterKeyIn } from "../store/vault/master-key.ts";
import { Vault } from "../store/vault/vault.ts";
import type { Settings } from "./settings.ts";

/** The file of the logs in the data folder. */
export const LOG_FILE = "events.db";
/** The file of the read models and of the rows of processes, which can be rebuilt from the log. */
export const ROWS_FILE = "rows.db";
/** The file of the keys under which personal data is sealed. */
export const VAULT_FILE = "keys.db";
/** Suffix of the database of these keys, after the name of the database of logs and rows. */
const VAULT_SUFFIX = "-keys";
/** The folder of the master key, and of the keys that sign and check the heads of the logs. */
export const KEYS_FOLDER = "keys";
/** Its subfolder with the newest signed head of each partition. */
export const HEADS_FOLDER = "heads";

/** The settings of a node's stores. */
export type StoreSettings = Pick<Settings, "dataDir" | "partitions"> &
	Partial<Pick<Settings, "keys" | "mongoUrl" | "installation" | "sealing">> & {
		/** Creates no key. */
		readonly observing?: boolean;
	};

/** `report` receives warnings that come up while the stores are in use. */
export function openStores(
	{ dataDir, partitions, keys, mongoUrl, installation, sealing = {}, observing = false }: StoreSettings,
	report: Report,
): Stores {
	const folder = join(dataDir, KEYS_FOLDER);
	const signing = (observing ? keysIn : openKeys)(folder, keys);
	const anchors = new Anchors(join(folder, HEADS_FOLDER), (reason) =>
		report("warn", `signed heads cannot be kept in ${folder}: ${reason}`),
	);
	const masters = masterKeysIn(folder, sealing.masters);
	const lateMasters = (makes: boolean) => (makes ? newMasterKeyIn(folder) : masterKeysIn(folder));
	const vault = new Vault(keyStoreOf({ dataDir, mongoUrl, keysUrl: sealing.keysUrl }), { masters, lateMasters, creates: !observing });
	return mongoUrl === undefined
		? {
				keys: signing,
				anchors,
				vault,
				logs: new SqliteLogStore(join(dataDir, LOG_FILE), partitions, installation),
				rows: new SqliteRowStore(join(dataDir, ROWS_FILE)),
			}
		: { keys: signing, anchors, vault, logs: new MongoLogStore(mongoUrl, partitions, installation), rows: new MongoRowStore(mongoUrl) };
}

/** The place of the keys under which personal data is sealed. */
interface VaultPlace {
	readonly dataDir: string;
	readonly mongoUrl?: string | undefined;
	readonly keysUrl?: string | undefined;
}
export function keyStoreOf({ dataDir, mongoUrl, keysUrl }: VaultPlace): KeyStore {
	if (keysUrl !== undefined) return new MongoKeyStore(keysUrl);
	return mongoUrl === undefined ? new SqliteKeyStore(join(dataDir, VAULT_FILE)) : new MongoKeyStore(mongoUrl, VAULT_SUFFIX);
}
