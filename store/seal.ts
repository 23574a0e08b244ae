/** Seal - authenticated encryption of short texts: AES-256-GCM with a random nonce, and the place of the text as additional data. */
import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from "node:crypto";

const [IV, TAG] = [12, 16];
/** Nonces made at a time, because one call for many costs little more than one. */
const NONCES = 512;

const pool = Buffer.alloc(IV * NONCES);
let used = pool.length;
function nonce(): Buffer {
	if (used === pool.length) {
		randomFillSync(pool);
		used = 0;
	}
	return Buffer.from(pool.subarray(used, (used += IV)));
}

/** base64url of nonce, ciphertext and tag. */
export function seal(key: KeyObject, text: string, place: string): string {
	const iv = nonce();
	const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(place));
	return Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}
/** Throws for another key, another place, or a changed text. */
export function open(key: KeyObject, sealed: string, place: string): string {
	const bytes = Buffer.from(sealed, "base64url");
	const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV), { authTagLength: TAG }).setAAD(Buffer.from(place));
	cipher.setAuthTag(bytes.subarray(bytes.length - TAG));
	return cipher.update(bytes.subarray(IV, bytes.length - TAG), undefined, "utf8") + cipher.final("utf8");
}
