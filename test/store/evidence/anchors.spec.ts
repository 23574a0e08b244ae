/** Anchors - heads outside the database detect a log that was truncated, rewritten or stripped of its heads. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Anchors, anchorsIn, LogAltered } from "../../../store/evidence/anchors.ts";
import { signHead } from "../../../store/evidence/heads.ts";
import { Folder } from "../../support/folder.ts";
import { chainedAfter, EMPTY, tailOf, things } from "../../support/commits.ts";
import { MemoryLogStore } from "../../support/places.ts";
import { AT, newKey, publicOf, verified } from "../../support/vault.ts";

const key = newKey();
const keys = publicOf(key);
let folder: Folder;
let failures: string[];
beforeEach(() => {
	folder = new Folder();
	failures = [];
});
afterEach(() => folder.remove());
const anchored = (): Anchors => new Anchors(folder.file("heads"), (reason) => failures.push(reason));
const head = (position: number, partition = "shop:0", hash = "h".repeat(43)) => signHead(partition, { position, hash }, AT, key);

describe("anchors", () => {
	it("are written atomically, only the newest of each partition, and readable only by the owner", async () => {
		const anchors = anchored();
		for (const position of [1, 5, 3]) anchors.keep(head(position));
		anchors.keep(head(2, "bank:11"));
		await anchors.settled();
		expect(readdirSync(folder.file("heads")).toSorted()).toEqual(["bank.11.head", "shop.0.head"]);
		expect(anchorsIn(folder.file("heads")).map(({ partition, position }) => [partition, position])).toEqual([
			["bank:11", 2],
			["shop:0", 5],
		]);
		expect(anchored().of("shop:0")).toEqual(head(5));
		expect([statSync(folder.file("heads")).mode & 0o777, statSync(folder.file("heads/shop.0.head")).mode & 0o777]).toEqual([0o700, 0o600]);
	});

	it("that cannot be written are reported once, and retried with the next head", async () => {
		writeFileSync(folder.file("heads"), "a file where the folder should be");
		const anchors = new Anchors(folder.file("heads/in"), (reason) => failures.push(reason));
		for (const position of [1, 2]) {
			anchors.keep(head(position));
			await anchors.settled();
		}
		expect(failures).toEqual([expect.stringContaining("ENOTDIR")]);
	});

	it.each([
		["is empty", () => ""],
		["holds the head of another partition", (text: string) => text.replaceAll("shop:0", "shop:1")],
		["was cut", (text: string) => text.slice(0, text.length / 2)],
	])("are refused if the file %s", async (_what, changed) => {
		const anchors = anchored();
		anchors.keep(head(1));
		await anchors.settled();
		const file = folder.file("heads/shop.0.head");
		writeFileSync(file, changed(readFileSync(file, "utf8")));
		expect(anchored).toThrow(LogAltered);
	});

	it("are empty without a folder", () => {
		expect(anchored().all).toEqual([]);
		mkdirSync(folder.file("heads"));
		expect(anchored().all).toEqual([]);
	});
});

describe("a log with a head outside the database", () => {
	let store: MemoryLogStore;
	let anchors: Anchors;
	const commits = things(10);
	beforeEach(async () => {
		store = new MemoryLogStore();
		const [log] = await store.open("shop");
		log?.shelf.put(commits);
		const signed = signHead("shop:0", commits[7] ?? EMPTY, AT, key);
		await log?.keepHead(signed);
		anchors = anchored();
		anchors.keep(signed);
	});
	const logOf = () => store.logs.get("shop")?.[0] ?? never();
	const refusal = () =>
		anchors.assertHeld(store, keys).then(
			() => "fine",
			(error: Error) => error.message.replace(/\. Put back.*/, ""),
		);
	const findings = async () => {
		const { end } = await verified(logOf(), keys, [], anchors.of("shop:0"));
		return end.findings.map(({ position, code }) => `${code} ${position}`);
	};

	it("passes unchanged, and after it has grown", async () => {
		expect([await refusal(), await findings()]).toEqual(["fine", []]);
		logOf().shelf.put(things(5, tailOf(commits)));
		expect([await refusal(), await findings()]).toEqual(["fine", []]);
	});

	it.each<[string, () => void, string, readonly string[]]>([
		[
			"whose heads were removed",
			() => logOf().shelf.heads.splice(0),
			`shop:0 holds no valid head, though one was signed at ${AT}`,
			["UNSIGNED 8"],
		],
		[
			"whose heads have an unknown key",
			() => logOf().shelf.heads.splice(0, 1, signHead("shop:0", commits[7] ?? EMPTY, AT, newKey())),
			`shop:0 holds no valid head, though one was signed at ${AT}`,
			["UNKNOWN_KEY 8", "UNSIGNED 8"],
		],
		["that was truncated", () => logOf().shelf.commits.splice(5), `shop:0 does not hold 8, which was signed at ${AT}`, ["TRUNCATED 6"]],
		[
			"that was rewritten with a new chain and stripped of its heads",
			() => {
				logOf().shelf.commits.splice(
					0,
					10,
					...chainedAfter(
						EMPTY,
						commits.map(({ stream, version }) => ({ stream, version, commandId: "forged" })),
					),
				);
				logOf().shelf.heads.splice(0);
			},
			`shop:0:8 is not the commit that was signed at ${AT}`,
			["REWRITTEN 8", "UNSIGNED 8"],
		],
		["that is missing", () => store.logs.clear(), `there is no shop:0, of which 8 commits were signed at ${AT}`, []],
	])("%s does not pass", async (_what, change, reason, found) => {
		change();
		expect(await refusal()).toBe(`the log is not what was signed: ${reason}`);
		if (store.logs.size > 0) expect((await findings()).toSorted()).toEqual(found);
	});

	it("does not pass if the key of the outside head is unknown", async () => {
		const other = publicOf(newKey());
		await expect(anchors.assertHeld(store, other)).rejects.toThrow(
			"the head of shop:0 kept outside the database is not signed by a key known here",
		);
	});
});

function never(): never {
	throw new Error("the log was opened");
}
