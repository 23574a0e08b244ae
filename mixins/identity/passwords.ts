/**
 * Passwords - hashes of passwords by Argon2id (RFC 9106), each with a salt and its parameters: `$argon2id$v=19$m=65536,t=2,p=1$salt$hash`.
 * Stronger parameters apply to new hashes at once, and to a known password at its next login.
 */
import { argon2, createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { CODES } from "../common/codes.ts";
import { unavailable } from "../common/errors.ts";
import { composed } from "../../model/index.ts";

export interface Parameters {
	/** KiB. */
	readonly memory: number;
	readonly passes: number;
	readonly parallelism: number;
}
/** Above the minimum that OWASP recommends (19 MiB, 2 passes); about 0.1 s of one core. */
const CURRENT: Parameters = { memory: 65_536, passes: 2, parallelism: 1 };
const SALT = 16;
const LENGTH = 32;

/** Hashes computed at a time, because each one needs much memory; and computations that may wait for their turn. */
const AT_ONCE = 2;
const MOST_WAITING = 100;
let computing = 0;
const waiting: (() => void)[] = [];

/** Computes on the thread pool. Rejects with TOO_BUSY (503) if too many computations wait. */
async function compute(password: string, nonce: Buffer, { memory, passes, parallelism }: Parameters): Promise<Buffer> {
	if (computing < AT_ONCE) computing++;
	else {
		if (waiting.length >= MOST_WAITING) throw unavailable(CODES.TOO_BUSY, "Too many logins at once");
		await new Promise<void>((resolve) => waiting.push(resolve)); // takes over the place of a finished one
	}
	try {
		const message = composed(password); // keyboards send the same letter in different forms
		return await new Promise<Buffer>((resolve, reject) =>
			argon2("argon2id", { message, nonce, memory, passes, parallelism, tagLength: LENGTH }, (error, hash) =>
				error ? reject(new Error("The password cannot be hashed", { cause: error })) : resolve(hash),
			),
		);
	} finally {
		const next = waiting.shift();
		if (next) next();
		else computing--;
	}
}

const base64 = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "");
const written = ({ memory, passes, parallelism }: Parameters, salt: Buffer, hash: Buffer): string =>
	`$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`;

interface Read {
	readonly parameters: Parameters;
	readonly salt: Buffer;
	readonly hash: Buffer;
}
function read(text: string): Read {
	const [, memory, passes, parallelism, salt, hash] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(text) ?? [];
	if (hash === undefined || salt === undefined) throw new Error("This is no hash of a password");
	const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
	return { parameters, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

/** The hash of a password, with a random salt. */
export async function hashOf(password: string, parameters = CURRENT): Promise<string> {
	const salt = randomBytes(SALT);
	return written(parameters, salt, await compute(password, salt, parameters));
}

/** Whether the hash is of this password. Takes the same time without a hash (null), so that its absence does not show. */
export async function isOf(password: string, hashed: string | null): Promise<boolean> {
	const { parameters, salt, hash } = hashed === null ? NOTHING : read(hashed);
	const same = timingSafeEqual(await compute(password, salt, parameters), hash);
	return same && hashed !== null;
}
const NOTHING: Read = { parameters: CURRENT, salt: randomBytes(SALT), hash: randomBytes(LENGTH) };

/** Whether the hash has weaker parameters than new ones. */
export const isWeak = (hashed: string, { memory, passes, parallelism } = CURRENT): boolean => {
	const { parameters } = read(hashed);
	return parameters.memory < memory || parameters.passes < passes || parameters.parallelism < parallelism;
};

/**
 * A digest of a password that is as slow to compute as a hash, but the same for the same name: it shows whether two commands with one
 * name have the same password. The name has to be unique to the command.
 */
export async function namedDigest(password: string, name: string): Promise<string> {
	const salt = createHash("sha256").update(name).digest().subarray(0, SALT);
	return (await compute(password, salt, CURRENT)).toString("base64url");
}
