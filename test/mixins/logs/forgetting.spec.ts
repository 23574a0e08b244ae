/** Forgetting - keys of forgotten subjects are destroyed, also after a restart, with a lost place, and while other keys are missing. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ContextLog } from "../../../mixins/logs/context-log.ts";
import { forgetAlong } from "../../../mixins/logs/forgetting.ts";
import { withSubjects } from "../../../store/codec.ts";
import { SealingCodec } from "../../../store/vault/codec.ts";
import { chainedAfter, recorded, tailOf } from "../../support/commits.ts";
import { MemoryKeys, memoryVault, newMaster } from "../../support/memory-keys.ts";
import { ScriptedLog, Shelf } from "../../support/scripted-log.ts";
import { eventually } from "../../support/system.ts";

describe("the keys of forgotten subjects", () => {
	const masters = [newMaster()];
	let shelf: Shelf;
	let keys: MemoryKeys;
	beforeEach(async () => {
		shelf = new Shelf();
		keys = new MemoryKeys();
		await memoryVault(keys, masters).keysOrNew(["owner:a", "owner:b", "owner:c"]);
	});
	const written = (stream: string, of: readonly string[], forgets: readonly string[]): void => {
		const body = withSubjects(recorded([{ type: "owner.changed", data: {} }]), { of, forgets });
		shelf.put(chainedAfter(shelf.tail, [{ stream, version: 0, body }]));
	};
	const isDestroyed = (subject: string): boolean => keys.kept.get(subject)?.wrapped === null;
	/** Starts a node; the result stops it. */
	const node = async (): Promise<() => Promise<void>> => {
		const vault = memoryVault(keys, masters);
		const codec = new SealingCodec("registration", vault);
		const log = new ContextLog([new ScriptedLog(shelf, { name: "registration:0" })], undefined, [], undefined, codec);
		await log.forget(() => forgetAlong(log, vault, (error) => expect(error).toBeNull()));
		return () => log.close();
	};

	it("are destroyed when the log says so, and no others; the place is remembered", async () => {
		written("owner-a", ["owner:a"], []);
		written("owner-b", [], ["owner:b"]);
		const stop = await node();
		await eventually(() => expect(isDestroyed("owner:b")).toBe(true));
		await eventually(async () => expect((await keys.progress())["registration:0"]?.position).toBe(2));
		await stop();
		expect([isDestroyed("owner:a"), isDestroyed("owner:c")]).toEqual([false, false]);
		written("owner-c", [], ["owner:c"]);
		const again = await node();
		await eventually(() => expect(isDestroyed("owner:c")).toBe(true));
		await again();
	});
	it("are destroyed while the key of another subject is missing", async () => {
		keys.kept.delete("owner:a");
		written("owner-a", ["owner:a"], []);
		written("owner-b", ["owner:b"], ["owner:b"]);
		const stop = await node();
		await eventually(() => expect(isDestroyed("owner:b")).toBe(true));
		await stop();
	});
	it("are searched from the beginning if the log is not the one of the remembered place", async () => {
		await keys.advance("registration:0", { position: 1, hash: "of another log" });
		written("owner-b", [], ["owner:b"]);
		const stop = await node();
		await eventually(() => expect(isDestroyed("owner:b")).toBe(true));
		await stop();
		await keys.advance("registration:0", { ...tailOf(shelf.commits), position: 99 });
		written("owner-c", [], ["owner:c"]);
		const again = await node();
		await eventually(() => expect(isDestroyed("owner:c")).toBe(true));
		await again();
	});
	it("are destroyed once the key store works again", async () => {
		const destroy = keys.destroy.bind(keys);
		let failures = 2;
		keys.destroy = (subjects) => (failures-- > 0 ? Promise.reject(new Error("busy")) : destroy(subjects));
		written("owner-b", [], ["owner:b"]);
		const stop = await node();
		await eventually(() => expect(isDestroyed("owner:b")).toBe(true));
		await stop();
	});
});
