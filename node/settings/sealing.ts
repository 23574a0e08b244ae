/** Sealing - the settings of the vault. */
import type { KeyObject } from "node:crypto";
import { masterKeysOf } from "../../store/vault/master-key.ts";

export interface SealingSettings {
	/** The master keys, the newest first; undefined for those in the data folder. */
	readonly masters?: readonly KeyObject[] | undefined;
	/** The database of the keys; undefined for one beside that of the log. */
	readonly keysUrl?: string | undefined;
}

/** Complaints never contain a key. */
export function sealingIn({ MASTER_KEY, KEYS_URL, MONGO_URL }: NodeJS.ProcessEnv, complaints: string[]): SealingSettings {
	const masters = MASTER_KEY ? masterKeysOf(MASTER_KEY) : undefined;
	if (masters === null) complaints.push("MASTER_KEY cannot be read: it has to be 32 bytes in base64, several separated by commas");
	if (KEYS_URL && !/^mongodb(\+srv)?:\/\/\S+$/.test(KEYS_URL)) complaints.push("KEYS_URL has to be mongodb://host/database");
	if (KEYS_URL && !MONGO_URL) complaints.push("KEYS_URL is set, but MONGO_URL is not: without it, the keys are in the data folder");
	return { masters: masters ?? undefined, keysUrl: KEYS_URL || undefined };
}
