/**
 * Vault - the data keys under which personal data is sealed: one for each subject, created before its first use, and destroyed to forget
 * the subject. Keys are fetched for a whole batch at a time and kept in memory for seconds, so that sealing and opening are synchronous.
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { StoreUnavailable, type Tail } from "../log.ts";
import type { Checkpoints } from "../rows.ts";
import type { KeptKey, KeyStore } from "./key-store.ts";
import { KEY_BYTES, type MasterKey } from "./master-key.ts";

/** Keys kept in memory; the oldest are dropped. */
const CAPACITY = 20_000;
/** Milliseconds after which a key is fetched again, so that a node without followers also learns that it is destroyed. */
const FRESH = 10_000;
/** Keys that are wrapped again at a time. */
const PAGE = 500;
/** The subject of the key with which sealed columns of rows are searched; it is never destroyed. */
const INDEX = "installation:index";

/** Keys by subject; null for a destroyed one. */
export type Fetched = ReadonlyMap<string, KeyObject | null>;
interface Cached {
	readonly key: KeyObject;
	readonly at: number;
}
export interface VaultOptions {
	/** The first one wraps, and all of them unwrap. */
	readonly masters: readonly MasterKey[];
	/** Called if there are none: those that another process has made meanwhile; `makes`: else a new one, for a store without keys. */
	readonly lateMasters?: (makes: boolean) => readonly MasterKey[];
	/** Whether this process may create keys; one that only observes may not. */
	readonly creates?: boolean;
	/** Milliseconds of a monotonic clock. */
	readonly clock?: () => number;
}

export class Vault {
	readonly #store: KeyStore;
	#masters: readonly MasterKey[];
	readonly #lateMasters: (makes: boolean) => readonly MasterKey[];
	readonly #creates: boolean;
	readonly #clock: () => number;
	readonly #cache = new Map<string, Cached>();
	/** Subjects that this process knows to be destroyed. */
	readonly #destroyed = new Set<string>();
	#index: KeyObject | null = null;

	constructor(store: KeyStore, { masters, lateMasters = () => [], creates = true, clock = () => performance.now() }: VaultOptions) {
		this.#store = store;
		this.#masters = masters;
		this.#lateMasters = lateMasters;
		this.#creates = creates;
		this.#clock = clock;
	}

