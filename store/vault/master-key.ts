/**
 * MasterKey - wraps the data keys of the vault. It comes from the environment, from a file that only its owner can read, or from a key
 * management service behind the same interface; the key store never sees it.
 */
import { createHash, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createOnce, KeyUnusable } from "../evidence/keys.ts";
import { HAS_MODES, modeOf, narrow, octal } from "../private.ts";
import { open, seal } from "../seal.ts";

export const KEY_BYTES = 32;
/** The file in the folder of keys. */
const FILE = "master.key";
const OF_OTHERS = 0o077;
const OF_ALL = 0o007;

/** Wraps data keys. `subject` is bound to the result, so that the wrapped key of one subject cannot stand in for that of another. */
export interface MasterKey {
	readonly id: string;
	wrap(key: Uint8Array, subject: string): Promise<string>;
	/** Rejects if it was not wrapped by this key for this subject. */
	unwrap(wrapped: string, subject: string): Promise<Uint8Array>;
	/** The key in base64, if it can be copied. */
	readonly text?: string;
}

/** A master key in memory. */
export function localMaster(key: KeyObject): MasterKey {
	const id = createHash("sha256").update("vigie master key").update(key.export()).digest("hex").slice(0, 16);
	return {
		id,
		text: key.export().toString("base64"),
		wrap: async (data, subject) => seal(key, Buffer.from(data).toString("base64url"), subject),
		unwrap: async (wrapped, subject) => Buffer.from(open(key, wrapped, subject), "base64url"),
	};
}
/** Copies the file with the master keys to a folder that has none. */
export function keepMaster(from: string, to: string): void {
	const file = join(from, FILE);
	if (existsSync(file)) writeMaster(to, readFileSync(file, "utf8"));
}
/** Writes master keys to a folder that has none. */
export const writeMaster = (folder: string, text: string): void => createOnce(join(folder, FILE), text);

/** The keys in a text, the newest first: 32 bytes in base64 each, separated by commas or line breaks. Null if one is not such a key. */
export function masterKeysOf(text: string): readonly KeyObject[] | null {
	const keys = text.split(/[\s,]+/).filter((part) => part !== "");
	if (keys.length === 0 || keys.some((part) => !/^[A-Za-z0-9+/_-]{43}=?$/.test(part))) return null;
	return keys.map((part) => createSecretKey(Buffer.from(part, "base64")));
}

/** Makes a master key in the folder, unless it has one. */
export function newMasterKeyIn(folder: string): readonly MasterKey[] {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	writeMaster(folder, `${randomBytes(KEY_BYTES).toString("base64")}\n`);
	return masterKeysIn(folder);
}
/** The given keys, else those in the folder; the first one wraps. Throws KeyUnusable. */
export function masterKeysIn(folder: string, given?: readonly KeyObject[]): readonly MasterKey[] {
	if (given) return given.map(localMaster);
	const file = join(folder, FILE);
	if (!existsSync(file)) return [];
	if ((modeOf(file) & OF_ALL) === 0) narrow(file, false); // a platform gives its volumes to a group at every start
	const mode = modeOf(file);
	if (HAS_MODES && mode & OF_OTHERS) throw new KeyUnusable(`${file} can be read by others (mode ${octal(mode)}): chmod 600 it`);
	const keys = masterKeysOf(readFileSync(file, "utf8"));
	if (!keys)
		throw new KeyUnusable(`${file} holds no master key of 32 bytes in base64: put the right one back, or the data sealed under it is lost`);
	return keys.map(localMaster);
}
