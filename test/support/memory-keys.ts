/** MemoryKeys - a key store in memory, and a vault on it. */
import { createSecretKey, randomBytes } from "node:crypto";
import type { Tail } from "../../store/log.ts";
import type { Checkpoints } from "../../store/rows.ts";
import type { KeptKey, KeyStore } from "../../store/vault/key-store.ts";
import { localMaster, type MasterKey } from "../../store/vault/master-key.ts";
import { Vault } from "../../store/vault/vault.ts";

export class MemoryKeys implements KeyStore {
	readonly kept = new Map<string, KeptKey>();
	readonly #progress = new Map<string, Tail>();

	async find(subjects: readonly string[]): Promise<ReadonlyMap<string, KeptKey>> {
		return new Map(subjects.flatMap((subject) => [this.kept.get(subject) ?? []].flat().map((key) => [subject, key] as const)));
	}
	async keep(keys: readonly KeptKey[]): Promise<void> {
		for (const key of keys) if (!this.kept.has(key.subject)) this.kept.set(key.subject, key);
	}
	async destroy(subjects: readonly string[]): Promise<void> {
		for (const subject of subjects) this.kept.set(subject, { subject, master: "", wrapped: null });
	}
	async page(after: string, limit: number): Promise<readonly KeptKey[]> {
		const all = [...this.kept.values()].toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
		return all.filter(({ subject }) => subject > after).slice(0, limit);
	}
	async rewrap(changes: Parameters<KeyStore["rewrap"]>[0]): Promise<void> {
		for (const { before, after } of changes)
			if (this.kept.get(before.subject)?.wrapped === before.wrapped) this.kept.set(after.subject, after);
	}
	async progress(): Promise<Checkpoints> {
		return Object.fromEntries(this.#progress);
	}
	async advance(partition: string, to: Tail): Promise<void> {
		this.#progress.set(partition, to);
	}
	async close(): Promise<void> {}
}

export const newMaster = (): MasterKey => localMaster(createSecretKey(randomBytes(32)));
/** A vault on a key store in memory. */
export const memoryVault = (store: KeyStore = new MemoryKeys(), masters = [newMaster()], clock = () => 0): Vault =>
	new Vault(store, { masters, clock });
