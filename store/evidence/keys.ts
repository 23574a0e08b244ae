/**
 * Keys - who signs the heads here, and whose signatures count: the private key in a file only its owner can read, made at the
 * first start, or given from outside; every public key that was ever used here beside it. All outside the database, so that
 * whoever can write that cannot sign.
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
import { HAS_MODES, isMended, isShared, modeOf, narrow, octal, reportOf } from "../private.ts";

/** Whose signatures count, and who signs here, if anybody does. */
export interface Keyring {
	readonly signing?: SigningKey | undefined;
	readonly known: PublicKeys;
	/** Lines for the operator about modes. */
	readonly warnings?: readonly string[];
}
/** Of who signs. */
export interface SigningKeyring extends Keyring {
	readonly signing: SigningKey;
}
/** What is given from outside. */
export interface GivenKeys {
	/** Signs instead of the one in the folder. */
	readonly signing?: KeyObject | undefined;
	/** Of other nodes. */
	readonly trusted?: readonly KeyObject[];
}
/** Thrown for a key that cannot be used; says which file, and what to do with it, in one line. */
export class KeyUnusable extends Error {}

const PRIVATE = "signing.pem";
const OF_ALL = 0o644;
const OF_OTHERS = 0o077;
const OPEN_TO_ALL = 0o007;
const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;

/** Null when it is no Ed25519 private key, as PEM or as base64 of PKCS8. */
export function privateKeyOf(text: string): KeyObject | null {
	const given = text.replaceAll("\\n", "\n").trim(); // an environment holds no line breaks
	try {
		const key = createPrivateKey(given.startsWith("-----") ? given : { key: Buffer.from(given, "base64"), format: "der", type: "pkcs8" });
		return key.asymmetricKeyType === "ed25519" ? key : null;
	} catch {
		return null; // not even a key
	}
}

/**
 * The keys of a folder and those given; what is missing is made, what is there is never written again. With a key given, nothing in the
 * folder signs: what is wrong with it is a warning.
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

/** The keys that are in a folder and those given; makes nothing, so where there is no private key nobody signs. */
export function keysIn(folder: string, { signing: given, trusted = [] }: GivenKeys = {}): Keyring {
	const warnings = guarded(folder, given === undefined);
	const file = join(folder, PRIVATE);
	const text = given ? null : privateText(file);
	const key = given ?? (text === null ? null : usable(file, text));
	if (!key) return { known: knownIn(folder, trusted), warnings };
	const own = createPublicKey(key);
	return { signing: { id: keyId(own), key }, known: knownIn(folder, [own, ...trusted]), warnings };
}

/** The public keys of a folder, if there is one, and those given; makes nothing. */
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
/** Kept in a folder for good: what they signed counts there. */
export function keepKnown(folder: string, keys: PublicKeys, mode = OF_ALL): void {
	make(folder);
	guarded(folder, true);
	for (const key of keys.values()) keepPublic(folder, key, mode);
}
/** The private key of a folder that is only read from, whatever its mode; null where there is none. */
export function signingKeyIn(folder: string): KeyObject | null {
	const file = join(folder, PRIVATE);
	return existsSync(file) ? usable(file, readFileSync(file, "utf8")) : null;
}
/** Put there unless there is one. */
export const keepPrivate = (folder: string, key: KeyObject): void =>
	createOnce(join(folder, PRIVATE), key.export({ type: "pkcs8", format: "pem" }).toString(), 0o600);
const keepPublic = (folder: string, key: KeyObject, mode = OF_ALL): void =>
	createOnce(join(folder, `${keyId(key)}.pub`), key.export({ type: "spki", format: "pem" }).toString(), mode);

function make(folder: string): void {
	try {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
	} catch (error) {
		throw new KeyUnusable(`${folder} cannot be made (${codeOf(error)})`);
	}
}

/**
 * Narrows modes to the owner, and returns what was or is wrong with them. Whoever can write to the folder can replace the key and have
 * others believed, so where its key is `used` a folder that anyone could write to is refused, even if the mode could be mended now.
 */
function guarded(folder: string, used: boolean): string[] {
	const before = modeOf(folder);
	if (used && before & WRITABLE_BY_ALL) throw writable(folder, before);
	const shared = isShared(folder);
	const file = join(folder, PRIVATE);
	const key = used && !(modeOf(file) & OPEN_TO_ALL) ? narrow(file, false) : null;
	const mended = reportOf([narrow(folder, shared), key].filter(isMended));
	const left = modeOf(folder);
	if (!(left & WRITABLE_BY_OTHERS)) return mended;
	if (used && !shared) throw writable(folder, left);
	return [...mended, `${folder} can be written by others than its owner (mode ${octal(left)}): they can replace the keys in it`];
}
const writable = (folder: string, mode: number): KeyUnusable =>
	new KeyUnusable(`${folder} can be written by others (mode ${octal(mode)}): chmod 700 it`);

/** The private key of this folder, made when there is none. */
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

/** Null when there is no such file. */
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
		// told below
	}
	throw new KeyUnusable(
		`${file} is not the public key it is named after: put the right one back, or remove it and what it signed is no longer known`,
	);
}

/** The whole file or none, and whoever comes second leaves it as it is: written beside, on the disk, then given its name. */
function createOnce(file: string, content: string, mode: number): void {
	if (existsSync(file)) return;
	const beside = `${file}.${randomUUID()}`;
	try {
		const opened = openSync(beside, "wx", mode);
		try {
			fchmodSync(opened, mode);
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
