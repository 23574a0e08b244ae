/**
 * Audited - what an auditor asks of one context's log: whether it still is what was signed, the newest signed heads to keep
 * elsewhere, and the public keys they are checked with. It has no route: those who run the system ask, an outsider holds the text.
 */
import { Readable } from "node:stream";
import type { Context, Service, ServiceSchema } from "moleculer";
import { HeadsUnreadable, newestOf, parseHeads, published, type PublicKey, type PublicKeys } from "../../store/evidence/heads.ts";
import type { Keyring } from "../../store/evidence/keys.ts";
import { asError, type Head, type LogPartition } from "../../store/log.ts";
import { type Anchors, LogAltered } from "../../store/evidence/anchors.ts";
import { type Progress, type Verified, verify } from "../../store/evidence/verify.ts";
import { backupAction } from "./backed-up.ts";
import { broken, failureError, invalid } from "../common/errors.ts";
import { readBy } from "../cluster/leaving.ts";
import { type Storage, storageOf } from "./storage.ts";
import { nodeTimers } from "../common/timers.ts";

/** What the stream of `verify` gives: how far each partition is, now and then, and once for each what it came to. */
export type Verifying = Progress | Verified;

/** How often it says how far it is, in milliseconds. */
const TELL_EVERY = 100;
/** Characters of a text of heads: thousands of partitions, and still one message on every transport. */
const MOST_TEXT = 1_000_000;

export function Audited(context: string): Partial<ServiceSchema> {
	return {
		actions: {
			backup: backupAction,
			/** Resolves to a stream of Verifying. `heads`: a text that was kept elsewhere; its keys count, whoever gives it vouches for it. */
			verify: {
				timeout: 0,
				params: { $$strict: true, heads: { type: "string", max: MOST_TEXT, optional: true } },
				async handler(this: Service, ctx: Context<{ heads?: string }>) {
					const given = ctx.params.heads === undefined ? NOTHING : parsed(ctx.params.heads);
					const storage = storageOf(this.broker);
					const { partitions } = await storage.context(context);
					const keys = new Map([...given.keys, ...keyringOf(storage).known]);
					return readBy(ctx, Readable.from(verifying(context, partitions, keys, given.heads, storage.anchors), { objectMode: true }));
				},
			},
			/** The newest head of each partition; signs first what is not signed yet. Rejects when the log is not what was signed before. */
			heads: {
				timeout: 0,
				params: { $$strict: true },
				async handler(this: Service): Promise<readonly Head[]> {
					const storage = storageOf(this.broker);
					const { partitions, signers } = await storage.context(context);
					await Promise.all(signers.map((signer) => signer.sign())).catch((error: unknown) => Promise.reject(notSigned(error)));
					const { known } = keyringOf(storage);
					return (await Promise.all(partitions.map(async (log) => newestOf(await log.heads(), known)))).filter(
						(head) => head !== undefined,
					);
				},
			},
			/** All public keys known here. */
			keys: {
				params: { $$strict: true },
				handler(this: Service): readonly PublicKey[] {
					return [...keyringOf(storageOf(this.broker)).known].map(published);
				},
			},
		},
	};
}

const NOTHING: ReturnType<typeof parseHeads> = { keys: new Map(), heads: [] };

function keyringOf({ keys }: Storage): Keyring {
	if (!keys) throw broken("NO_KEYS", "This node was started without keys");
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
	error instanceof LogAltered ? broken(error.code, `${error.message}; verify tells more`) : failureError(asError(error));

/** One partition after the other; all are announced first, so that the whole is known from the start. */
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

/** Partitions of this log that somebody kept heads of, and that are not there. */
function* missing(context: string, partitions: readonly LogPartition[], given: readonly Head[]): Generator<Verified> {
	const there = new Set(partitions.map(({ name }) => name));
	const gone = new Set(given.map(({ partition }) => partition).filter((name) => name.startsWith(`${context}:`) && !there.has(name)));
	for (const log of gone) {
		const heads = given.filter(({ partition }) => partition === log);
		const detail = "there is no such partition, though there are signed heads of it";
		yield { log, verified: 0, heads: heads.length, signed: 0, findings: [{ log, position: 1, code: "TRUNCATED", detail }] };
	}
}
