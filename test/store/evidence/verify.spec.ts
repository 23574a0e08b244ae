/** Verify - every manipulation of a log outside the product is found, with its first position (DESIGN §3, LAW 5). */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { HeadChecks } from "../../../store/evidence/head-checks.ts";
import { signHead } from "../../../store/evidence/heads.ts";
import { chainedAfter, things } from "../../support/commits.ts";
import { ScriptedLog } from "../../support/scripted-log.ts";
import { AT, drafts, newKey, publicOf, Vault, verified } from "../../support/vault.ts";

let vault: Vault;
beforeEach(() => {
	vault = new Vault();
});
afterEach(() => vault.remove());

const swap = (a: number, b: number) =>
	vault.tamper((db) => {
		for (const [from, to] of [
			[a, -1],
			[b, a],
			[-1, b],
		])
			db.prepare("UPDATE log_radar_0 SET position = ? WHERE position = ?").run(to ?? 0, from ?? 0);
	});

describe("an unchanged log", () => {
	it("is valid, with every commit and every head", async () => {
		await vault.filled(1040, [999, 1040]);
		expect((await vault.verified()).end).toEqual({ log: "radar:0", verified: 1040, heads: 2, signed: 1040, findings: [] });
	});
	it("is valid when empty, and without any head", async () => {
		expect((await vault.verified()).end).toEqual({ log: "radar:0", verified: 0, heads: 0, signed: 0, findings: [] });
		await vault.filled(7);
		expect((await vault.verified()).end).toEqual({ log: "radar:0", verified: 7, heads: 0, signed: 0, findings: [] });
	});
	it("yields progress from the beginning to the tail", async () => {
		await vault.filled(2500);
		expect((await vault.verified()).progress).toEqual([0, 1000, 2000, 2500].map((position) => ({ log: "radar:0", position, tail: 2500 })));
	});
	it("is valid if a stream continues after more streams than are remembered", async () => {
		const log = new ScriptedLog(undefined, { name: "radar:0" });
		const many = Array.from({ length: 100_100 }, (_, i) => ({
			stream: i % 50_050 === 0 ? "radar-1" : `thing-${i}`,
			version: i === 50_050 ? 1 : 0,
		}));
		log.shelf.commits.push(
			...chainedAfter({ position: 0, hash: "" }, [...many, { stream: "radar-1", version: 2 }, { stream: "radar-2", version: 1 }]),
		);
		const { end } = await verified(log, publicOf());
		expect(end.findings.map(({ position, code }) => [position, code])).toEqual([[100_102, "WRONG_VERSION"]]); // radar-2 held nothing
	});
});

