/** Tokens - bearer tokens of sessions and clients. Only their digests are stored, which is safe without a salt because they are random. */
import { createHash, randomBytes } from "node:crypto";

/** 256 random bits in base64url, 43 characters. */
export const newToken = (): string => randomBytes(32).toString("base64url");
/** SHA-256 in base64url: the id of the credential. */
export const digestOf = (token: string): string => createHash("sha256").update(token).digest("base64url");
