/**
 * Keys - the private key that signs heads here, and the public keys whose signatures are trusted. The private key comes from the
 * environment, or from a file that only its owner can read, created at the first start; every public key ever used here is beside it. All
 * are outside the database, so that write access to the database is not enough to sign.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import {
	closeSync,
	existsSync,
	fchmodSync,
	fstatSync,
	fsyncSync,
	linkSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { keyId, type PublicKeys, type SigningKey } from "./heads.ts";
import { HAS_MODES, isMended, isShared, modeOf, narrow, octal, reportOf, treeOf } from "../private.ts";

/** The trusted public keys, and the signing key if this process signs. */
export interface Keyring {
	readonly signing?: SigningKey | undefined;
	readonly known: PublicKeys;
	/** Warnings for the operator about file modes. */
	readonly warnings?: readonly string[];
}
/** The keyring of a process that signs. */
export interface SigningKeyring extends Keyring {
	readonly signing: SigningKey;
}
/** Keys from the environment. */
export interface GivenKeys {
	/** Signs instead of the key in the folder. */
	readonly signing?: KeyObject | undefined;
	/** Public keys of other nodes. */
	readonly trusted?: readonly KeyObject[];
}
/** Thrown for a key that cannot be used; one line names the file and what the operator has to do. */
export class KeyUnusable extends Error {}

const PRIVATE = "signing.pem";
const OF_OWNER = 0o600;
const OF_OTHERS = 0o077;
const OPEN_TO_ALL = 0o007;
const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;

/** Null if the text is not an Ed25519 private key, as PEM or as base64 of its PKCS8. */
export function privateKeyOf(text: string): KeyObject | null {
	const given = text.replaceAll("\\n", "\n").trim(); // environment variables often escape line breaks
	try {
		const key = createPrivateKey(given.startsWith("-----") ? given : { key: Buffer.from(given, "base64"), format: "der", type: "pkcs8" });
		return key.asymmetricKeyType === "ed25519" ? key : null;
	} catch {
		return null; // not even a key
	}
}

/**
 * The keys of a folder and the given ones; creates missing files and never overwrites existing ones. With a given signing key, the key in
 * the folder does not sign, so problems of the folder are only warnings. Throws KeyUnusable.
 */
export function openKeys(folder: string, { signing: given, trusted = [] }: GivenKeys = {}): SigningKeyring {
	const warnings: string[] = [];
	try {
		make(folder);
		warnings.push(...guarded(folder, given === undefined));
		if (given) keepPublic(folder, createPublicKey(given));
	} catch (error) {
		if (!given || !(error instanceof KeyUnusable)) throw error;
		warnings.push(error.message);
	}
	const key = given ?? ownKey(join(folder, PRIVATE));
	const own = createPublicKey(key);
	if (!given) keepPublic(folder, own);
	return { signing: { id: keyId(own), key }, known: knownIn(folder, [own, ...trusted]), warnings };
}

/** The keys of a folder and the given ones; creates nothing, so without a private key there is no `signing`. Throws KeyUnusable. */
export function keysIn(folder: string, { signing: given, trusted = [] }: GivenKeys = {}): Keyring {
	const warnings = guarded(folder, given === undefined);
	const file = join(folder, PRIVATE);
	const text = given ? null : privateText(file);
	const key = given ?? (text === null ? null : usable(file, text));
	if (!key) return { known: knownIn(folder, trusted), warnings };
	const own = createPublicKey(key);
	return { signing: { id: keyId(own), key }, known: knownIn(folder, [own, ...trusted]), warnings };
}

/** The public keys of a folder, if it exists, and the trusted ones; creates nothing. Throws KeyUnusable. */
export function knownIn(folder: string, trusted: readonly KeyObject[] = []): PublicKeys {
	const names = existsSync(folder) ? namesIn(folder).filter((name) => name.endsWith(".pub")) : [];
	return new Map([...names.map((name) => publicKeyIn(folder, name)), ...trusted].map((one) => [keyId(one), one]));
}
function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch (error) {
		throw new KeyUnusable(`${folder} cannot be read (${codeOf(error)})`);
	}
}
/** Adds public keys to a folder, where their signatures are then trusted. */
export function keepKnown(folder: string, keys: PublicKeys): void {
	make(folder);
	guarded(folder, true);
	for (const key of keys.values()) keepPublic(folder, key);
}
/** The private key of a folder that is only read, without a check of its mode; null if there is none. */
export function signingKeyIn(folder: string): KeyObject | null {
	const file = join(folder, PRIVATE);
	return existsSync(file) ? usable(file, readFileSync(file, "utf8")) : null;
}
/** Writes the private key unless the folder has one. */
export const keepPrivate = (folder: string, key: KeyObject): void =>
	createOnce(join(folder, PRIVATE), key.export({ type: "pkcs8", format: "pem" }).toString());
