/**
 * Audited - actions for auditing one context's log: verify it against its signed heads, return the newest heads to keep elsewhere, and
 * the public keys that check them. They have no HTTP route: the operator calls them, and an outside auditor keeps the heads as text.
 */
import { Readable } from "node:stream";
import type { Context, Service, ServiceSchema } from "moleculer";
import { CODES } from "../common/codes.ts";
import { HeadsUnreadable, newestOf, parseHeads, published, type PublicKey, type PublicKeys } from "../../store/evidence/heads.ts";
import type { Keyring } from "../../store/evidence/keys.ts";
import { asError, type Head, type LogPartition } from "../../store/log.ts";
import { type Anchors, LogAltered } from "../../store/evidence/anchors.ts";
import { type Progress, type Verified, verify } from "../../store/evidence/verify.ts";
import { OPERATOR } from "../../model/index.ts";
import { EXAMINER } from "../access/may.ts";
import { backupAction } from "./backed-up.ts";
import { broken, failureError, invalid } from "../common/errors.ts";
import { readBy } from "../cluster/leaving.ts";
import { type Storage, storageOf } from "./storage.ts";
import { nodeTimers } from "../common/timers.ts";

/** An item of the stream of `verify`: the progress of a partition at intervals, and the result of each partition once. */
export type Verifying = Progress | Verified;

/** Milliseconds between two reports of progress. */
const TELL_EVERY = 100;
/** Limit of a text of heads in characters: enough for thousands of partitions, and still one message on every transport. */
const MOST_TEXT = 1_000_000;

/** Wraps all keys of personal data by the first of this node's master keys; resolves to how many another one had wrapped. */
const rewrapAction = {
	may: OPERATOR,
	timeout: 0,
	params: { $$strict: true },
	async handler(this: Service): Promise<{ readonly rewrapped: number }> {
		const { vault } = storageOf(this.broker);
		const rewrapped = vault?.rewrap().catch((error: unknown) => Promise.reject(failureError(asError(error))));
		return { rewrapped: (await rewrapped) ?? 0 };
	},
};

export function Audited(context: string): Partial<ServiceSchema> {
	return {
		actions: {
			backup: backupAction,
			/** Resolves to a stream of Verifying. `heads`: a text of heads and keys that was kept elsewhere; its keys are trusted. */
			verify: {
				may: EXAMINER,
				timeout: 0,
				params: { $$strict: true, heads: { type: "string", max: MOST_TEXT, optional: true } },
				async handler(this: Service, ctx: Context<{ heads?: string }>) {
					const given = ctx.params.heads === undefined ? NOTHING : parsed(ctx.params.heads);
					const storage = storageOf(this.broker);
					const { stored: partitions } = await storage.context(context);
					const keys = new Map([...given.keys, ...keyringOf(storage).known]);
					return readBy(ctx, Readable.from(verifying(context, partitions, keys, given.heads, storage.anchors), { objectMode: true }));
				},
			},
			/** The newest head of each partition, after signing all unsigned commits. Rejects if the log differs from its signed heads. */
			heads: {
				may: EXAMINER,
				timeout: 0,
				params: { $$strict: true },
				async handler(this: Service): Promise<readonly Head[]> {
					const storage = storageOf(this.broker);
					const { stored: partitions, signers } = await storage.context(context);
					await Promise.all(signers.map((signer) => signer.sign())).catch((error: unknown) => Promise.reject(notSigned(error)));
					const { known } = keyringOf(storage);
					return (await Promise.all(partitions.map(async (log) => newestOf(await log.heads(), known)))).filter(
						(head) => head !== undefined,
					);
				},
			},
			rewrap: rewrapAction,
			foreign: foreignAction,
			keys: keysAction,
		},
	};
}

/** Parts of the stores that are not of this system, such as `the trigger t in events.db`. */
const foreignAction = {
	may: EXAMINER,
	params: { $$strict: true },
	handler(this: Service): Promise<readonly string[]> {
		return storageOf(this.broker).foreign();
	},
};

/** All public keys that this node knows. */
const keysAction = {
	may: EXAMINER,
	params: { $$strict: true },
	handler(this: Service): readonly PublicKey[] {
		return [...keyringOf(storageOf(this.broker)).known].map(published);
	},
};

const NOTHING: ReturnType<typeof parseHeads> = { keys: new Map(), heads: [] };

function keyringOf({ keys }: Storage): Keyring {
	if (!keys) throw broken(CODES.NO_KEYS, "This node was started without keys");
	return keys;
}

function parsed(text: string): ReturnType<typeof parseHeads> {
	try {
		return parseHeads(text);
	} catch (error) {
		if (!(error instanceof HeadsUnreadable)) throw error;
		throw invalid(
			error.problems.map(({ line, message }) => ({ field: "heads", message: `line ${line}: ${message}` })),
			`The heads cannot be read: ${error.message}`,
		);
	}
}

const notSigned = (error: unknown): Error =>
	error instanceof LogAltered ? broken(CODES[error.code], `${error.message}; run verify for details`) : failureError(asError(error));

/** Verifies one partition after the other. Reports the tails of all partitions first, so that the reader knows the total. */
async function* verifying(
	context: string,
	partitions: readonly LogPartition[],
	keys: PublicKeys,
	given: readonly Head[],
	anchors: Anchors | undefined,
): AsyncGenerator<Verifying> {
	for (const log of partitions) yield { log: log.name, position: 0, tail: (await log.tail()).position };
	for (const log of partitions) {
		const heads = given.filter(({ partition }) => partition === log.name);
		const turn = () => new Promise<void>((resolve) => nodeTimers.soon(resolve));
		let told = 0;
		for await (const item of verify(log, { keys, heads, anchor: anchors?.of(log.name), turn })) {
			if (!("findings" in item) && item.position < item.tail && Date.now() - told < TELL_EVERY) continue;
			told = Date.now();
			yield item;
		}
	}
	yield* missing(context, partitions, given);
}

/** Reports partitions that have a head in the text but are missing in the log. */
function* missing(context: string, partitions: readonly LogPartition[], given: readonly Head[]): Generator<Verified> {
	const there = new Set(partitions.map(({ name }) => name));
	const gone = new Set(given.map(({ partition }) => partition).filter((name) => name.startsWith(`${context}:`) && !there.has(name)));
	for (const log of gone) {
		const heads = given.filter(({ partition }) => partition === log);
		const detail = "there is no such partition, although it has signed heads";
		yield { log, verified: 0, heads: heads.length, signed: 0, findings: [{ log, position: 1, code: "TRUNCATED", detail }] };
	}
}
