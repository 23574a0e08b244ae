/** Writer - the writer with its actors on a store without faults (DESIGN §3, LAW 1-4). */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Done } from "../../../mixins/actors/envelope.ts";
import { decode } from "../../../store/codec.ts";
import type { LogPartition } from "../../../store/log.ts";
import { SqliteLogStore } from "../../../store/sqlite/log.ts";
import { Bank, commandIds, NOW } from "../../support/bank.ts";
import { everything, flawOf } from "../../support/commits.ts";
import { Folder } from "../../support/folder.ts";
import { ScriptedLog, Shelf } from "../../support/scripted-log.ts";

interface Place {
	/** Another process on the same log. */
	open(): Promise<LogPartition>;
	close(): Promise<void>;
}
const sqlite = (): Place => {
	const folder = new Folder();
	const stores: SqliteLogStore[] = [];
	return {
		async open() {
			const store = new SqliteLogStore(folder.file("events.db"));
			stores.push(store);
			const [log] = await store.open("bank");
			if (!log) throw new Error("a log has at least one partition");
			return log;
		},
		async close() {
			for (const store of stores) await store.close();
			folder.remove();
		},
	};
};
const memory = (readsFirst: boolean) => (): Place => {
	const shelf = new Shelf();
	return { open: async () => new ScriptedLog(shelf, { readsFirst }), close: async () => undefined };
};

