/**
 * ClusterKeys - reads CLUSTER_KEY, the secret that all nodes of a cluster share: one key, or two during a rotation. The first key seals what
 * this node sends, and each of them opens what it receives. Keys are KeyObjects, which print no secret.
 */
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";

const BYTES = 32;
const MOST = 2;
const HEX = /^[0-9a-f]{64}$/i;
const BASE64 = /^[\w+/-]{43}=?$/;

/** The sealing key first. */
export type ClusterKeys = readonly [KeyObject, ...KeyObject[]];

/** The key or keys in the text, each 32 bytes as base64, base64url or hex, separated by a comma; a string is the problem. It never contains a key. */
export function clusterKeysIn(text: string): ClusterKeys | string {
	const [first, ...others] = text.split(",").map((one) => keyIn(one.trim()));
	if (others.length >= MOST) return `CLUSTER_KEY has ${others.length + 1} keys: there can be one, or two during a rotation`;
	const keys = others.filter((key) => key !== null);
	if (first && keys.length === others.length) return [first, ...keys];
	return "CLUSTER_KEY cannot be read: it has to be 32 random bytes as base64 or hex, e.g. from: openssl rand -base64 32";
}

export const newClusterKey = (): string => randomBytes(BYTES).toString("base64");

function keyIn(text: string): KeyObject | null {
	if (!HEX.test(text) && !BASE64.test(text)) return null;
	const bytes = Buffer.from(text, HEX.test(text) ? "hex" : "base64"); // base64 includes base64url
	return bytes.length === BYTES ? createSecretKey(bytes) : null;
}
