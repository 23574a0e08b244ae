/** Deciding - the first two steps of a batch: decides its jobs, and fetches the keys of the decisions with personal data. */
import type { Codec, Drafted } from "./codec.ts";
import { type Job, verdictOf } from "./job.ts";
import { type CommitKeys, StoreUnavailable } from "./log.ts";

/** The decisions of a batch before they have their texts and positions, and the jobs whose answers write nothing. */
export interface Decided {
	readonly drafts: { readonly job: Job; readonly draft: Drafted }[];
	readonly held: Job[];
}

/** `unread` takes the jobs whose streams have to be read first. */
export function decidedOf(jobs: readonly Job[], unread: (job: Job) => void): Decided {
	const decided: Decided = { drafts: [], held: [] };
	for (const job of jobs) {
		const verdict = verdictOf(job);
		if (verdict === "over") continue;
		if (verdict === "held") decided.held.push(job);
		else if (verdict === "recall") job.recall();
		else if (verdict === "unread") unread(job);
		else
			decided.drafts.push({ job, draft: { stream: verdict.stream ?? job.stream, version: verdict.version, recorded: verdict.recorded } });
	}
	return decided;
}

/** Null if no decision has personal data. If the keys cannot be fetched, the decisions that need them fail and leave the batch. */
export async function keysOf({ drafts }: Decided, codec: Codec): Promise<CommitKeys | null> {
	const sealed = drafts.filter(({ draft }) => codec.concerns(draft));
	if (sealed.length === 0) return null;
	try {
		return await codec.keysFor(sealed.map(({ draft }) => draft));
	} catch (error) {
		for (const one of sealed) {
			drafts.splice(drafts.indexOf(one), 1);
			one.job.failed(new StoreUnavailable("personal data cannot be sealed now", error));
		}
		return null;
	}
}
