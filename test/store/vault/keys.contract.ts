/** KeysContract - the tests that every key store has to pass. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { KeptKey, KeyStore } from "../../../store/vault/key-store.ts";
import { memoryVault, newMaster } from "../../support/memory-keys.ts";

/** The store of one test; a second `open` is a restart or another node. */
export interface KeysPlace {
	open(): KeyStore;
	remove(): void | Promise<void>;
}

export function keysContract(name: string, makePlace: () => KeysPlace): void {
	describe(`the keys of ${name}`, () => {
		let place: KeysPlace;
		let store: KeyStore;
		const opened: KeyStore[] = [];
		const open = (): KeyStore => {
			const one = place.open();
			opened.push(one);
			return one;
		};
		beforeEach(async () => {
			place = makePlace();
			store = open();
			await store.ready?.();
		});
		afterEach(async () => {
			for (const one of opened.splice(0)) await one.close();
			await place.remove();
		});
		const key = (subject: string, wrapped: string): KeptKey => ({ subject, wrapped, master: "m1" });
		const gone = (subject: string): KeptKey => ({ subject, wrapped: null, master: "" });

		it("are kept, and found by another node", async () => {
			await store.keep([key("owner:a", "one"), key("owner:b", "two")]);
			expect(
				[...(await open().find(["owner:b", "owner:x", "owner:a"])).values()].toSorted((a, b) => (a.subject < b.subject ? -1 : 1)),
			).toEqual([key("owner:a", "one"), key("owner:b", "two")]);
		});
		it("stay as they are if a subject has one already, while others of the same call are added", async () => {
			await store.keep([key("owner:a", "one")]);
			await open().keep([key("owner:a", "other"), key("owner:b", "two")]);
			expect((await store.find(["owner:a"])).get("owner:a")).toEqual(key("owner:a", "one"));
			expect((await store.find(["owner:b"])).get("owner:b")).toEqual(key("owner:b", "two"));
		});
		it("are the same for two nodes that make the key of one subject at the same time", async () => {
			const masters = [newMaster()];
			const vaults = [memoryVault(store, masters), memoryVault(open(), masters)];
			const [one, other] = await Promise.all(vaults.map((vault) => vault.keysOrNew(["owner:a"])));
			expect(one?.get("owner:a")?.export()).toEqual(other?.get("owner:a")?.export());
		});
		it("are destroyed permanently, also those of a subject that has none yet", async () => {
			await store.keep([key("owner:a", "one")]);
			await store.destroy(["owner:a", "owner:b"]);
			await open().keep([key("owner:a", "again"), key("owner:b", "first")]);
			expect([...(await open().find(["owner:a", "owner:b"])).values()]).toEqual(expect.arrayContaining([gone("owner:a"), gone("owner:b")]));
			await store.destroy(["owner:a"]);
		});
		it("are read in pages, ordered by subject", async () => {
			await store.keep(["c", "a", "b"].map((one) => key(`owner:${one}`, one)));
			expect((await store.page("", 2)).map(({ subject }) => subject)).toEqual(["owner:a", "owner:b"]);
			expect((await store.page("owner:b", 2)).map(({ subject }) => subject)).toEqual(["owner:c"]);
		});
		it("are wrapped again only if they are still as they were", async () => {
			const [a, b] = [key("owner:a", "one"), key("owner:b", "two")];
			await store.keep([a, b]);
			await store.destroy(["owner:b"]);
			await store.rewrap([a, b].map((before) => ({ before, after: { ...before, wrapped: "again", master: "m2" } })));
			expect((await store.find(["owner:a"])).get("owner:a")).toEqual({ subject: "owner:a", wrapped: "again", master: "m2" });
			expect((await store.find(["owner:b"])).get("owner:b")).toEqual(gone("owner:b"));
		});
		it("remember how far each partition was searched", async () => {
			await store.advance("registration:0", { position: 3, hash: "x" });
			await store.advance("registration:0", { position: 5, hash: "y" });
			await store.advance("registration:1", { position: 1, hash: "z" });
			expect(await open().progress()).toEqual({
				"registration:0": { position: 5, hash: "y" },
				"registration:1": { position: 1, hash: "z" },
			});
		});
	});
}
