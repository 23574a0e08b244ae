/** WriterFigures - the figures of a writer count its commits, facts, batches, overtaken batches, retries and failures. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Bank } from "../../support/bank.ts";
import { type Mishap, ScriptedLog, Shelf } from "../../support/scripted-log.ts";

describe("a writer's figures", () => {
	let log: ScriptedLog;
	let bank: Bank;
	/** Another process on the same log. */
	let other: Bank;
	beforeEach(() => {
		const shelf = new Shelf();
		log = new ScriptedLog(shelf);
		bank = new Bank(log);
		other = new Bank(new ScriptedLog(shelf));
	});
	const open = (by: Bank, ...names: readonly string[]) => Promise.all(names.map((id) => by.do("open", { id, owner: "Ada" })));
	const figures = () => bank.writer.figures;

	it("are zero at first", () => {
		const { batches, seconds, facts, overtaken, missed, retried, failures, failing } = figures();
		expect([batches.count, seconds.count, facts, overtaken, missed, retried]).toEqual([0, 0, 0, 0, 0, 0]);
		expect([failures, failing, bank.writer.waiting]).toEqual([{ append: 0, read: 0 }, { append: null, read: null }, 0]);
	});

	it("count every append, the commits in it and the facts in them", async () => {
		await open(bank, "1", "2", "3");
		await bank.do("deposit", { id: "1", amount: 5 });
		await bank.do("close", { id: "1" }); // two facts
		const { batches, seconds, facts } = figures();
		expect([batches.count, batches.sum, seconds.count, facts]).toEqual([3, 5, 3, 6]);
		expect(batches.cumulative().slice(0, 3)).toEqual([2, 2, 3]); // 1, 2, 5 commits at most
	});

	it("count nothing for commands that write nothing", async () => {
		await open(bank, "1");
		await bank.refusal("withdraw", { id: "1", amount: 1 });
		await bank.balance("1");
		await bank.do("deposit", { id: "1", amount: 0 });
		expect([figures().batches.count, figures().seconds.count, figures().retried]).toEqual([1, 1, 0]);
	});

	it("give the duration of each append in seconds", async () => {
		let clock = 1000;
		const timed = new Bank(log, 1000, () => clock);
		log.before = () => (clock += 250);
		await open(timed, "1");
		await open(timed, "2");
		expect([timed.writer.figures.seconds.count, timed.writer.figures.seconds.sum]).toEqual([2, 0.5]);
	});

	it("count an overtaken batch once, the missed commits, and each command decided again", async () => {
		await open(bank, "1", "2");
		await open(other, "3");
		await other.do("deposit", { id: "1", amount: 5 });
		await Promise.all([bank.do("deposit", { id: "1", amount: 1 }), bank.do("deposit", { id: "2", amount: 1 })]);
		const { overtaken, missed, retried, failures, batches } = figures();
		expect([overtaken, missed, retried, batches.sum]).toEqual([1, 2, 2, 4]);
		expect(failures).toEqual({ append: 0, read: 0 });
	});

	it("count commands decided again for the same reason, whether they write or not", async () => {
		await open(bank, "1", "2");
		await open(other, "3");
		await Promise.all([bank.refusal("withdraw", { id: "1", amount: 1 }), bank.do("deposit", { id: "2", amount: 1 })]);
		expect([figures().overtaken, figures().retried]).toEqual([1, 2]);
	});

	it.each<[Mishap, number, number]>([
		["rejected", 1, 1],
		["late", 1, 1],
		["lost", 1, 0], // stored: nothing is decided again
		["false", 0, 1], // a refusal of the store is not a failure
	])("report an append that was %s: %d failures, %d decided again, then success", async (mishap, failed, retried) => {
		log.script.push(mishap);
		await open(bank, "1");
		await open(bank, "2");
		const { failures, failing, batches, ...rest } = figures();
		expect([failures, rest.retried, batches.sum]).toEqual([{ append: failed, read: 0 }, retried, 2]);
		expect(failing).toEqual({ append: null, read: null });
	});

	it("report in one line why the log cannot be written, until it can", async () => {
		log.script.push(...Array.from({ length: 5 }, (): Mishap => "rejected"));
		await expect(open(bank, "1")).rejects.toThrow(/cannot be written/);
		expect(figures().failures).toEqual({ append: 5, read: 0 });
		expect(figures().retried).toBe(4);
		expect(figures().failing).toEqual({ append: { reason: "the store did not answer", at: expect.any(Number) }, read: null });
		await bank.balance("1"); // a successful read does not prove writes
		expect(figures().failing.append).not.toBeNull();
		await open(bank, "1");
		expect(figures().failing.append).toBeNull();
	});

	it("report a log that always refuses without a reason as one that cannot be written", async () => {
		log.script.push(...Array.from({ length: 5 }, (): Mishap => "false"));
		const existing = new Bank(log);
		await open(existing, "1"); // after the first refusal the stream may exist, so it is read before the retry
		expect(existing.writer.figures.failing.append).toBeNull();
		log.script.length = 0;
		log.script.push(...Array.from({ length: 5 }, (): Mishap => "false"));
		await expect(existing.do("deposit", { id: "1", amount: 1 })).rejects.toThrow(/cannot be written/);
		expect(existing.writer.figures.failing.append?.reason).toBe("refused without a reason");
	});

	it("report in one line why the log cannot be read, until it can", async () => {
		await open(bank, "1");
		log.unreadable = 1;
		await expect(bank.balance("1")).rejects.toThrow(/cannot be read/);
		expect([figures().failures, figures().failing.read?.reason]).toEqual([{ append: 0, read: 1 }, "the store cannot be reached"]);
		await bank.balance("1");
		await bank.writer.drained();
		expect(figures().failing.read).toBeNull();
	});

	it("count the waiting commands during a write", async () => {
		const release = log.hold();
		const first = open(bank, "0");
		while (log.appends.length === 0) await new Promise((resolve) => setImmediate(resolve));
		const rest = open(bank, "1", "2", "3");
		expect(bank.writer.waiting).toBe(3);
		release();
		await Promise.all([first, rest]);
		expect(bank.writer.waiting).toBe(0);
	});
});