describe("a manipulated commit is reported:", () => {
	beforeEach(() => vault.filled(40, [10, 40]));

	it("one byte of its body", async () => {
		vault.rewrite(17, (body) => body.replace("happened", "happenee"), false);
		expect(await vault.found()).toEqual(["17 CHANGED_COMMIT"]);
	});
	it("one byte of the last body, which only its head distinguishes from a changed hash", async () => {
		vault.rewrite(40, (body) => body.replace("somebody", "somebodY"), false);
		expect(await vault.found()).toEqual(["40 CHANGED_COMMIT"]);
	});
	it.each([
		["version", "version = version + 1"],
		["stream", "stream = 'thing-1000'"],
	])("its %s", async (_what, change) => {
		vault.sql(`UPDATE log_radar_0 SET ${change} WHERE position = 17`);
		expect(await vault.found()).toEqual(["17 CHANGED_COMMIT"]);
	});
	it.each([17, 40])("its hash, at %d", async (position) => {
		vault.sql("UPDATE log_radar_0 SET hash = 'x' || substr(hash, 2) WHERE position = ?", position);
		expect(await vault.found()).toEqual([`${position} CHANGED_HASH`]);
	});
	it("the first one", async () => {
		vault.rewrite(1, (body) => `${body} `, false);
		expect(await vault.found()).toEqual(["1 CHANGED_COMMIT"]);
	});
	it("two of them, both reported", async () => {
		vault.rewrite(12, (body) => `${body} `, false);
		vault.rewrite(30, (body) => `${body} `, false);
		expect(await vault.found()).toEqual(["12 CHANGED_COMMIT", "30 CHANGED_COMMIT"]);
	});
	it.each([1, 17])("removed, at %d", async (position) => {
		vault.sql("DELETE FROM log_radar_0 WHERE position = ?", position);
		expect(await vault.found()).toEqual([`${position} MISSING_COMMIT`]);
	});
	it("removed, with the others renumbered to hide the gap", async () => {
		vault.sql("DELETE FROM log_radar_0 WHERE position = 17");
		for (let position = 18; position <= 40; position++)
			vault.sql("UPDATE log_radar_0 SET position = position - 1 WHERE position = ?", position);
		expect(await vault.found()).toEqual(["17 CHANGED_COMMIT", "40 TRUNCATED"]);
	});
	it.each([
		[17, 18],
		[11, 30],
		[1, 39],
		[20, 40],
	])("swapped with another: %d and %d", async (a, b) => {
		swap(a, b);
		const found = await vault.findings();
		expect(found[0]).toEqual({ log: "radar:0", position: a, code: "REORDERED_COMMIT", detail: `the commit that belongs here is at ${b}` });
		const [, ...more] = found;
		expect(more.every(({ code }) => code === "REORDERED_COMMIT" || code === "BROKEN_CHAIN")).toBe(true);
		if (b > a + 2) expect(more[0]).toMatchObject({ position: b, detail: `the commit that belongs here is at ${a}` });
	});
	it("moved behind the end", async () => {
		vault.sql("UPDATE log_radar_0 SET position = 50 WHERE position = 17");
		expect(await vault.findings()).toEqual([
			{ log: "radar:0", position: 17, code: "REORDERED_COMMIT", detail: "the commit that belongs here is at 50" },
			{ log: "radar:0", position: 41, code: "MISSING_COMMIT", detail: "there are no commits 41 to 49" },
		]);
	});
	it("moved before the beginning", async () => {
		vault.sql("UPDATE log_radar_0 SET position = 0 WHERE position = 40");
		expect(await vault.found()).toEqual(["0 MISPLACED_COMMIT", "40 TRUNCATED"]);
	});
	it("with a position that no store can return", async () => {
		vault.sql("UPDATE log_radar_0 SET version = 9223372036854775807 WHERE position = 17");
		const [first, ...more] = await vault.findings();
		expect([first?.position, first?.code, more]).toEqual([17, "UNREADABLE_COMMIT", []]);
	});
});

describe("an invalid commit with a valid chain and signature is reported:", () => {
	it.each([
		["not JSON", "{"],
		["a record without facts", '{"facts":3}'],
		["a record with zero facts", '{"facts":[]}'],
	])("its body is %s", async (_what, body) => {
		const log = await vault.log();
		await log.append(chainedAfter({ position: 0, hash: "" }, [...drafts(3), { stream: "thing-x", version: 0, body }]));
		expect(await vault.found()).toEqual(["4 UNREADABLE_COMMIT"]);
	});
	it.each([1, 3])("its stream held 2 facts, not %d", async (version) => {
		const log = await vault.log();
		const facts = [1, 2].map(() => ({ type: "thing.happened", data: {} }));
		await log.append(
			chainedAfter({ position: 0, hash: "" }, [
				{ stream: "thing-1", version: 0, facts },
				...things(3).slice(1),
				{ stream: "thing-1", version },
			]),
		);
		expect(await vault.found()).toEqual(["4 WRONG_VERSION"]);
	});
	it("its stream began only after it", async () => {
		const log = await vault.log();
		const streams = [
			{ stream: "thing-1", version: 0 },
			{ stream: "thing-2", version: 1 },
			{ stream: "thing-2", version: 0 },
		];
		await log.append(chainedAfter({ position: 0, hash: "" }, streams));
		expect((await vault.found())[0]).toBe("2 WRONG_VERSION");
	});
});

