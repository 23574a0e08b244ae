/** Troubles - a lasting problem is logged once when it begins and once when it is over. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Storage } from "../../../mixins/logs/storage.ts";
import { ContextLog } from "../../../mixins/logs/context-log.ts";
import { Troubles } from "../../../mixins/monitoring/troubles.ts";
import { StoreUnavailable, StreamUnreadable } from "../../../store/log.ts";
import { ScriptedLog } from "../../support/scripted-log.ts";
import { tailOf, EMPTY } from "../../support/commits.ts";

const FULL = new StoreUnavailable("events.db: database or disk is full");

describe("a node in trouble", () => {
	let log: ScriptedLog & { probe?: () => Promise<void> };
	let context: ContextLog;
	let damage: string[];
	let said: string[];
	let troubles: Troubles;
	beforeEach(() => {
		log = new ScriptedLog();
		context = new ContextLog([log]);
		[damage, said] = [[], []];
		const storage: Pick<Storage, "contexts" | "damage"> = { contexts: async () => [context], damage };
		troubles = new Troubles(storage, { error: (line) => said.push(`! ${line}`), warn: (line) => said.push(line) });
	});
	const figures = () => context.writers[0]?.figures;
	const look = async (): Promise<string[]> => {
		await troubles.look();
		return said.splice(0);
	};

	it("logs nothing without a problem", async () => {
		expect([await look(), await look()]).toEqual([[], []]);
	});

	it("logs once that a log cannot be written, and why, and once that it is over, without a command", async () => {
		let full = true;
		log.probe = () => (full ? Promise.reject(FULL) : Promise.resolve());
		expect(await look()).toEqual(["! bank:0 cannot be written: events.db: database or disk is full"]); // since the start
		expect(await look()).toEqual([]);
		full = false;
		expect(await look()).toEqual(["It is over: bank:0 cannot be written"]);
		expect(await look()).toEqual([]);
		full = true;
		expect(await look()).toEqual([]); // a log without a problem is not probed
		figures()?.gaveUp(FULL);
		expect(await look()).toEqual(["! bank:0 cannot be written: events.db: database or disk is full"]);
	});

	it("logs each unreadable stream", async () => {
		figures()?.lost("account-1", new StreamUnreadable("account-1", new Error("its text is not JSON")));
		figures()?.lost("account-2", FULL);
		expect(await look()).toEqual([
			"! bank:0 has something unreadable, account-1: account-1 cannot be read: its text is not JSON",
			"! bank:0 has something unreadable, account-2: events.db: database or disk is full",
		]);
		figures()?.unreadable.delete("account-2");
		expect(await look()).toEqual(["It is over: bank:0 has something unreadable, account-2"]);
	});

	it("logs each damaged file", async () => {
		damage.push("events.db: database disk image is malformed", "rows.db: a row is not JSON");
		expect(await look()).toEqual([
			"! what is stored is damaged, events.db: events.db: database disk image is malformed",
			"! what is stored is damaged, rows.db: rows.db: a row is not JSON",
		]);
		expect(await look()).toEqual([]);
	});

	it("logs a follower from its fifth consecutive failure on", async () => {
		const follower = context.follow(log, "accounts", { from: EMPTY, take: async (commits) => tailOf(commits) });
		follower.trouble = { times: 4, reason: "rows.db: disk I/O error" };
		expect(await look()).toEqual([]);
		follower.trouble = { times: 5, reason: "rows.db: disk I/O error" };
		expect(await look()).toEqual(["! accounts cannot go on in bank:0: after 0: rows.db: disk I/O error"]);
		follower.trouble = null;
		expect(await look()).toEqual(["It is over: accounts cannot go on in bank:0"]);
		await context.unfollow(follower);
	});
});
