/**
 * Codec - converts facts to stored text and back. Personal fields are sealed before the text is hashed: `data` then holds null in their
 * place, and `sealed` the fields together, under the key of their subject. Without its key, a fact reads as it is stored, with nulls.
 */
import { type Commit, type CommitKeys, type LogPartition, type Recorded, type RecordedFact, StreamUnreadable } from "./log.ts";
import { open } from "./seal.ts";

/** The rules of a model for one fact: its personal fields and whose they are, or whom it forgets. */
export interface SealingRules {
	readonly fields?: readonly string[];
	/** `data` also has the id of the actor and the instant of the decision. */
	readonly of?: (data: object) => string;
	readonly forgets?: (data: object) => string;
}
/** The personal fields of a stored fact. */
export interface Sealed {
	/** The subject. */
	readonly of: string;
	readonly text: string;
}
export type StoredFact = RecordedFact & { readonly sealed?: Sealed };

/** A decision on its way into a log. */
export interface Drafted {
	readonly stream: string;
	readonly version: number;
	readonly recorded: Recorded;
}
/** The text, how this process reads it, and for sealed data what decodes it again. */
export type Encoded = Pick<Commit, "body" | "keys" | "log" | "opened"> & { readonly recorded: Recorded };

/** The codec of one log on one node. */
export interface Codec {
	/** Adds the rules of the facts of one model, by type. */
	learn(rules: ReadonlyMap<string, SealingRules>): void;
	/** Whether this decision is sealed or forgets a subject. */
	concerns(draft: Drafted): boolean;
	/** The keys for these decisions, created if missing; rejects if they cannot be fetched. */
	keysFor(drafts: readonly Drafted[]): Promise<CommitKeys>;
	/** `keys`: of `keysFor`, if the codec `concerns` any decision of the batch. */
	encode(draft: Drafted, keys: CommitKeys | null): Encoded;
	/** Forgets subjects in this process as soon as a decision to forget them is durable. */
	landed(commits: readonly Commit[]): void;
	/** A partition whose commits can be decoded. */
	opening(partition: LogPartition): LogPartition;
}
/** The codec of a log without personal data. */
export const plainCodec: Codec = {
	learn: () => undefined,
	concerns: () => false,
	keysFor: () => Promise.reject(new Error("there is no vault")),
	encode: ({ recorded }) => ({ body: encode(recorded), recorded }),
	landed: () => undefined,
	opening: (partition) => partition,
};

/** The subjects of one commit: those whose data is sealed in it, and those whom it forgets. */
export interface Subjects {
	readonly of: readonly string[];
	readonly forgets: readonly string[];
}
/** The text of a commit with subjects begins with them, so that one without costs its readers nothing. */
const MARK = '{"sealing":';
export const withSubjects = (recorded: Recorded, sealing: Subjects): string => encode(Object.assign({ sealing }, recorded));
/** Null if there are none. */
export const subjectsIn = ({ body }: Pick<Commit, "body">): Subjects | null =>
	body.startsWith(MARK) ? (JSON.parse(body.slice(MARK.length, body.indexOf("}") + 1)) as Subjects) : null; // our own text
/** The subjects that a commit forgets. */
export const forgottenIn = (commit: Pick<Commit, "body">): readonly string[] => subjectsIn(commit)?.forgets ?? [];

/** The place that a sealed text is bound to. It leaves out the position, so that a log can be moved to other partitions. */
export const placeOf = (log: string, { stream, version }: Pick<Drafted, "stream" | "version">, i: number, type: string): string =>
	`${log}\n${stream}\n${version + i}\n${type}`;

export const encode = (recorded: Recorded): string => JSON.stringify(recorded);

/** The decoded body of a commit; parsed once for all followers, and again after a subject was forgotten. Throws StreamUnreadable. */
export function decode(commit: Commit): Recorded {
	const { keys } = commit;
	if (commit.recorded && (!keys || commit.opened === keys.forgettings)) return commit.recorded;
	if (keys) commit.opened = keys.forgettings;
	return (commit.recorded = opened(commit, parsed(commit)));
}

function parsed({ stream, position, body }: Commit): Recorded {
	try {
		return JSON.parse(body) as Recorded; // bytes come in here
	} catch {
		throw new StreamUnreadable(`${stream}, at position ${position},`, new Error("its text is not JSON")); // the error of JSON.parse quotes the text
	}
}

function opened(commit: Commit, recorded: Recorded & { readonly sealing?: Subjects }): Recorded {
	if (!recorded.sealing) return recorded;
	const { sealing: _subjects, ...content } = recorded;
	const facts = content.facts.map((stored: StoredFact, i) => {
		const { sealed, ...fact } = stored;
		return sealed ? { ...fact, data: Object.assign({}, fact.data, fieldsIn(commit, sealed, i, fact.type)) } : fact;
	});
	return { ...content, facts };
}
/** The personal fields of one fact; none if its subject is forgotten. */
function fieldsIn(commit: Commit, { of, text }: Sealed, i: number, type: string): object {
	const what = `${commit.stream}, at position ${commit.position},`;
	const key = commit.keys?.of(of);
	if (key === undefined) throw new StreamUnreadable(what, new Error("its keys were not fetched"));
	if (key === null) return {};
	try {
		return JSON.parse(open(key, text, placeOf(commit.log ?? "", commit, i, type))) as object; // bytes come in here
	} catch {
		throw new StreamUnreadable(what, new Error(`the sealed data of ${type} does not belong there`));
	}
}
