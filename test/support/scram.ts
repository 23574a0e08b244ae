/** Scram - the server side of SCRAM-SHA-256 (RFC 7677) as MongoDB uses it, for a scripted server that checks a user and its password. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import type { Document } from "mongodb";

const ROUNDS = 4096;
const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const FAILED: Document = { ok: 0, code: 18, codeName: "AuthenticationFailed", errmsg: "Authentication failed." };

export class Scram {
	/** Fields of the `hello` answer. */
	static readonly hello: Document = { saslSupportedMechs: ["SCRAM-SHA-256"] };
	/** Number of clients that proved the password, and databases that they named. */
	readonly sources: string[] = [];
	readonly #user: string;
	readonly #password: string;
	readonly #salt = randomBytes(16);
	readonly #begun = new Map<number, { readonly first: string; readonly answer: string }>();
	#next = 1;

	constructor(user: string, password: string) {
		this.#user = user;
		this.#password = password;
	}
	/** The answer to a command of the authentication; undefined for another command. */
	answer(command: Document): Document | undefined {
		if ("saslStart" in command) return this.#start(textOf(command["payload"]));
		if ("saslContinue" in command)
			return this.#finish(Number(command["conversationId"]), textOf(command["payload"]), String(command["$db"]));
		return undefined;
	}
	#start(text: string): Document {
		const first = text.replace(/^n,,/, "");
		const [, user = "", nonce = ""] = /^n=([^,]*),r=(.*)$/.exec(first) ?? [];
		if (user.replaceAll("=2C", ",").replaceAll("=3D", "=") !== this.#user) return FAILED;
		const answer = `r=${nonce}${randomBytes(12).toString("base64")},s=${this.#salt.toString("base64")},i=${ROUNDS}`;
		this.#begun.set(this.#next, { first, answer });
		return { ok: 1, conversationId: this.#next++, done: false, payload: Buffer.from(answer) };
	}
	#finish(id: number, text: string, source: string): Document {
		const { first, answer } = this.#begun.get(id) ?? { first: "", answer: "" };
		const [, without = "", proof = ""] = /^(.*),p=([^,]*)$/.exec(text) ?? [];
		const salted = pbkdf2Sync(this.#password, this.#salt, ROUNDS, 32, "sha256");
		const key = hmac(salted, "Client Key");
		const all = `${first},${answer},${without}`;
		const expected = hmac(createHash("sha256").update(key).digest(), all).map((byte, i) => byte ^ (key[i] ?? 0));
		if (!Buffer.from(proof, "base64").equals(expected)) return FAILED;
		this.sources.push(source);
		const signature = hmac(hmac(salted, "Server Key"), all).toString("base64");
		return { ok: 1, conversationId: id, done: true, payload: Buffer.from(`v=${signature}`) };
	}
}
/** A binary value of BSON. */
const textOf = (payload: { readonly buffer: Uint8Array; readonly position?: number }): string =>
	Buffer.from(payload.buffer.subarray(0, payload.position)).toString();