describe.each([
	["SQLite", sqlite],
	["a store with a read before a creation", memory(true)],
	["a store without that read", memory(false)],
])("actors on %s", (_name, makePlace) => {
	let place: Place;
	let log: LogPartition;
	let bank: Bank;
	beforeEach(async () => {
		place = makePlace();
		log = await place.open();
		bank = new Bank(log);
	});
	afterEach(async () => {
		await bank.writer.drained();
		expect(flawOf(await everything(log))).toBeNull();
		await place.close();
	});
	const wrote = async (): Promise<number> => (await log.tail()).position;

	it("execute commands, and return their positions", async () => {
		expect(await bank.do("open", { id: "1", owner: "Ada" })).toEqual({
			id: "1",
			version: 1,
			position: "bank:0:1",
			begun: true,
			replayed: false,
			written: true,
			answer: { said: 1 },
		});
		expect(await bank.do("deposit", { id: "1", amount: 5 })).toMatchObject({ version: 2, position: "bank:0:2", begun: false, answer: {} });
		expect(await bank.do("close", { id: "1" })).toMatchObject({ version: 4, position: "bank:0:3" }); // two facts, one commit
		expect(await bank.balance("1")).toBeNull();
	});

	it("store the same text that followers receive", async () => {
		await bank.do("open", { id: "1", owner: "Ada" }, { commandId: "first", by: "the clerk", trace: "t", cause: "bank:0:0" });
		const [found] = await everything(log);
		expect(found && decode(found)).toEqual({
			facts: [{ type: "account.opened", data: { owner: "Ada" } }],
			command: { name: "open", id: "first" },
			by: "the clerk",
			at: NOW,
			cause: "bank:0:0",
			trace: "t",
		});
		expect(bank.appended.map(({ body, hash }) => [body, hash])).toEqual([[found?.body, found?.hash]]);
	});

	it("pass commits to followers only once durable, in order", async () => {
		await bank.do("open", { id: "1", owner: "Ada" });
		await Promise.all([1, 2, 3].map((amount) => bank.do("deposit", { id: "1", amount })));
		expect(bank.appended.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
	});

	it("refuse by an invariant, and write nothing", async () => {
		expect(await bank.refusal("deposit", { id: "1", amount: 1 })).toBe("ACCOUNT_UNKNOWN");
		await bank.do("open", { id: "1", owner: "Ada" });
		expect(await bank.refusal("withdraw", { id: "1", amount: 1 })).toBe("NOT_COVERED");
		expect(await bank.refusal("open", { id: "1", owner: "Bob" })).toBe("ACCOUNT_ALREADY_EXISTS");
		await bank.do("close", { id: "1" });
		expect(await bank.refusal("deposit", { id: "1", amount: 1 })).toBe("ACCOUNT_CLOSED");
		expect(await wrote()).toBe(2);
		expect(Object.fromEntries(bank.actors.refusals)).toEqual({
			ACCOUNT_UNKNOWN: 1,
			NOT_COVERED: 1,
			ACCOUNT_ALREADY_EXISTS: 1,
			ACCOUNT_CLOSED: 1,
		});
	});

	it("recognize a fulfilled command, write nothing, and repeat the first answer", async () => {
		await bank.do("open", { id: "1", owner: "Ada" });
		const again = await bank.do("open", { id: "1", owner: "Ada" });
		expect(again).toMatchObject({ version: 1, position: "bank:0:1", begun: false, replayed: false, written: false, answer: { said: 1 } });
		await bank.do("close", { id: "1" });
		expect(await bank.do("close", { id: "1" })).toMatchObject({ written: false, version: 3 });
		expect(await wrote()).toBe(2);
	});

	it("recognize fulfilled commands any number of times", async () => {
		await bank.do("open", { id: "0", owner: "Ada" });
		const other = new Bank(await place.open());
		for (let i = 1; i <= 12; i++) await other.do("open", { id: `${i}`, owner: "Ada" });
		for (let i = 1; i <= 12; i++) expect(await bank.do("open", { id: `${i}`, owner: "Ada" })).toMatchObject({ written: false });
		expect(await wrote()).toBe(13);
	});

	it("write nothing for a decision without facts", async () => {
		await bank.do("open", { id: "1", owner: "Ada" });
		expect(await bank.do("deposit", { id: "1", amount: 0 })).toMatchObject({ written: false, version: 1, position: "bank:0:1" });
		expect(await wrote()).toBe(1);
	});

	it("repeat the first answer to the same command, before checking version and invariants", async () => {
		await bank.do("open", { id: "1", owner: "Ada" });
		await bank.do("deposit", { id: "1", amount: 5 });
		const command = { commandId: "pay", digest: "5", ifMatch: 2 };
		const first = await bank.do("withdraw", { id: "1", amount: 5 }, command);
		await bank.do("close", { id: "1" });
		for (const node of [bank, new Bank(await place.open())])
			expect(await node.do("withdraw", { id: "1", amount: 5 }, command)).toEqual({ ...first, replayed: true });
		expect(await wrote()).toBe(4);
	});

	it("repeat the first answer to the same creation, sent twice at once or by another node", async () => {
		const other = new Bank(await place.open());
		const command = { commandId: "come", digest: "Ada" };
		const answers = await Promise.all(
			[bank, bank, other, other, bank].map((node) => node.do("open", { id: "1", owner: "Ada" }, { ...command, by: "both" })),
		);
		expect(await wrote()).toBe(1);
		for (const answer of answers) expect(answer).toMatchObject({ version: 1, position: "bank:0:1", begun: true, answer: { said: 1 } });
		expect(answers.filter(({ replayed }) => !replayed).length).toBeGreaterThan(0);
		expect(await other.do("open", { id: "1", owner: "Ada" }, command)).toMatchObject({ replayed: true });
	});

	it("refuse a command id that was used for something else", async () => {
		await bank.do("open", { id: "1", owner: "Ada" }, { commandId: "key", digest: "a" });
		expect(await bank.refusal("deposit", { id: "1", amount: 5 }, { commandId: "key", digest: "b" })).toBe("IDEMPOTENCY_KEY_REUSED");
		await bank.do("open", { id: "2", owner: "Ada" }, { commandId: "key", digest: "c" }); // command ids are separate for each actor
		expect(await wrote()).toBe(2);
	});

	it("repeat the refusal of a command, whatever the current state", async () => {
		const key = { commandId: "key", digest: "a" };
		expect(await bank.refusal("deposit", { id: "1", amount: 5 }, key)).toBe("ACCOUNT_UNKNOWN");
		await bank.do("open", { id: "1", owner: "Ada" });
		expect(await bank.refusal("deposit", { id: "1", amount: 5 }, key)).toBe("ACCOUNT_UNKNOWN");
		expect(await bank.refusal("deposit", { id: "1", amount: 9 }, { ...key, digest: "b" })).toBe("IDEMPOTENCY_KEY_REUSED");
		expect(await bank.balance("1")).toBe(0);
	});

	it("repeat the answer to a fulfilled command, and do not execute it later", async () => {
		const key = { commandId: "key", digest: "a" };
		await bank.do("open", { id: "1", owner: "Ada" });
		const first = await bank.do("close", { id: "1" });
		expect(await bank.do("close", { id: "1" }, key)).toMatchObject({ written: false, replayed: false, version: first.version });
		expect(await bank.do("close", { id: "1" }, key)).toMatchObject({ written: false, replayed: true, version: first.version });
		expect(await bank.refusal("deposit", { id: "1", amount: 5 }, { ...key, digest: "b" })).toBe("IDEMPOTENCY_KEY_REUSED");
		const other = new Bank(await place.open());
		expect(await other.do("close", { id: "1" }, key)).toMatchObject({ written: false, replayed: true, version: first.version });
	});

	it("accept a command again after a version mismatch, because it was not executed", async () => {
		const key = { commandId: "key", digest: "a" };
		await bank.do("open", { id: "1", owner: "Ada" });
		expect(await bank.refusal("deposit", { id: "1", amount: 5 }, { ...key, ifMatch: 9 })).toBe("VERSION_MISMATCH");
		expect(await bank.do("deposit", { id: "1", amount: 5 }, { ...key, ifMatch: 1 })).toMatchObject({ written: true, version: 2 });
	});

	it("store nothing of a refused command without a caller's id", async () => {
		expect(await bank.refusal("deposit", { id: "1", amount: 5 }, { commandId: "made up" })).toBe("ACCOUNT_UNKNOWN");
		expect((await bank.log.tail()).position).toBe(0);
	});

	it("remember a command permanently, however many follow it", async () => {
		const key = (n: number) => ({ commandId: `key-${n}`, digest: "a" });
		await bank.do("open", { id: "1", owner: "Ada" });
		for (let n = 0; n < 200; n++) await bank.do("deposit", { id: "1", amount: 1 }, key(n));
		for (const bankOf of [bank, new Bank(await place.open())]) {
			for (const n of [0, 7, 100, 199])
				expect(await bankOf.do("deposit", { id: "1", amount: 1 }, key(n))).toMatchObject({ replayed: true, version: n + 2 });
			expect(await bankOf.refusal("deposit", { id: "1", amount: 2 }, { ...key(3), digest: "b" })).toBe("IDEMPOTENCY_KEY_REUSED");
			expect(await bankOf.balance("1")).toBe(200);
		}
	});

	it("compare a command with the version that its caller has seen", async () => {
		await bank.do("open", { id: "1", owner: "Ada" });
		expect(await bank.refusal("deposit", { id: "1", amount: 5 }, { ifMatch: 0 })).toBe("VERSION_MISMATCH");
		expect(await bank.do("deposit", { id: "1", amount: 5 }, { ifMatch: 1 })).toMatchObject({ version: 2 });
		expect(await bank.refusal("deposit", { id: "1", amount: 5 }, { ifMatch: 1 })).toBe("VERSION_MISMATCH");
		expect(await bank.refusal("deposit", { id: "2", amount: 5 }, { ifMatch: 1 })).toBe("ACCOUNT_UNKNOWN");
	});

	it("handle one command at a time, in order of arrival", async () => {
		const asked = [
			bank.ask("open", { id: "1", owner: "Ada" }, { commandId: "a" }),
			bank.ask("deposit", { id: "1", amount: 5 }, { commandId: "b" }),
			bank.ask("withdraw", { id: "1", amount: 7 }, { commandId: "c" }),
			bank.ask("deposit", { id: "1", amount: 5 }, { commandId: "d" }),
			bank.ask("withdraw", { id: "1", amount: 7 }, { commandId: "e" }),
		];
		const codes = (await Promise.all(asked)).map((answer) => ("code" in answer ? answer.code : answer.version));
		expect(codes).toEqual([1, 2, "NOT_COVERED", 3, 4]);
		expect(commandIds(await everything(log))).toEqual(["a", "b", "d", "e"]);
	});

	it("see the commits of another node at once", async () => {
		const other = new Bank(await place.open());
		await bank.do("open", { id: "1", owner: "Ada" });
		await other.do("deposit", { id: "1", amount: 5 });
		expect(await bank.balance("1")).toBe(5);
		expect(await bank.do("withdraw", { id: "1", amount: 5 })).toMatchObject({ version: 3 });
		expect(await other.refusal("withdraw", { id: "1", amount: 1 })).toBe("NOT_COVERED");
		await bank.do("deposit", { id: "1", amount: 2 });
		expect(await other.do("withdraw", { id: "1", amount: 2 }, { ifMatch: 4 })).toMatchObject({ version: 5 });
	});

	it("answer an ask about an unknown actor with null", async () => {
		expect(await bank.balance("404")).toBeNull();
		expect(await wrote()).toBe(0);
	});

	it("respect their memory limit", async () => {
		const small = new Bank(log, 2);
		const ids = Array.from({ length: 20 }, (_, i) => `${i}`);
		await Promise.all(ids.map((id) => small.do("open", { id, owner: "Ada" })));
		await Promise.all(ids.map((id, i) => small.do("deposit", { id, amount: i })));
		const done: Done[] = await Promise.all(ids.map((id, i) => small.do("withdraw", { id, amount: i })));
		expect(done.every(({ answer }) => answer["paid"] === true)).toBe(true);
		expect(small.actors.size).toBeLessThanOrEqual(4);
		expect(await Promise.all(ids.map((id) => small.balance(id)))).toEqual(ids.map(() => 0));
	});
});
