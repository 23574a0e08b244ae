/** WriterFaults - the writer on a store that refuses, loses answers, writes a part, or cannot be reached (DESIGN §3). */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { decode } from "../../../store/codec.ts";
import { StoreUnavailable } from "../../../store/log.ts";
import { Bank, commandIds, NOW } from "../../support/bank.ts";
import { chainedAfter, flawOf, things } from "../../support/commits.ts";
import { type Mishap, ScriptedLog, Shelf } from "../../support/scripted-log.ts";
import { turns } from "../../support/turns.ts";

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i + 1}`);

describe("a writer", () => {
	let shelf: Shelf;
	let log: ScriptedLog;
	let bank: Bank;
	/** Another process on the same log. */
	let other: Bank;
	beforeEach(() => {
		shelf = new Shelf();
		log = new ScriptedLog(shelf);
		bank = new Bank(log);
		other = new Bank(new ScriptedLog(shelf));
	});
	afterEach(async () => {
		await bank.writer.drained();
		expect(flawOf(shelf.commits)).toBeNull();
		const written = commandIds(shelf.commits);
		expect(new Set(written).size).toBe(written.length);
	});
	const open = (...names: readonly string[]) => Promise.all(names.map((id) => bank.do("open", { id, owner: "Ada" })));

	describe("with many requests at once", () => {
		it("batches the commands that arrived during the last write", async () => {
			const release = log.hold();
			const first = open("0");
			while (log.appends.length === 0) await turns(1);
			const rest = open(...ids(50));
			release();
			await Promise.all([first, rest]);
			expect(log.appends).toEqual([1, 50]);
		});

		it("respects the maximum batch size of the store", async () => {
			await open(...ids(250));
			expect(log.appends).toEqual([100, 100, 50]);
		});

		it("writes one commit of an actor at a time", async () => {
			await open("1", "2");
			await Promise.all(ids(6).map((amount) => bank.do("deposit", { id: amount < "4" ? "1" : "2", amount: 1 })));
			expect(log.appends.slice(1)).toEqual([2, 2, 2]);
		});

		it("proves a refusal by the write it shares, and reads nothing for it", async () => {
			await open("1", "2");
			const looks = log.looks.length;
			const [done, refused] = await Promise.all([
				bank.do("deposit", { id: "1", amount: 1 }),
				bank.refusal("withdraw", { id: "2", amount: 1 }),
			]);
			expect([done.version, refused, log.looks.length]).toEqual([2, "NOT_COVERED", looks]);
		});

		it("proves refusals without a write by one tail check that began after they arrived", async () => {
			await open("1", "2");
			const looks = log.looks.length;
			const refused = await Promise.all(ids(2).map((id) => bank.refusal("withdraw", { id, amount: 1 })));
			expect([refused, log.looks.length]).toEqual([["NOT_COVERED", "NOT_COVERED"], looks + 1]);
			await bank.refusal("withdraw", { id: "1", amount: 1 });
			expect(log.looks.length).toBe(looks + 2);
		});
	});

	describe("whose write", () => {
		it.each<[string, Mishap]>([
			["was rejected", "rejected"],
			["was refused without a reason", "false"],
			["succeeded, but its answer was lost", "lost"],
			["was rejected but is stored later", "late"],
			["stored only the first commit", 1],
			["stored all but the last commit", 4],
			["stored nothing", 0],
		])("%s acknowledges and stores each command once", async (_what, mishap) => {
			log.script.push(mishap);
			const done = await open(...ids(5));
			expect(shelf.commits).toHaveLength(5);
			for (const { id, position, written, replayed } of done) {
				expect([written, replayed]).toEqual([true, false]);
				expect(`bank:0:${shelf.commits.find(({ stream }) => stream === `account-${id}`)?.position}`).toBe(position);
			}
			expect(bank.appended.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
		});

		it("was overtaken by another process is decided again on the current state", async () => {
			await open("1", "2");
			await bank.do("deposit", { id: "1", amount: 5 });
			log.before = () => {
				log.before = null;
				const [withdrawn] = chainedAfter(shelf.tail, [
					{ stream: "account-1", version: 2, facts: [{ type: "account.withdrawn", data: { amount: 5 } }] },
				]);
				shelf.put(withdrawn ? [withdrawn] : []);
			};
			const both = [bank.refusal("withdraw", { id: "1", amount: 5 }), bank.refusal("deposit", { id: "2", amount: 1 })];
			expect(await Promise.all(both)).toEqual(["NOT_COVERED", "done"]);
			expect(await bank.balance("1")).toBe(0);
		});

		it("met an existing actor stores the other commits, and decides that command on its actual state", async () => {
			await other.do("open", { id: "2", owner: "Bob" }, { commandId: "bob" });
			await other.do("open", { id: "3", owner: "Ada" });
			await bank.balance("0"); // knows the tail, and none of the streams
			const asked = ["1", "2", "3", "4"].map((id) => bank.refusal("open", { id, owner: "Ada" }));
			expect(await Promise.all(asked)).toEqual(["done", "ACCOUNT_ALREADY_EXISTS", "done", "done"]);
			expect(shelf.commits).toHaveLength(4);
		});

		it("equals an earlier one of another process proves no later refusal", async () => {
			await open("1");
			const command = { commandId: "pay" };
			await other.do("deposit", { id: "1", amount: 5 }, command);
			const asked = [bank.do("deposit", { id: "1", amount: 5 }, command), bank.balance("1")];
			expect(await Promise.all(asked)).toEqual([expect.objectContaining({ version: 2, position: "bank:0:2" }), 5]);
			expect(shelf.commits).toHaveLength(2);
		});

		it("keeps the same instant over all retries", async () => {
			log.script.push("rejected", "false", "late");
			const asked = bank.do("open", { id: "1", owner: "Ada" });
			bank.clock += 60_000;
			await asked;
			expect(shelf.commits.map((commit) => decode(commit).at)).toEqual([NOW]);
		});

		it("is not retried once its caller has stopped waiting", async () => {
			await open("1");
			const deadline = bank.clock + 1000;
			log.script.push("rejected");
			log.before = () => (bank.clock += 2000);
			await expect(bank.do("deposit", { id: "1", amount: 5 }, { deadline })).rejects.toMatchObject({ code: "CALLER_GONE" });
			expect(await bank.balance("1")).toBe(0);
		});
	});

	describe("that reaches a command too late", () => {
		it("does not decide it, and continues with the next of the same actor", async () => {
			await open("1");
			const deadline = bank.clock + 1000;
			bank.clock += 2000;
			const asked = [bank.do("deposit", { id: "1", amount: 5 }, { deadline }), bank.do("deposit", { id: "1", amount: 7 })];
			const [late, next] = await Promise.allSettled(asked);
			expect(late).toMatchObject({ status: "rejected", reason: { code: "CALLER_GONE" } });
			expect(next).toMatchObject({ status: "fulfilled", value: { version: 2 } });
			expect(await bank.balance("1")).toBe(7);
		});
	});

	describe("whose store", () => {
		it("cannot be written fails all waiting commands, and works again later", async () => {
			await open("1", "2");
			log.script.push(...Array.from({ length: 12 }, (): Mishap => "rejected"));
			const asked = await Promise.allSettled(["1", "1", "2"].map((id) => bank.do("deposit", { id, amount: 1 }, { commandId: `to-${id}` })));
			expect(asked.map((result) => (result.status === "rejected" ? result.reason : result))).toEqual(
				Array.from({ length: 3 }, () => expect.any(StoreUnavailable)),
			);
			log.script.length = 0;
			expect(await bank.do("deposit", { id: "1", amount: 1 }, { commandId: "to-1" })).toMatchObject({ version: 2, replayed: false });
			expect(shelf.commits).toHaveLength(3);
		});

		it("cannot be read answers neither refusals nor asks, and works again later", async () => {
			await open("1");
			log.unreadable = 1;
			await expect(bank.refusal("withdraw", { id: "1", amount: 1 })).rejects.toBeInstanceOf(StoreUnavailable);
			log.unreadable = 1;
			await expect(bank.balance("1")).rejects.toBeInstanceOf(StoreUnavailable);
			expect(await bank.balance("1")).toBe(0);
			expect(await bank.refusal("withdraw", { id: "1", amount: 1 })).toBe("NOT_COVERED");
		});

		it("wrote, lost the answer, and cannot be read: a retry later gets the first answer", async () => {
			await open("1");
			log.script.push("lost");
			log.before = () => void (log.unreadable = 1);
			const command = { commandId: "pay", digest: "x" };
			await expect(bank.do("deposit", { id: "1", amount: 5 }, command)).rejects.toBeInstanceOf(StoreUnavailable);
			log.before = null;
			expect(await bank.do("deposit", { id: "1", amount: 5 }, command)).toMatchObject({ version: 2, position: "bank:0:2", replayed: true });
			expect(await bank.balance("1")).toBe(5);
		});

		it("fails repeatedly blocks no caller permanently, however many wait for one actor", async () => {
			log.unreadable = 4;
			const results = await Promise.allSettled(ids(6).map((amount) => bank.refusal("deposit", { id: "1", amount: Number(amount) })));
			expect(results.map(({ status }) => status)).toEqual([...Array.from({ length: 4 }, () => "rejected"), "fulfilled", "fulfilled"]);
		});

		it("has many pages of new commits is caught up with", async () => {
			await open("1", "2");
			shelf.commits.push(...things(10_500, shelf.tail));
			const [moved] = chainedAfter(shelf.tail, [
				{ stream: "account-1", version: 1, facts: [{ type: "account.deposited", data: { amount: 5 } }] },
			]);
			if (moved) shelf.commits.push(moved);
			const both = [bank.refusal("withdraw", { id: "1", amount: 5 }), bank.refusal("withdraw", { id: "2", amount: 5 })];
			expect(await Promise.all(both)).toEqual(["done", "NOT_COVERED"]);
		});

		it("shows a gap does not append after it", async () => {
			await open("1");
			const [, beyond] = things(2, shelf.tail);
			if (beyond) shelf.commits.push(beyond);
			await expect(bank.do("deposit", { id: "1", amount: 5 })).rejects.toThrow(/has a hole: 3 follows 1/);
			shelf.commits.pop();
			expect(await bank.do("deposit", { id: "1", amount: 5 })).toMatchObject({ version: 2 });
		});
	});
});
