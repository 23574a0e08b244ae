/** Chain - each commit's hash covers the one before it, so that nothing in a log can be changed, dropped or reordered unseen. */
import { hash as digest } from "node:crypto";

export const GENESIS = "";

/** sha256 over previous hash, stream, version and body; base64url. No field before the body can hold a line break. */
export const chained = (previous: string, stream: string, version: number, body: string): string =>
	digest("sha256", `${previous}\n${stream}\n${version}\n${body}`, "base64url");
