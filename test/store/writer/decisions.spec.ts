/** Decisions - consults are repeated whenever a decision is repeated, and a failing decision affects no other. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Consulting } from "../../../mixins/actors/envelope.ts";
import { refuse, unknownCode } from "../../../model/index.ts";
import { decode } from "../../../store/codec.ts";
import { Bank } from "../../support/bank.ts";
import { chainedAfter, things } from "../../support/commits.ts";
import { ScriptedLog, Shelf } from "../../support/scripted-log.ts";
import { turns } from "../../support/turns.ts";

describe("a decision", () => {
	let shelf: Shelf;
	let log: ScriptedLog;
	let bank: Bank;
	beforeEach(() => {
		shelf = new Shelf();
		log = new ScriptedLog(shelf);
		bank = new Bank(log);
	});
	/** Answers 1, 2, 3 ... in order. */
	const rising = (): { readonly asked: object[]; readonly consulting: Consulting } => {
		const asked: object[] = [];
		return { asked, consulting: async (ask, params) => asked.push({ ask, params }) };
	};
	const rateOf = (position: number) => decode(shelf.commits[position - 1] ?? things(1)[0] ?? fail()).facts[0]?.data;
	const fail = (): never => {
		throw new Error("there is no such commit");
	};

	it("receives the answer of the other actor", async () => {
		const { asked, consulting } = rising();
		await bank.do("openAtRate", { id: "1", owner: "Ada" }, {}, consulting);
		expect(asked).toEqual([{ ask: "bank.rate", params: { id: "Ada" } }]);
		expect(rateOf(1)).toEqual({ owner: "Ada", rate: 1 });
	});

	it("that was overtaken consults again, and uses the later answer", async () => {
		const { asked, consulting } = rising();
		log.before = () => {
			log.before = null;
			shelf.put(things(1, shelf.tail));
		};
		await bank.do("openAtRate", { id: "1", owner: "Ada" }, {}, consulting);
		expect(asked).toHaveLength(2);
		expect(rateOf(2)).toEqual({ owner: "Ada", rate: 2 });
	});

	it("is a refusal if the other actor refused, except for a repeated command or an existing account", async () => {
		const no: Consulting = async () => refuse(unknownCode("rate"), "There is no such rate");
		const { consulting } = rising();
		const key = { commandId: "key", digest: "x" };
		expect(await bank.ask("openAtRate", { id: "1", owner: "Ada" }, {}, no)).toMatchObject({ code: "RATE_UNKNOWN" });
		await bank.do("openAtRate", { id: "1", owner: "Ada" }, key, consulting);
		expect(await bank.ask("openAtRate", { id: "1", owner: "Ada" }, key, no)).toMatchObject({ replayed: true });
		expect(await bank.ask("openAtRate", { id: "1", owner: "Ada" }, {}, no)).toMatchObject({ code: "ACCOUNT_ALREADY_EXISTS" });
	});

	it("can still succeed if the refusal of the other actor was overtaken", async () => {
		let asked = 0;
		const consulting: Consulting = async () => (++asked === 1 ? refuse(unknownCode("rate"), "There is no such rate") : 7);
		await bank.balance("1");
		shelf.put(things(1, shelf.tail)); // not visible until the refusal is proven
		expect(await bank.do("openAtRate", { id: "1", owner: "Ada" }, {}, consulting)).toMatchObject({ version: 1 });
		expect(rateOf(2)).toEqual({ owner: "Ada", rate: 7 });
	});

	it("fails while the other actor cannot be consulted, and the next command of the same actor succeeds", async () => {
		const asked = [
			bank.do("openAtRate", { id: "1", owner: "Ada" }, {}, () => Promise.reject(new Error("no actor answers"))),
			bank.do("open", { id: "1", owner: "Ada" }),
		];
		const [failed, next] = await Promise.allSettled(asked);
		expect(failed).toMatchObject({ status: "rejected", reason: { message: "no actor answers" } });
		expect(next).toMatchObject({ status: "fulfilled", value: { version: 1 } });
	});

	it("that throws fails only its own command, with its own error", async () => {
		await Promise.all(["1", "2"].map((id) => bank.do("open", { id, owner: "Ada" })));
		const asked = [bank.do("deposit", { id: "1", amount: 5 }), bank.do("crash", { id: "2" }), bank.do("deposit", { id: "2", amount: 7 })];
		const [before, crashed, behind] = await Promise.allSettled(asked);
		expect(crashed).toMatchObject({ status: "rejected", reason: { message: "a bug in a decision" } });
		expect([before, behind]).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
		expect([await bank.balance("1"), await bank.balance("2")]).toEqual([5, 7]);
	});

	it("on an unreadable stream fails alone", async () => {
		await bank.do("open", { id: "1", owner: "Ada" });
		shelf.put(chainedAfter(shelf.tail, [{ stream: "account-2", version: 0, facts: [{ type: "account.inherited", data: {} }] }]));
		const asked = [bank.do("deposit", { id: "1", amount: 5 }), bank.do("deposit", { id: "2", amount: 5 })];
		const [sound, lost] = await Promise.allSettled(asked);
		expect(lost).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("account.inherited") } });
		expect(sound).toMatchObject({ status: "fulfilled", value: { version: 2 } });
	});

	it("and an ask on an unreadable stream fail once, without retries", async () => {
		shelf.put(chainedAfter(shelf.tail, [{ stream: "account-2", version: 0, facts: [{ type: "account.inherited", data: {} }] }]));
		await expect(bank.balance("2")).rejects.toThrow("account.inherited");
		const reads = log.streamReads.length;
		await turns();
		const later = log.streamReads.length;
		shelf.commits.length = 0; // lets a retry loop end
		expect(later).toBe(reads);
	});

	it("sees an immutable state", async () => {
		await bank.do("open", { id: "1", owner: "Ada" });
		const state = bank.actors.get("account-1")?.state;
		expect(Object.isFrozen(state)).toBe(true);
	});

	it("does not fail because of an ask that throws in the same batch", async () => {
		await bank.do("open", { id: "1", owner: "Ada" });
		const broken = bank.actors.ask("1", () => {
			throw new Error("a bug in an answer");
		});
		const [answer, done] = await Promise.allSettled([broken, bank.do("deposit", { id: "1", amount: 5 })]);
		expect(answer).toMatchObject({ status: "rejected", reason: { message: "a bug in an answer" } });
		expect(done).toMatchObject({ status: "fulfilled" });
	});
});