describe("only a signed head detects:", () => {
	it("a log truncated before a head", async () => {
		await vault.filled(40, [10, 30]);
		vault.sql("DELETE FROM log_radar_0 WHERE position > 29");
		expect((await vault.findings())[0]).toMatchObject({ position: 30, code: "TRUNCATED" });
		expect((await vault.findings())[0]?.detail).toContain("ends at 29");
	});
	it("no truncation after the last head, because those commits were not signed", async () => {
		await vault.filled(40, [10, 30]);
		vault.sql("DELETE FROM log_radar_0 WHERE position > 30");
		expect((await vault.verified()).end).toMatchObject({ verified: 30, signed: 30, findings: [] });
	});
	it("a log truncated together with its heads, by a head kept elsewhere", async () => {
		const commits = await vault.filled(40, [10, 30]);
		vault.sql("DELETE FROM log_radar_0 WHERE position > 20");
		vault.sql("DELETE FROM heads");
		expect(await vault.found()).toEqual([]);
		expect(await vault.found([vault.head(commits, 30)])).toEqual(["21 TRUNCATED"]);
	});
	it("a log that was removed completely", async () => {
		const commits = await vault.filled(40, [10, 30]);
		vault.sql("DELETE FROM log_radar_0");
		expect(await vault.found()).toEqual(["1 TRUNCATED"]);
		vault.sql("DELETE FROM heads");
		expect(await vault.found([vault.head(commits, 10)])).toEqual(["1 TRUNCATED"]);
	});
	it("a log rewritten from one commit on", async () => {
		await vault.filled(4040, [999, 1999, 2999, 4040]);
		vault.rewrite(1500, (body) => body.replace("somebody", "nobody"));
		const [first, ...more] = await vault.findings();
		expect([first?.position, first?.code, more]).toEqual([1999, "REWRITTEN", []]);
		expect(first?.detail).toContain("the head at 999 still fits");
		expect(first?.detail).toContain("(and 2 more)");
	});
	it("a log rewritten completely without its heads, by a head kept elsewhere", async () => {
		const commits = await vault.filled(40, [40]);
		vault.rewrite(1, (body) => body.replace("somebody", "nobody"));
		expect(await vault.found()).toEqual(["40 REWRITTEN"]);
		vault.sql("DELETE FROM heads");
		expect(await vault.found()).toEqual([]);
		expect(await vault.found([vault.head(commits, 33)])).toEqual(["33 REWRITTEN"]);
	});
	it("a rewritten log that was signed again with an unknown key", async () => {
		const commits = await vault.filled(40, [40]);
		vault.rewrite(20, (body) => body.replace("somebody", "nobody"));
		vault.sql("DELETE FROM heads");
		const log = await vault.log();
		const thief = newKey();
		const now = await log.read(0, 100);
		for (const position of [30, 40]) await log.keepHead(vault.head(now, position, thief));
		await log.keepHead({ ...vault.head(now, 35, thief), key: vault.key.id });
		expect(await vault.found()).toEqual(["35 BAD_SIGNATURE", "40 UNKNOWN_KEY"]);
		expect(await vault.found([vault.head(commits, 25)])).toEqual(["25 REWRITTEN", "35 BAD_SIGNATURE", "40 UNKNOWN_KEY"]);
	});
});

