/** Commits - sample commits for tests of stores and followers, chained and numbered like those of the writer. */
import { chained } from "../../store/chain.ts";
import { decode, encode } from "../../store/codec.ts";
import type { Recorded, RecordedFact } from "../../store/log.ts";
import type { Commit, LogPartition, Tail } from "../../store/log.ts";

export const EMPTY: Tail = { position: 0, hash: "" };

/** A place with an arbitrary hash. */
export const tail = (position: number): Tail => (position === 0 ? EMPTY : { position, hash: `hash-${position}` });

export interface Drafted {
	readonly stream: string;
	readonly version: number;
	/** Body text; by default a body with the given facts, or with one fact. */
	readonly body?: string;
	readonly facts?: readonly RecordedFact[];
	readonly commandId?: string;
}

export const recorded = (facts: readonly RecordedFact[], commandId = "made-up"): Recorded => ({
	facts,
	command: { name: "do", id: commandId },
	by: "somebody",
	at: "2026-03-01T08:15:00.000Z",
});

export function chainedAfter(tail: Tail, drafts: readonly Drafted[]): Commit[] {
	let { position, hash } = tail;
	return drafts.map(({ stream, version, body: text, facts = [{ type: "thing.happened", data: {} }], commandId }) => {
		const body = text ?? encode(recorded(facts, commandId));
		hash = chained(hash, stream, version, body);
		return { position: ++position, stream, version, body, hash };
	});
}

/** One commit for each of the streams `thing-1`, `thing-2` ... */
export const things = (count: number, tail: Tail = EMPTY): Commit[] =>
	chainedAfter(
		tail,
		Array.from({ length: count }, (_, i) => tail.position + i + 1).map((n) => ({
			stream: `thing-${n}`,
			version: 0,
			commandId: `thing-${n}`,
		})),
	);

export const tailOf = (commits: readonly Commit[]): Tail => commits.at(-1) ?? EMPTY;

/** Whether all commits were appended; a rejection counts as false. */
export const accepted = (log: LogPartition, commits: readonly Commit[]): Promise<boolean> => log.append(commits).catch(() => false);

/** A commit as it is stored, without the cached fields of this process. */
export const stored = ({ position, stream, version, body, hash }: Commit): Commit => ({ position, stream, version, body, hash });

export async function everything(log: LogPartition): Promise<Commit[]> {
	const all: Commit[] = [];
	for (let page = await log.read(0, 1000); page.length > 0; page = await log.read(all.length, 1000)) all.push(...page);
	return all;
}

/** The first error in a whole partition (gap, broken chain, wrong version), or null. */
export function flawOf(commits: readonly Commit[]): string | null {
	const versions = new Map<string, number>();
	let previous = EMPTY;
	for (const commit of commits) {
		const { position, stream, version, body, hash } = commit;
		if (position !== previous.position + 1) return `${position} follows ${previous.position}`;
		if (hash !== chained(previous.hash, stream, version, body)) return `${position} does not fit the chain`;
		if (version !== (versions.get(stream) ?? 0)) return `${position} has version ${version} of ${stream}, not ${versions.get(stream) ?? 0}`;
		versions.set(stream, version + decode(commit).facts.length);
		previous = commit;
	}
	return null;
}
