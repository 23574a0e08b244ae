/** WriterTrouble - a writer on a failing log: unaffected commands continue, others fail, and the writer notices when the log recovers. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Commit } from "../../../store/log.ts";
import { Bank } from "../../support/bank.ts";
import { chainedAfter } from "../../support/commits.ts";
import { type Mishap, ScriptedLog, Shelf } from "../../support/scripted-log.ts";

/** A log in which some streams cannot be read, and neither can queries that include them. */
class DamagedLog extends ScriptedLog {
	readonly damaged = new Set<string>();
	/** Whether a probe finds enough space. */
	roomy = true;
	probes = 0;

	override async streams(names: readonly string[], limit: number): Promise<Commit[]> {
		const found = await super.streams(names, limit);
		if (names.some((name) => this.damaged.has(name))) throw new Error("database disk image is malformed");
		return found;
	}
	async probe(): Promise<void> {
		this.probes++;
		if (!this.roomy) throw new Error("database or disk is full");
	}
}
const always = (mishap: Mishap): Mishap[] => Array.from({ length: 1000 }, () => mishap);

let log: DamagedLog;
let bank: Bank;
beforeEach(() => {
	log = new DamagedLog(new Shelf(), { readsFirst: true });
	bank = new Bank(log);
});
const open = (...names: readonly string[]) => Promise.all(names.map((id) => bank.do("open", { id, owner: "Ada" })));
const settled = (asked: readonly Promise<unknown>[]): Promise<string[]> =>
	Promise.all(
		asked.map((one) =>
			one.then(
				() => "done",
				(error: Error) => error.message,
			),
		),
	);
const accounts = ["1", "2", "3", "4", "5", "6", "7"];

describe("a log with one unreadable stream", () => {
	beforeEach(async () => {
		await open(...accounts);
		bank.actors.clear();
		log.damaged.add("account-3");
	});

	it("fails only the commands of that actor, and names it", async () => {
		const told = await settled(accounts.map((id) => bank.do("deposit", { id, amount: 1 })));
		expect(told).toEqual(accounts.map((id) => (id === "3" ? "account-3 cannot be read: database disk image is malformed" : "done")));
		expect([...bank.writer.figures.unreadable.keys()]).toEqual(["account-3"]);
		expect(bank.writer.figures.failing).toEqual({ append: null, read: null });
	});

	it("is never treated as one without that stream", async () => {
		expect(await settled([bank.do("open", { id: "3", owner: "Bob" })])).toEqual([expect.stringMatching(/cannot be read/)]);
		expect(log.shelf.commits).toHaveLength(accounts.length);
	});

	it("no longer reports it once it can be read", async () => {
		await settled([bank.do("deposit", { id: "3", amount: 1 })]);
		log.damaged.clear();
		await bank.do("deposit", { id: "3", amount: 1 });
		expect(bank.writer.figures.unreadable.size).toBe(0);
	});

	it("is distinguished from a log that cannot be read at all", async () => {
		log.unreadable = 2; // the streams, and the tail that distinguishes the two cases
		expect(await settled([bank.do("deposit", { id: "1", amount: 1 })])).toEqual([expect.stringMatching(/^bank:0 cannot be read/)]);
		expect(bank.writer.figures.unreadable.size).toBe(0);
	});
});

it("a stream that cannot be decoded fails only its own commands, with an error that is not retryable", async () => {
	await open("1");
	log.shelf.put(
		chainedAfter(log.shelf.tail, [
			{ stream: "account-2", version: 0, facts: [{ type: "account.sung", data: {} }] },
			{ stream: "account-3", version: 0, body: "{'facts'" },
		]),
	);
	const asked = await Promise.allSettled(["1", "2", "3"].map((id) => bank.do("deposit", { id, amount: 1 })));
	expect(asked.map((one) => (one.status === "fulfilled" ? "done" : [one.reason.code, one.reason.message]))).toEqual([
		"done",
		["STREAM_UNREADABLE", "account-2 cannot be read: account does not know the fact account.sung"],
		["STREAM_UNREADABLE", "account-3, at position 3, cannot be read: its text is not JSON"],
	]);
});

describe("a log that can be read but not written", () => {
	it("fails waiting commands although their consults of the same log succeed", async () => {
		await open("1");
		log.appends.length = 0;
		log.script.push(...always("rejected"));
		const consulting = async () => bank.balance("1");
		expect(await settled([bank.do("openAtRate", { id: "2", owner: "Ada" }, {}, consulting)])).toEqual([
			expect.stringMatching(/cannot be written/),
		]);
		expect(log.appends).toHaveLength(5);
	});

	it("fails the next command at the first failure", async () => {
		log.script.push(...always("rejected"));
		await settled([bank.do("open", { id: "1", owner: "Ada" })]);
		log.appends.length = 0;
		await settled([bank.do("open", { id: "2", owner: "Ada" })]);
		expect(log.appends).toHaveLength(1);
	});
});

describe("a probe of the writer", () => {
	const failed = async (): Promise<void> => {
		log.script.push(...Array.from({ length: 5 }, (): Mishap => "rejected"));
		await settled([bank.do("open", { id: "1", owner: "Ada" })]);
		await bank.writer.drained();
	};

	it("does nothing without a failure, unless forced", async () => {
		await bank.writer.probe();
		expect(log.probes).toBe(0);
		await bank.writer.probe(true);
		expect(log.probes).toBe(1);
	});

	it("fails while the disk is full, and succeeds once there is space, without a command", async () => {
		await failed();
		log.roomy = false;
		await bank.writer.probe();
		expect(bank.writer.figures.failing.append?.reason).toBe("database or disk is full");
		log.roomy = true;
		await bank.writer.probe();
		expect(bank.writer.figures.failing).toEqual({ append: null, read: null });
		expect(log.shelf.commits).toEqual([]);
	});

	it("succeeds once the log can be read, if reading had failed", async () => {
		log.unreadable = 2;
		await settled([bank.do("open", { id: "1", owner: "Ada" })]);
		await bank.writer.drained();
		expect(bank.writer.figures.failing.read).not.toBeNull();
		await bank.writer.probe();
		expect(bank.writer.figures.failing.read).not.toBeNull(); // the second read failed too
		await bank.writer.probe();
		expect(bank.writer.figures.failing.read).toBeNull();
	});

	it("does nothing while the writer is busy", async () => {
		await failed();
		const release = log.hold();
		const asked = open("2");
		await bank.writer.probe();
		expect(log.probes).toBe(0);
		release();
		await asked;
	});
});