describe("the figures of the actors", () => {
	let bank: Bank;
	beforeEach(() => {
		bank = new Bank(new ScriptedLog());
	});

	it("count the outcome of each command", async () => {
		await bank.do("open", { id: "1", owner: "Ada" }, { commandId: "a" });
		await bank.do("open", { id: "1", owner: "Ada" }, { commandId: "a" }); // again
		await bank.do("open", { id: "1", owner: "Ada" }); // already fulfilled
		await bank.refusal("open", { id: "1", owner: "Bob" });
		await bank.refusal("withdraw", { id: "1", amount: 1 });
		await bank.refusal("withdraw", { id: "1", amount: 2 });
		await expect(bank.do("crash", { id: "1" })).rejects.toThrow("a bug in a decision");
		await bank.balance("1"); // an ask is not a command
		expect(bank.actors.commands).toEqual({ written: 1, unchanged: 2, failed: 1 });
		expect(Object.fromEntries(bank.actors.refusals)).toEqual({ ACCOUNT_ALREADY_EXISTS: 1, NOT_COVERED: 2 });
	});

	it("count actors found in memory, actors read, and new actors", async () => {
		await bank.do("open", { id: "1", owner: "Ada" }); // decided without a read
		expect(bank.actors.cache).toEqual({ hits: 0, misses: 0, blank: 0 });
		await bank.balance("1");
		expect(bank.actors.cache).toEqual({ hits: 1, misses: 0, blank: 0 });
		bank.actors.evict("account-1");
		await bank.balance("1");
		expect(bank.actors.cache).toEqual({ hits: 1, misses: 1, blank: 0 });
		await bank.balance("nobody");
		expect(bank.actors.cache).toEqual({ hits: 1, misses: 1, blank: 1 });
	});
});
