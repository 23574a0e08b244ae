/** StreamReader - a long stream is read over several turns, does not delay other streams, and is not read again. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Bank } from "../support/bank.ts";
import { chainedAfter, EMPTY, tailOf } from "../support/commits.ts";
import { ScriptedLog, Shelf } from "../support/scripted-log.ts";

const LONG = 9000;
const opened = (stream: string, owner: string) => ({ stream, version: 0, facts: [{ type: "account.opened", data: { owner } }] });
const deposited = (stream: string, version: number) => ({
	stream,
	version,
	facts: [{ type: "account.deposited", data: { amount: 1 } }],
	commandId: `deposit-${version}`,
});

/** Records the number of commits that each read returned. */
class CountingLog extends ScriptedLog {
	readonly given: number[] = [];
	override async streams(names: readonly string[], limit: number) {
		const found = await super.streams(names, limit);
		this.given.push(found.length);
		return found;
	}
	override async stream(name: string, from: number, limit: number) {
		const found = await super.stream(name, from, limit);
		this.given.push(found.length);
		return found;
	}
}

describe("an actor with a long stream", () => {
	const shelf = new Shelf();
	shelf.commits.push(
		...chainedAfter(EMPTY, [
			opened("account-long", "Ada"),
			...Array.from({ length: LONG }, (_, n) => deposited("account-long", n + 1)),
			opened("account-short", "Bob"),
		]),
	);
	let log: CountingLog;
	let bank: Bank;
	beforeEach(() => {
		const copy = new Shelf();
		copy.commits.push(...shelf.commits);
		log = new CountingLog(copy, { readsFirst: true });
		bank = new Bank(log);
	});

	it("is read in pages, each commit once", async () => {
		expect(await bank.balance("long")).toBe(LONG);
		expect(Math.max(...log.given)).toBeLessThanOrEqual(2000);
		expect(log.given.reduce((sum, count) => sum + count, 0)).toBe(LONG + 1);
	});

	it("does not delay others", async () => {
		const order: string[] = [];
		const asked = [
			bank.do("deposit", { id: "long", amount: 1 }).then(() => order.push("long")),
			...[1, 2, 3].map((n) => bank.do("deposit", { id: "short", amount: n }).then(() => order.push("short"))),
			bank.do("open", { id: "new", owner: "Cid" }).then(() => order.push("new")),
		];
		await Promise.all(asked);
		expect(order.at(-1)).toBe("long");
		expect(await Promise.all(["long", "short", "new"].map((id) => bank.balance(id)))).toEqual([LONG + 1, 6, 0]);
	});

	it("is read from its known version after another node wrote to it", async () => {
		await bank.balance("long");
		log.given.length = 0;
		log.shelf.put(chainedAfter(tailOf(log.shelf.commits), [deposited("account-long", LONG + 1)]));
		expect(await bank.do("deposit", { id: "long", amount: 1 })).toMatchObject({ version: LONG + 3 });
		expect(await bank.balance("long")).toBe(LONG + 2);
		expect(log.given).toEqual([1]);
	});

	it("can be written by another node while it is read", async () => {
		const asked = bank.do("withdraw", { id: "long", amount: LONG + 1 });
		log.before = () => {
			log.before = null;
			log.shelf.put(chainedAfter(tailOf(log.shelf.commits), [deposited("account-long", LONG + 1)]));
		};
		await bank.do("deposit", { id: "short", amount: 1 });
		expect(await asked).toMatchObject({ version: LONG + 3 });
	});

	it("with inconsistent versions cannot be read", async () => {
		log.shelf.commits.splice(5000, 1);
		await expect(bank.balance("long")).rejects.toThrow("account-long, at position 5002, cannot be read: it follows version 5000");
	});
});