describe("a manipulated head is reported:", () => {
	it.each([
		["position", "position = 9", "9 BAD_SIGNATURE"],
		["position, to one beyond the end", "position = 900", "900 BAD_SIGNATURE"],
		["hash", "hash = 'x' || substr(hash, 2)", "10 BAD_SIGNATURE"],
		["time", "at = '2026-03-01T08:15:00.001Z'", "10 BAD_SIGNATURE"],
		["key", "key = '0123456789abcdef'", "10 UNKNOWN_KEY"],
		["signature", "signature = 'x' || substr(signature, 2)", "10 BAD_SIGNATURE"],
		["signature, in an unused bit", `signature = substr(signature, 1, 85) || char(unicode(substr(signature, 86)) + 1)`, "10 BAD_SIGNATURE"],
		["partition", "partition = 'radar:0' WHERE partition = 'other:0'", "20 BAD_SIGNATURE"],
	])("its %s", async (_what, change, finding) => {
		await vault.filled(40, [10]);
		const others = await vault.filled(20, [], "other");
		await (await vault.log("other")).keepHead(signHead("other:0", others[19] ?? { position: 0, hash: "" }, AT, vault.key));
		expect(await vault.found()).toEqual([]);
		vault.sql(`UPDATE heads SET ${change}${change.includes("WHERE") ? "" : " WHERE partition = 'radar:0'"}`);
		expect(await vault.found()).toEqual([finding]);
	});
	it("several of an unknown key, as one finding", async () => {
		const commits = await vault.filled(40, [40]);
		const stranger = newKey();
		const heads = [5, 6, 7].map((position) => vault.head(commits, position, stranger));
		const [first, ...more] = await vault.findings(heads);
		expect([first?.position, first?.code, more]).toEqual([5, "UNKNOWN_KEY", []]);
		expect(await vault.found(heads, publicOf(vault.key, stranger))).toEqual([]);
	});
	it("but a duplicate head is checked once", async () => {
		const commits = await vault.filled(40, [40]);
		const checks = new HeadChecks([vault.head(commits, 40), ...(await (await vault.log()).heads())], publicOf(vault.key));
		expect([checks.rest({ position: 40, hash: "" }), checks.checked]).toEqual([[], 1]);
	});
});

describe("a verification", () => {
	it("of an unreachable store fails, without findings", async () => {
		const log = new ScriptedLog();
		log.shelf.commits.push(...things(5));
		log.unreadable = 100;
		await expect(verified(log, publicOf())).rejects.toThrow("the store cannot be reached");
	});
	it("of a store that becomes unreachable fails, too", async () => {
		const log = new ScriptedLog();
		log.shelf.commits.push(...things(2500));
		const read = log.read.bind(log);
		log.read = (after, limit) => {
			if (after === 1000) log.unreadable = 1_000_000;
			return read(after, limit);
		};
		await expect(verified(log, publicOf())).rejects.toThrow("the store cannot be reached");
	});
	it("ends at the tail it began with", async () => {
		const log = new ScriptedLog(undefined, { name: "radar:0" });
		log.shelf.commits.push(...things(10));
		log.tail = () => Promise.resolve({ position: 7, hash: log.shelf.commits[6]?.hash ?? "" });
		const { progress, end } = await verified(log, publicOf());
		expect([progress.at(-1), end.verified]).toEqual([{ log: "radar:0", position: 7, tail: 7 }, 7]);
	});
	it("of a store that was briefly unreachable continues", async () => {
		const log = new ScriptedLog();
		log.shelf.commits.push(...things(5));
		const read = log.read.bind(log);
		let failures = 2; // the read before the first position, and the first page
		log.read = (after, limit) => (failures-- > 0 ? Promise.reject(new Error("away")) : read(after, limit));
		expect((await verified(log, publicOf())).end).toMatchObject({ verified: 5, findings: [] });
	});
	it("during appends and signatures finds nothing, and ends at the tail it began with", async () => {
		const log = await vault.log();
		const all = chainedAfter({ position: 0, hash: "" }, drafts(6000));
		await log.append(all.slice(0, 1000));
		let done = false;
		const ends: number[] = [];
		const verifying = (async () => {
			while (!done || ends.length < 3) {
				const { end } = await vault.verified();
				expect(end.findings).toEqual([]);
				ends.push(end.verified);
			}
		})();
		for (let i = 1000; i < 6000; i += 100) {
			await log.append(all.slice(i, i + 100));
			await log.keepHead(vault.head(all, i + 100));
		}
		done = true;
		await verifying;
		expect(ends[0]).toBeLessThan(6000);
		expect((await vault.verified()).end).toMatchObject({ verified: 6000, signed: 6000, findings: [] });
	});
});