const keepPublic = (folder: string, key: KeyObject): void =>
	createOnce(join(folder, `${keyId(key)}.pub`), key.export({ type: "spki", format: "pem" }).toString());

function make(folder: string): void {
	try {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
	} catch (error) {
		throw new KeyUnusable(`${folder} cannot be made (${codeOf(error)})`);
	}
}

/**
 * Narrows the folder and its files to the owner, and returns warnings about them. Users who can write to the folder can replace its keys, so if its private
 * key is `used`, a folder that was writable by all is refused, even if its mode could be corrected now.
 */
function guarded(folder: string, used: boolean): string[] {
	const before = modeOf(folder);
	if (used && before & WRITABLE_BY_ALL) throw writable(folder, before);
	const shared = isShared(folder);
	const file = join(folder, PRIVATE);
	const key = used && modeOf(file) & OPEN_TO_ALL ? null : narrow(file, false); // narrowed, it would not be refused below
	const others = treeOf(folder).filter((path) => path !== folder && path !== file);
	const mended = reportOf([narrow(folder, shared), key, ...others.map((path) => narrow(path, shared))].filter(isMended));
	const left = modeOf(folder);
	if (!(left & WRITABLE_BY_OTHERS)) return mended;
	if (used && !shared) throw writable(folder, left);
	return [...mended, `${folder} can be written by others than its owner (mode ${octal(left)}): they can replace the keys in it`];
}
const writable = (folder: string, mode: number): KeyUnusable =>
	new KeyUnusable(`${folder} can be written by others (mode ${octal(mode)}): chmod 700 it`);

/** The private key of this folder, created if there is none. */
function ownKey(file: string): KeyObject {
	let text = privateText(file);
	if (text === null) {
		keepPrivate(dirname(file), generateKeyPairSync("ed25519").privateKey);
		text = privateText(file); // another process may have been first
	}
	return usable(file, text ?? "");
}
function usable(file: string, text: string): KeyObject {
	const key = privateKeyOf(text);
	if (!key)
		throw new KeyUnusable(`${file} holds no Ed25519 private key in PEM: put the right one back, or move it away and a new one is made`);
	return key;
}

/** Null if the file does not exist. */
function privateText(file: string): string | null {
	let opened: number;
	try {
		opened = openSync(file, "r");
	} catch (error) {
		if (codeOf(error) === "ENOENT") return null;
		throw new KeyUnusable(`${file} cannot be read (${codeOf(error)})`);
	}
	try {
		const { mode } = fstatSync(opened);
		if (HAS_MODES && mode & OF_OTHERS) throw new KeyUnusable(`${file} can be read by others (mode ${octal(mode & 0o777)}): chmod 600 it`);
		return readFileSync(opened, "utf8");
	} catch (error) {
		throw error instanceof KeyUnusable ? error : new KeyUnusable(`${file} cannot be read (${codeOf(error)})`);
	} finally {
		closeSync(opened);
	}
}

function publicKeyIn(folder: string, name: string): KeyObject {
	const file = join(folder, name);
	try {
		const key = createPublicKey(readFileSync(file, "utf8"));
		if (key.asymmetricKeyType === "ed25519" && `${keyId(key)}.pub` === name) return key;
	} catch {
		// reported below
	}
	throw new KeyUnusable(
		`${file} is not the public key it is named after: put the right one back, or remove it and what it signed is no longer known`,
	);
}

/** Creates a file atomically, unless it exists: writes a temporary file, flushes it, then links it to its name. */
export function createOnce(file: string, content: string): void {
	if (existsSync(file)) return;
	const beside = `${file}.${randomUUID()}`;
	try {
		const opened = openSync(beside, "wx", OF_OWNER);
		try {
			fchmodSync(opened, OF_OWNER);
			writeSync(opened, content);
			fsyncSync(opened);
		} finally {
			closeSync(opened);
		}
		linkSync(beside, file);
	} catch (error) {
		if (codeOf(error) !== "EEXIST") throw new KeyUnusable(`${file} cannot be made (${codeOf(error)})`);
	} finally {
		rmSync(beside, { force: true });
	}
}

const codeOf = (error: unknown): string => (typeof error === "object" && error && "code" in error ? String(error.code) : String(error));
