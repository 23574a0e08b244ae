/**
 * Heads - signs and checks that a partition's chain has a given hash at a given position, and reads and writes heads as text to be kept
 * elsewhere. Without the private key, a signed head cannot be forged.
 */
import { createPublicKey, hash as digest, type KeyObject, sign, verify } from "node:crypto";
import type { Head, Tail } from "../log.ts";

/** A private key and the id of its public one. */
export interface SigningKey {
	readonly id: string;
	readonly key: KeyObject;
}
/** Trusted public keys by id. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;
/** A public key in its text form. */
export interface PublicKey {
	readonly id: string;
	/** SPKI in DER, as base64. */
	readonly publicKey: string;
}
/** Reason why a head is not valid. */
export type Doubt = "UNKNOWN_KEY" | "BAD_SIGNATURE";

/** The format of each part of a head; no part can contain a space or a line break. */
const FORM = {
	partition: /^[a-z][a-z\d-]{0,63}:\d{1,4}$/,
	position: /^[1-9]\d{0,14}$/,
	hash: /^[\w-]{43}$/,
	at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
	key: /^[\da-f]{16}$/,
	signature: /^[\w-]{86}$/,
} as const;
const PARTS = ["partition", "position", "hash", "at", "key", "signature"] as const;
/** First line of the signed text, and of a text of heads; each contains the version of its format. */
const SIGNED = "vigie-head 1";
const EXPORTED = "vigie-heads 1";
/** Maximum number of reported problems per text. */
const MOST_PROBLEMS = 20;

/** The first 64 bits of SHA-256 of the SPKI, in hex: short enough to read aloud. An id only finds a key and proves nothing. */
export const keyId = (key: KeyObject): string => digest("sha256", key.export({ type: "spki", format: "der" }), "hex").slice(0, 16);

export const published = ([id, key]: readonly [string, KeyObject]): PublicKey => ({
	id,
	publicKey: key.export({ type: "spki", format: "der" }).toString("base64"),
});

/** Null if the text is not an Ed25519 key, as base64 of its SPKI. */
export function publicKeyOf(text: string): KeyObject | null {
	try {
		const key = createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" });
		return key.asymmetricKeyType === "ed25519" ? key : null;
	} catch {
		return null; // not even a key
	}
}

/** The valid keys of a comma-separated list. */
export const publicKeysOf = (text: string): PublicKeys =>
	new Map(
		text
			.split(",")
			.map(publicKeyOf)
			.flatMap((key) => (key === null ? [] : [[keyId(key), key] as const])),
	);

const signedText = ({ partition, position, hash, at, key }: Omit<Head, "signature">): Buffer =>
	Buffer.from([SIGNED, partition, position, hash, at, key].join("\n"));

export function signHead(partition: string, { position, hash }: Tail, at: string, { id, key }: SigningKey): Head {
	const head = { partition, position, hash, at, key: id };
	return { ...head, signature: sign(null, signedText(head), key).toString("base64url") };
}

/** Null if one of these keys signed exactly this head. */
export function doubtOf(head: Head, keys: PublicKeys): Doubt | null {
	const key = keys.get(head.key);
	if (!key) return "UNKNOWN_KEY";
	const signature = Buffer.from(head.signature, "base64url");
	const exact = signature.toString("base64url") === head.signature; // the last base64 character has unused bits
	return exact && verify(null, signedText(head), key, signature) ? null : "BAD_SIGNATURE";
}

/** The valid head with the highest position, or undefined. */
export const newestOf = (heads: readonly Head[], keys: PublicKeys): Head | undefined =>
	heads.toSorted((a, b) => b.position - a.position).find((head) => doubtOf(head, keys) === null);

// -- The text form ------------------------------------------------------------------------------------------------------------

const EXPLAINED = `\
# This text proves the content of the Vigie log up to the positions below. Keep it where nobody with access to the log can change
# it. \`es-verify --heads FILE\` checks a log against it, today or in ten years. Lines that begin with # are comments.
#   key ID PUBLIC-KEY                                     Ed25519, base64 of its SPKI; ID = sha256 of that, first 16 hex digits
#   head PARTITION POSITION HASH SIGNED-AT KEY SIGNATURE  over "${SIGNED}" and the five before it, each on a line of its own`;

/** The text form of heads and of the keys to check them. */
export function headsText(keys: readonly PublicKey[], heads: readonly Head[]): string {
	const lines = [
		EXPLAINED,
		EXPORTED,
		...keys.map(({ id, publicKey }) => `key ${id} ${publicKey}`),
		...heads.map((head) => `head ${PARTS.map((part) => head[part]).join(" ")}`),
	];
	return `${[...new Set(lines)].join("\n")}\n`;
}

export interface LineProblem {
	/** Counted from 1. */
	readonly line: number;
	readonly message: string;
}
/** Thrown for a text that is not valid; lists each invalid line. */
export class HeadsUnreadable extends Error {
	readonly problems: readonly LineProblem[];
	constructor(problems: readonly LineProblem[]) {
		const told = problems.slice(0, MOST_PROBLEMS);
		super(told.map(({ line, message }) => `line ${line}: ${message}`).join("\n"));
		this.problems = told;
	}
}

/** Reads the heads and keys of a text; the caller must trust its source, because the keys are not checked. Throws HeadsUnreadable. */
export function parseHeads(text: string): { readonly keys: PublicKeys; readonly heads: readonly Head[] } {
	const keys = new Map<string, KeyObject>();
	const heads: Head[] = [];
	const problems: LineProblem[] = [];
	const lines = text
		.replace(/^\uFEFF/, "")
		.split(/\r?\n/)
		.map((content, i) => ({ words: content.trim().split(/\s+/), line: i + 1 }))
		.filter(({ words: [word = ""] }) => word !== "" && !word.startsWith("#"));
	const [first] = lines;
	if (first?.words.join(" ") !== EXPORTED)
		throw new HeadsUnreadable([{ line: first?.line ?? 1, message: `the first line must be "${EXPORTED}"` }]);
	for (const { words, line } of lines) {
		const message = words.join(" ") === EXPORTED ? null : problemOf(words, keys, heads); // repeated where two texts were joined
		if (message !== null) problems.push({ line, message });
	}
	if (problems.length === 0 && heads.length === 0) problems.push({ line: first.line, message: "there is no head in the text" });
	if (problems.length > 0) throw new HeadsUnreadable(problems);
	return { keys, heads };
}

/** Adds the key or head of a line, and returns null; or returns the problem of the line. */
function problemOf([word, ...parts]: readonly string[], keys: Map<string, KeyObject>, heads: Head[]): string | null {
	if (word === "head") {
		const [partition = "", position = "", hash = "", at = "", key = "", signature = ""] = parts;
		const head = { partition, position, hash, at, key, signature };
		const wrong = PARTS.find((part) => !FORM[part].test(head[part]));
		if (parts.length !== PARTS.length) return `a head has ${PARTS.length} parts (${PARTS.join(", ")}), not ${parts.length}`;
		if (wrong) return `the ${wrong} of the head is not valid: ${head[wrong].slice(0, 40)}`;
		heads.push({ ...head, position: Number(position) });
		return null;
	}
	if (word !== "key") return `it begins with neither "key" nor "head"`;
	const [id = "", encoded = ""] = parts;
	const key = publicKeyOf(encoded);
	if (parts.length !== 2 || !key) return "a key is its id and an Ed25519 public key, base64 of its SPKI";
	if (keyId(key) !== id) return `the key is not ${id.slice(0, 40)}: it is ${keyId(key)}`;
	keys.set(id, key);
	return null;
}