	/** Resolves when keys can be fetched; rejects with a one-line reason if the store or the master key cannot be used. */
	async ready(): Promise<readonly string[]> {
		await this.#store.ready?.();
		const isNew = (await this.#store.page("", 1)).length === 0;
		if (this.#masters.length === 0) this.#masters = this.#lateMasters(isNew && this.#creates);
		if (this.#creates) await this.#fetchIndexKey();
		else if (!isNew) await this.#fetchIndexKey().catch(() => undefined); // an observer may verify without the master key
		return this.#store.warnings ?? [];
	}
	/** Parts of the store that are not of this system. */
	async foreign(): Promise<readonly string[]> {
		return (await this.#store.foreign?.()) ?? [];
	}
	/** Number of subjects that this process knows to be destroyed; content opened at a lower number has to be opened again. */
	get forgettings(): number {
		return this.#destroyed.size;
	}
	isDestroyed(subject: string): boolean {
		return this.#destroyed.has(subject);
	}

	/** The keys of subjects, created if missing; each is durable when it resolves. */
	async keysOrNew(subjects: Iterable<string>): Promise<Fetched> {
		const [found, missing] = this.#cached(subjects);
		if (missing.length === 0) return found;
		const kept = new Map(await this.#store.find(missing));
		const absent = missing.filter((subject) => !kept.has(subject));
		if (absent.length > 0) {
			await this.#store.keep(await Promise.all(absent.map((subject) => this.#made(subject))));
			for (const [subject, key] of await this.#store.find(absent)) kept.set(subject, key); // another node may have been first
		}
		return this.#unwrapped(found, missing, kept);
	}
	/** The keys of subjects that have one. Rejects if the store has lost one, so that lost keys are not mistaken for destroyed ones. */
	async keys(subjects: Iterable<string>): Promise<Fetched> {
		const [found, missing] = this.#cached(subjects);
		return missing.length === 0 ? found : this.#unwrapped(found, missing, await this.#store.find(missing));
	}

	/** Destroys keys, here and in the store. */
	async destroy(subjects: readonly string[]): Promise<void> {
		this.drop(subjects);
		await this.#store.destroy(subjects);
	}
	/** Stops using keys that are destroyed, or about to be. */
	drop(subjects: Iterable<string>): void {
		for (const subject of subjects) {
			this.#cache.delete(subject);
			this.#destroyed.add(subject);
		}
	}

	/** Wraps every key that another master key has wrapped with the first one; resolves to their number. */
	async rewrap(): Promise<number> {
		const master = this.#master();
		let count = 0;
		for (let after = ""; ;) {
			const page = await this.#store.page(after, PAGE);
			const old = page.filter(({ wrapped, master: by }) => wrapped !== null && by !== master.id);
			const changes = old.map(async (before) => {
				const wrapped = await master.wrap(await this.#plain(before), before.subject);
				return { before, after: { ...before, wrapped, master: master.id } };
			});
			if (old.length > 0) await this.#store.rewrap(await Promise.all(changes));
			count += old.length;
			after = page.at(-1)?.subject ?? "";
			if (page.length < PAGE) return count;
		}
	}

	/** Fetches the key of blind indexes, the same on all nodes. */
	async #fetchIndexKey(): Promise<void> {
		this.#index ??= (await this.keysOrNew([INDEX])).get(INDEX) ?? null;
	}
	/** The value under which a sealed column is found: a keyed hash. The vault has to be ready. */
	blinded(column: string, value: string): string {
		if (!this.#index) throw new StoreUnavailable("the key of the indexes cannot be read");
		return createHmac("sha256", this.#index).update(`${column}\n${value}`).digest("base64url");
	}

	/** The wrapped keys, for a backup. */
	page(after: string, limit: number): Promise<readonly KeptKey[]> {
		return this.#store.page(after, limit);
	}
	/** The master keys, one a line; null if one cannot be copied. */
	get masters(): string | null {
		const texts = this.#masters.flatMap(({ text }) => text ?? []);
		return texts.length === 0 || texts.length < this.#masters.length ? null : texts.map((text) => `${text}\n`).join("");
	}

	progress(): Promise<Checkpoints> {
		return this.#store.progress();
	}
	advance(partition: string, to: Tail): Promise<void> {
		return this.#store.advance(partition, to);
	}
	close(): Promise<void> {
		this.#cache.clear();
		return this.#store.close();
	}

	#cached(subjects: Iterable<string>): readonly [found: Map<string, KeyObject | null>, missing: readonly string[]] {
		const found = new Map<string, KeyObject | null>();
		const missing: string[] = [];
		const since = this.#clock() - FRESH;
		for (const subject of new Set(subjects)) {
			const cached = this.#cache.get(subject);
			if (this.#destroyed.has(subject)) found.set(subject, null);
			else if (cached && cached.at >= since) found.set(subject, cached.key);
			else missing.push(subject);
		}
		return [found, missing];
	}
	async #unwrapped(found: Map<string, KeyObject | null>, missing: readonly string[], kept: ReadonlyMap<string, KeptKey>): Promise<Fetched> {
		const at = this.#clock();
		const all = missing.map(async (subject) => {
			const one = kept.get(subject);
			if (!one)
				throw new StoreUnavailable(`the key store holds no key of ${subject}: it is not the one of this log, or has to be restored`);
			if (one.wrapped === null) return this.drop([subject]);
			const key = createSecretKey(await this.#plain(one));
			if (!this.#destroyed.has(subject)) this.#remember(subject, { key, at });
			found.set(subject, key);
		});
		await Promise.all(all);
		for (const subject of missing) if (this.#destroyed.has(subject)) found.set(subject, null);
		return found;
	}
	#remember(subject: string, cached: Cached): void {
		this.#cache.delete(subject);
		this.#cache.set(subject, cached);
		if (this.#cache.size <= CAPACITY) return;
		const [oldest] = this.#cache.keys();
		if (oldest !== undefined) this.#cache.delete(oldest);
	}
	async #made(subject: string): Promise<KeptKey> {
		const master = this.#master();
		return { subject, wrapped: await master.wrap(randomBytes(KEY_BYTES), subject), master: master.id };
	}
	#master(): MasterKey {
		const [master] = this.#masters;
		if (!master) throw new StoreUnavailable("there is no master key here, so no key can be made");
		return master;
	}
	async #plain({ subject, wrapped, master: id }: KeptKey): Promise<Uint8Array> {
		const master = this.#masters.find((one) => one.id === id);
		if (!master)
			throw new StoreUnavailable(`the key of ${subject} is wrapped by the master key ${id}, which this node does not have: see MASTER_KEY`);
		try {
			return await master.unwrap(wrapped ?? "", subject);
		} catch (error) {
			throw new StoreUnavailable(`the key of ${subject} cannot be unwrapped`, error);
		}
	}
}
