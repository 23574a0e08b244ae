/**
 * Passports - the signed identities that travel with calls. A node signs a passport with a key of its own, made at its start; the other nodes
 * read the public key from the node's metadata in the registry. A passport holds for a minute, and both ends cache it, so a call costs a
 * lookup and no signature.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import type { Identity } from "../../model/access.ts";
import { BoundedCache } from "../common/bounded-cache.ts";

/** Milliseconds that a passport holds, and after which a new one is made. */
const LIFETIME = 60_000;
const RENEWED = 30_000;
/** Milliseconds that the clocks of two nodes may differ. */
const SKEW = 30_000;
/** Passports that are remembered, at most twice as many. */
const REMEMBERED = 2000;

interface Claims extends Identity {
	/** The node that signed it. */
	readonly iss: string;
	/** Instants in milliseconds since 1970. */
	readonly iat: number;
	readonly exp: number;
}
/** The result of reading a passport. `stranger`: its node is not known yet, so it may be read later. */
export type Reading = Identity | "not valid" | "expired" | "stranger";

export class Passports {
	readonly #node: string;
	readonly #private: KeyObject;
	/** Base64 of its SPKI, for the metadata of the node. */
	readonly publicKey: string;
	readonly #keyOf: (node: string) => string;
	readonly #clock: () => number;
	readonly #issued = new WeakMap<Identity, { readonly text: string; readonly iat: number }>();
	readonly #read = new BoundedCache<Claims>(REMEMBERED);

	/** `keyOf`: the public key of another node; empty if it is not known. `clock`: milliseconds since 1970. */
	constructor(node: string, keyOf: (node: string) => string, clock: () => number = Date.now) {
		const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
			privateKeyEncoding: { format: "der", type: "pkcs8" },
			publicKeyEncoding: { format: "der", type: "spki" },
		});
		this.#node = node;
		this.#private = createPrivateKey({ key: privateKey, format: "der", type: "pkcs8" });
		this.publicKey = publicKey.toString("base64");
		this.#keyOf = keyOf;
		this.#clock = clock;
	}

	/** A passport that holds for at least half a minute. Pass the same object for the same identity: its passport is cached. */
	issue(identity: Identity): string {
		const now = this.#clock();
		const last = this.#issued.get(identity);
		if (last && now - last.iat < RENEWED && now >= last.iat) return last.text;
		const claims: Claims = { ...identity, iss: this.#node, iat: now, exp: now + LIFETIME };
		const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
		const text = `${body}.${sign(null, Buffer.from(body), this.#private).toString("base64url")}`;
		this.#issued.set(identity, { text, iat: now });
		this.#read.set(text, claims);
		return text;
	}

	read(text: string): Reading {
		const claims = this.#read.get(text) ?? this.#verified(text);
		if (typeof claims === "string") return claims;
		const now = this.#clock();
		if (now > claims.exp + SKEW || now < claims.iat - SKEW) return "expired";
		return claims;
	}

	#verified(text: string): Claims | "not valid" | "stranger" {
		const [body = "", signature = "", ...more] = text.split(".");
		const claims = more.length === 0 ? claimsIn(body) : null;
		if (!claims) return "not valid";
		const isOurs = claims.iss === this.#node;
		const key = isOurs ? this.publicKey : this.#keyOf(claims.iss);
		// A node that has just started again has another key: until its message arrives, its former one is known here.
		if (!isSigned(body, signature, key)) return isOurs ? "not valid" : "stranger";
		this.#read.set(text, claims);
		return claims;
	}
}

function isSigned(body: string, signature: string, key: string): boolean {
	try {
		const publicKey = createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" });
		return verify(null, Buffer.from(body), publicKey, Buffer.from(signature, "base64url"));
	} catch {
		return false; // what the registry holds is no key
	}
}

/** The claims, if they have the form that nodes give them. */
function claimsIn(body: string): Claims | null {
	try {
		const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Partial<Claims> | null; // checked below
		const { iss, sub, roles, iat, exp } = claims ?? {};
		const isWhole =
			typeof iss === "string" && typeof sub === "string" && Array.isArray(roles) && typeof iat === "number" && typeof exp === "number";
		return isWhole ? (claims as Claims) : null; // all its members were checked; a node signs nothing else
	} catch {
		return null;
	}
}
