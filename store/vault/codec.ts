/** SealingCodec - the codec of a log with personal data: seals it under the keys of the vault, and gives commits the keys to open it. */
import type { KeyObject } from "node:crypto";
import { type Codec, type Drafted, encode, type Encoded, forgottenIn, placeOf, type SealingRules } from "../codec.ts";
import { type StoredFact, subjectsIn, withSubjects } from "../codec.ts";
import type { Commit, CommitKeys, LogPartition, RecordedFact } from "../log.ts";
import { seal } from "../seal.ts";
import { OpeningPartition } from "./opening-partition.ts";
import type { Fetched, Vault } from "./vault.ts";

/** Keys of a batch; a key destroyed meanwhile is not used any more. */
class Keys implements CommitKeys {
	readonly #fetched: Fetched;
	readonly #vault: Vault;

	constructor(fetched: Fetched, vault: Vault) {
		this.#fetched = fetched;
		this.#vault = vault;
	}
	of(subject: string): KeyObject | null | undefined {
		return this.#vault.isDestroyed(subject) ? null : this.#fetched.get(subject);
	}
	get forgettings(): number {
		return this.#vault.forgettings;
	}
}

export class SealingCodec implements Codec {
	readonly #log: string;
	readonly #vault: Vault;
	readonly #rules = new Map<string, SealingRules>();

	/** `log`: the context. */
	constructor(log: string, vault: Vault) {
		this.#log = log;
		this.#vault = vault;
	}
	learn(rules: ReadonlyMap<string, SealingRules>): void {
		for (const [type, rule] of rules) this.#rules.set(type, rule);
	}
	concerns({ recorded }: Drafted): boolean {
		return this.#rules.size > 0 && recorded.facts.some(({ type }) => this.#rules.has(type));
	}

	async keysFor(drafts: readonly Drafted[]): Promise<CommitKeys> {
		const subjects = drafts.flatMap((draft) =>
			draft.recorded.facts.flatMap(({ type, data }) => this.#rules.get(type)?.of?.(placed(draft, data)) ?? []),
		);
		return new Keys(await this.#vault.keysOrNew(subjects), this.#vault);
	}

	encode(draft: Drafted, keys: CommitKeys | null): Encoded {
		const { recorded } = draft;
		if (!keys || !this.concerns(draft)) return { body: encode(recorded), recorded };
		const opened = keys.forgettings;
		const facts = recorded.facts.map((fact, i) => this.#sealed(draft, i, fact, keys));
		const subjects = {
			of: [...new Set(facts.flatMap(({ stored }) => stored.sealed?.of ?? []))],
			forgets: recorded.facts.flatMap(({ type, data }) => this.#rules.get(type)?.forgets?.(placed(draft, data)) ?? []),
		};
		const body = withSubjects({ ...recorded, facts: facts.map(({ stored }) => stored) }, subjects);
		return { body, recorded: { ...recorded, facts: facts.map(({ read }) => read) }, keys, log: this.#log, opened };
	}
	/** One fact as it is stored, and as it is read. */
	#sealed(draft: Drafted, i: number, fact: RecordedFact, keys: CommitKeys): { readonly stored: StoredFact; readonly read: RecordedFact } {
		const { fields, of } = this.#rules.get(fact.type) ?? {};
		if (!fields || !of) return { stored: fact, read: fact };
		const subject = of(placed(draft, fact.data));
		const key = keys.of(subject);
		if (key === undefined) throw new Error(`the key of ${subject} was not fetched`);
		const [personal, rest] = parted(fact.data, fields);
		const blank = { type: fact.type, data: rest };
		if (key === null) return { stored: blank, read: blank };
		const text = seal(key, JSON.stringify(personal), placeOf(this.#log, draft, i, fact.type));
		return { stored: { ...blank, sealed: { of: subject, text } }, read: fact };
	}

	landed(commits: readonly Commit[]): void {
		for (const commit of commits) if (commit.keys) this.#vault.drop(forgottenIn(commit));
	}
	opening(partition: LogPartition): LogPartition {
		return new OpeningPartition(partition, (commits) => this.#withKeys(commits));
	}
	/** Fetches the keys of commits that were read, all at once. */
	async #withKeys(commits: Commit[]): Promise<Commit[]> {
		const sealed: Commit[] = [];
		const subjects = new Set<string>();
		for (const commit of commits) {
			const found = subjectsIn(commit);
			if (!found) continue;
			this.#vault.drop(found.forgets);
			sealed.push(commit);
			for (const subject of found.of) subjects.add(subject);
		}
		if (sealed.length === 0) return commits;
		const keys = new Keys(await this.#vault.keys(subjects), this.#vault);
		for (const commit of sealed) [commit.keys, commit.log] = [keys, this.#log];
		return commits;
	}
}

/** The data of a fact, with the place that decides whose it is. */
const placed = ({ stream, recorded }: Drafted, data: unknown): object =>
	Object.assign({}, data, { id: stream.slice(stream.indexOf("-") + 1), at: recorded.at });

/** The personal fields, and the data with null in their place. */
function parted(data: unknown, fields: readonly string[]): readonly [personal: object, rest: object] {
	const [personal, rest]: [Record<string, unknown>, Record<string, unknown>] = [{}, Object.assign({}, data)];
	for (const field of fields) {
		if (rest[field] === undefined) continue;
		personal[field] = rest[field];
		rest[field] = null;
	}
	return [personal, rest];
}
