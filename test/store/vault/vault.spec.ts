/** Vault - keys are made before they are used, fetched again after seconds, destroyed permanently, and wrapped again by another master key. */
import { describe, expect, it } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { masterKeysIn, masterKeysOf, newMasterKeyIn } from "../../../store/vault/master-key.ts";
import { Vault } from "../../../store/vault/vault.ts";
import { Folder } from "../../support/folder.ts";
import { MemoryKeys, memoryVault, newMaster } from "../../support/memory-keys.ts";

const exported = async (vault: ReturnType<typeof memoryVault>, subject: string) => (await vault.keys([subject])).get(subject)?.export();

describe("the vault", () => {
	it("stores a key before it returns it, wrapped", async () => {
		const store = new MemoryKeys();
		const key = (await memoryVault(store).keysOrNew(["owner:a"])).get("owner:a")?.export();
		const kept = store.kept.get("owner:a")?.wrapped ?? "";
		expect(kept).not.toBe("");
		expect(kept).not.toContain(key?.toString("base64url") ?? "");
	});
	it("does not mistake a key that the store has lost for a destroyed one", async () => {
		await expect(memoryVault().keys(["owner:a"])).rejects.toThrow(/holds no key of owner:a/);
	});
	it("makes no key for a subject whose key was destroyed", async () => {
		const store = new MemoryKeys();
		const masters = [newMaster()];
		await memoryVault(store, masters).destroy(["owner:a"]);
		expect((await memoryVault(store, masters).keysOrNew(["owner:a"])).get("owner:a")).toBeNull();
		expect((await memoryVault(store, masters).keys(["owner:a"])).get("owner:a")).toBeNull();
	});
	it("learns within seconds that another node has destroyed a key, and at once what its own node forgets", async () => {
		const [store, masters] = [new MemoryKeys(), [newMaster()]];
		let now = 0;
		const vault = memoryVault(store, masters, () => now);
		await vault.keysOrNew(["owner:a", "owner:b"]);
		await memoryVault(store, masters).destroy(["owner:a"]);
		expect((await vault.keys(["owner:a"])).get("owner:a")).not.toBeNull();
		now = 10_001;
		expect((await vault.keys(["owner:a"])).get("owner:a")).toBeNull();
		expect(vault.forgettings).toBe(1);
		vault.drop(["owner:b"]);
		expect((await vault.keys(["owner:b"])).get("owner:b")).toBeNull();
	});
	it("wraps all keys again by the first master key, and then works without the others", async () => {
		const [store, old, fresh] = [new MemoryKeys(), newMaster(), newMaster()];
		const subjects = Array.from({ length: 1200 }, (_, n) => `owner:${n}`);
		const before = await memoryVault(store, [old]).keysOrNew(subjects);
		await memoryVault(store, [old]).destroy(["owner:5"]);
		await expect(memoryVault(store, [fresh]).keys(["owner:7"])).rejects.toThrow(/wrapped by the master key .* see MASTER_KEY/);
		expect(await memoryVault(store, [fresh, old]).rewrap()).toBe(1199);
		expect(await memoryVault(store, [fresh, old]).rewrap()).toBe(0);
		expect(await exported(memoryVault(store, [fresh]), "owner:1199")).toEqual(before.get("owner:1199")?.export());
		await expect(memoryVault(store, [old]).keys(["owner:7"])).rejects.toThrow(/MASTER_KEY/);
		expect((await memoryVault(store, [fresh]).keys(["owner:5"])).get("owner:5")).toBeNull();
	});
	it("refuses the wrapped key of one subject in the place of another", async () => {
		const [store, masters] = [new MemoryKeys(), [newMaster()]];
		await memoryVault(store, masters).keysOrNew(["owner:a", "owner:b"]);
		const wrapped = store.kept.get("owner:a")?.wrapped ?? "";
		store.kept.set("owner:b", { subject: "owner:b", master: masters[0]?.id ?? "", wrapped });
		await expect(memoryVault(store, masters).keys(["owner:b"])).rejects.toThrow(/cannot be unwrapped/);
	});
	it("finds equal values of a column under equal hashes, on all nodes, and unequal columns under unequal ones", async () => {
		const [store, masters] = [new MemoryKeys(), [newMaster()]];
		const [one, other] = [memoryVault(store, masters), memoryVault(store, masters)];
		await Promise.all([one.ready(), other.ready()]);
		expect(one.blinded("owners.email", "a@b.example")).toBe(other.blinded("owners.email", "a@b.example"));
		expect(one.blinded("owners.name", "a@b.example")).not.toBe(one.blinded("owners.email", "a@b.example"));
	});
});

describe("a master key", () => {
	const text = () => randomBytes(32).toString("base64");
	it("is 32 bytes in base64; several are separated by commas", () => {
		expect(masterKeysOf(text())).toHaveLength(1);
		expect(masterKeysOf(`${text()}, ${text()}`)).toHaveLength(2);
		for (const wrong of ["", " ", "short", randomBytes(31).toString("base64"), `${text()},x`])
			expect([wrong, masterKeysOf(wrong)]).toEqual([wrong, null]);
	});
	it("is made only for a store without keys, so that a lost one is not replaced by another", async () => {
		const [store, made] = [new MemoryKeys(), newMaster()];
		const vault = () => new Vault(store, { masters: [], lateMasters: (makes) => (makes ? [made] : []) });
		await vault().ready();
		expect(store.kept.size).toBe(1);
		await expect(vault().ready()).rejects.toThrow(/wrapped by the master key .* see MASTER_KEY/);
		await new Vault(store, { masters: [], lateMasters: () => [made] }).ready(); // made by another process after this one began
		await expect(new Vault(store, { masters: [], creates: false }).ready()).resolves.toEqual([]); // an observer verifies without it
	});
	it("is made once in the folder, for its owner only", () => {
		const folder = new Folder();
		try {
			const path = folder.file(".");
			expect(masterKeysIn(path)).toEqual([]);
			expect(existsSync(folder.file("master.key"))).toBe(false);
			const [made] = newMasterKeyIn(path);
			expect([newMasterKeyIn(path)[0]?.id, masterKeysIn(path)[0]?.id]).toEqual([made?.id, made?.id]);
			chmodSync(folder.file("master.key"), 0o644);
			expect(() => masterKeysIn(path)).toThrow(/can be read by others \(mode 0644\): chmod 600 it/);
			chmodSync(folder.file("master.key"), 0o600);
			writeFileSync(folder.file("master.key"), "nothing");
			expect(() => masterKeysIn(path)).toThrow(/holds no master key/);
		} finally {
			folder.remove();
		}
	});
});
