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
import { accessFor, type MongoAccess } from "./settings/mongo-access.ts";
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
	Partial<Pick<Settings, "keys" | "mongoUrl" | "mongoAccess" | "installation" | "sealing">> & {
		/** Creates a signing key if there is none; only a node that decides needs one. */
		readonly signs?: boolean;
		/** Creates no key of personal data. */
		readonly observing?: boolean;
	};

/** `report` receives warnings that come up while the stores are in use. */
export function openStores(
	{ dataDir, partitions, keys, mongoUrl, mongoAccess, installation, sealing = {}, signs = true, observing = false }: StoreSettings,
	report: Report,
): Stores {
	const folder = join(dataDir, KEYS_FOLDER);
	const signing = (signs ? openKeys : keysIn)(folder, keys);
	const anchors = new Anchors(join(folder, HEADS_FOLDER), (reason) =>
		report("warn", `signed heads cannot be kept in ${folder}: ${reason}`),
	);
	const masters = masterKeysIn(folder, sealing.masters);
	const lateMasters = (makes: boolean) => (makes ? newMasterKeyIn(folder) : masterKeysIn(folder));
	const place = { dataDir, mongoUrl, mongoAccess, keysUrl: sealing.keysUrl };
	const vault = new Vault(keyStoreOf(place), { masters, lateMasters, creates: !observing });
	if (mongoUrl === undefined) {
		const logs = new SqliteLogStore(join(dataDir, LOG_FILE), partitions, installation);
		return { keys: signing, anchors, vault, logs, rows: new SqliteRowStore(join(dataDir, ROWS_FILE)) };
	}
	const at = { url: mongoUrl, ...mongoAccess };
	return { keys: signing, anchors, vault, logs: new MongoLogStore(at, partitions, installation), rows: new MongoRowStore(at) };
}

/** The place of the keys under which personal data is sealed. */
interface VaultPlace {
	readonly dataDir: string;
	readonly mongoUrl?: string | undefined;
	readonly mongoAccess?: MongoAccess | undefined;
	readonly keysUrl?: string | undefined;
}
/** A URL with credentials of its own is used with them, and without MONGO_USER. */
export function keyStoreOf({ dataDir, mongoUrl, mongoAccess = {}, keysUrl }: VaultPlace): KeyStore {
	const at = (url: string) => ({ url, ...accessFor(url, mongoAccess) });
	if (keysUrl !== undefined) return new MongoKeyStore(at(keysUrl));
	return mongoUrl === undefined ? new SqliteKeyStore(join(dataDir, VAULT_FILE)) : new MongoKeyStore(at(mongoUrl), VAULT_SUFFIX);
}
