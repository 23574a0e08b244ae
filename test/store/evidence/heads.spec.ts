/** Heads - a head proves exactly its signed content, and its text form is read back unchanged (DESIGN §3, LAW 5). */
import { describe, expect, it } from "@jest/globals";
import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import fc from "fast-check";
import {
	doubtOf,
	HeadsUnreadable,
	headsText,
	keyId,
	newestOf,
	parseHeads,
	publicKeyOf,
	published,
	signHead,
} from "../../../store/evidence/heads.ts";
import type { Head } from "../../../store/log.ts";
import { AT, newKey, publicOf } from "../../support/vault.ts";

const key = newKey();
const other = newKey();
const hash = createHash("sha256").update("x").digest("base64url");
const head = (position = 12, by = key, partition = "radar:0"): Head => signHead(partition, { position, hash }, AT, by);
const exported = (...keys: readonly (typeof key)[]) => [...publicOf(...keys)].map(published);

describe("a head", () => {
	it("is valid if signed by a known key", () => {
		expect(doubtOf(head(), publicOf(key))).toBeNull();
		expect(doubtOf(head(), publicOf(other, key))).toBeNull();
		expect(doubtOf(head(), publicOf(other))).toBe("UNKNOWN_KEY");
		expect(doubtOf({ ...head(), key: other.id }, publicOf(key, other))).toBe("BAD_SIGNATURE");
	});
	it.each([
		["partition", { partition: "radar:1" }],
		["position", { position: 13 }],
		["hash", { hash: hash.replace(/./, "_") }],
		["time", { at: "2026-03-01T08:15:00.001Z" }],
		["signature", { signature: "A".repeat(86) }],
	])("is not valid with another %s", (_what, change) => expect(doubtOf({ ...head(), ...change }, publicOf(key))).toBe("BAD_SIGNATURE"));
	it("is unambiguous: no part can be read as two", () => {
		const { signature, ...rest } = head();
		const two = { ...rest, hash: `${rest.hash}\n${rest.at}`, at: "", signature };
		expect(doubtOf(two, publicOf(key))).toBe("BAD_SIGNATURE");
	});
	it("can be checked without the product's code", () => {
		const { partition, position, at, key: id, signature } = head();
		const [one] = exported(key);
		const spki = Buffer.from(one?.publicKey ?? "", "base64");
		expect(createHash("sha256").update(spki).digest("hex").slice(0, 16)).toBe(id);
		const signed = `vigie-head 1\n${partition}\n${position}\n${hash}\n${at}\n${id}`;
		const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
		expect(verify(null, Buffer.from(signed), publicKey, Buffer.from(signature, "base64url"))).toBe(true);
	});
	it("is the newest if no higher one is valid", () => {
		const heads = [head(3), head(7), { ...head(8), position: 9 }, head(12, other)];
		expect(newestOf(heads, publicOf(key))).toEqual(head(7));
		expect(newestOf(heads, publicOf(key, other))).toEqual(head(12, other));
		expect(newestOf(heads, publicOf())).toBeUndefined();
	});
});

describe("the text of heads", () => {
	it("is read back unchanged", () =>
		fc.assert(
			fc.property(
				fc.uniqueArray(
					fc.tuple(fc.constantFrom("radar:0", "case-opening:1023", "a1:7"), fc.integer({ min: 1, max: 999_999_999_999_999 }), fc.boolean()),
					{ minLength: 1, maxLength: 12, selector: String },
				),
				(drawn) => {
					const heads = drawn.map(([partition, position, mine]) => head(position, mine ? key : other, partition));
					const read = parseHeads(headsText(exported(key, other), heads));
					expect(read.heads).toEqual(heads);
					expect(read.heads.every((one) => doubtOf(one, read.keys) === null)).toBe(true);
				},
			),
			{ numRuns: 30 },
		));
	it("explains its purpose in comment lines at the beginning", () => {
		const lines = headsText(exported(key), [head()]).split("\n");
		expect(lines[0]).toMatch(/^# /);
		expect(lines.filter((line) => !line.startsWith("#"))).toEqual([
			"vigie-heads 1",
			expect.stringMatching(/^key /),
			expect.stringMatching(/^head radar:0 12 /),
			"",
		]);
	});
	it("can be joined, commented, mailed and saved on another system", () => {
		const [one, two] = [headsText(exported(key), [head(3)]), headsText(exported(key, other), [head(9, other)])];
		const text = `\uFEFF${one}\n# from the court\n   \n${two}`.replaceAll("\n", "\r\n").replaceAll("head ", "  head  ");
		expect(parseHeads(text).heads.map(({ position }) => position)).toEqual([3, 9]);
		expect([...parseHeads(text).keys.keys()].toSorted()).toEqual([key.id, other.id].toSorted());
	});

	const problems = (text: string): readonly string[] => {
		try {
			parseHeads(text);
		} catch (error) {
			if (!(error instanceof HeadsUnreadable)) throw error;
			expect(error.message).toBe(error.problems.map(({ line, message }) => `line ${line}: ${message}`).join("\n"));
			return error.problems.map(({ line, message }) => `${line} ${message}`);
		}
		return [];
	};
	const lines = [...headsText(exported(key), [head()]).trimEnd().split("\n")].filter((line) => !line.startsWith("#"));
	const [begin = "", aKey = "", aHead = ""] = lines;
	it.each([
		["that is empty", "", ['1 the first line must be "vigie-heads 1"']],
		["of another kind", "# a letter\nDear Sir", ['2 the first line must be "vigie-heads 1"']],
		["of a later version", `vigie-heads 2\n${aHead}`, ['1 the first line must be "vigie-heads 1"']],
		["of keys alone", `#\n${begin}\n${aKey}`, ["2 there is no head in the text"]],
		[
			"cut within a line",
			`${begin}\n${aKey}\n${aHead.slice(0, -1)}`,
			[`3 the signature of the head is not valid: ${aHead.split(" ")[6]?.slice(0, 40)}`],
		],
		[
			"cut between two words",
			`${begin}\n${aHead.slice(0, aHead.lastIndexOf(" "))}`,
			["2 a head has 6 parts (partition, position, hash, at, key, signature), not 5"],
		],
		["with an extra word", `${begin}\n${aHead} x`, ["2 a head has 6 parts (partition, position, hash, at, key, signature), not 7"]],
		["with a position before the first", `${begin}\n${aHead.replace(" 12 ", " 0 ")}`, ["2 the position of the head is not valid: 0"]],
		["with an unknown line", `${begin}\nheads 3\n${aHead}`, ['2 it begins with neither "key" nor "head"']],
		["with an invalid key", `${begin}\nkey ${key.id} AAAA\n${aHead}`, ["2 a key is its id and an Ed25519 public key, base64 of its SPKI"]],
		[
			"whose key has another's name",
			`${begin}\n${aKey.replace(key.id, other.id)}\n${aHead}`,
			[`2 the key is not ${other.id}: it is ${key.id}`],
		],
		[
			"with two errors",
			`${begin}\nx\n${aKey}\ny`,
			['2 it begins with neither "key" nor "head"', '4 it begins with neither "key" nor "head"'],
		],
	])("%s is refused, with an error per line", (_what, text, expected) => expect(problems(text)).toEqual(expected));
	it("with a thousand errors reports twenty", () => expect(problems(`${begin}\n${"x\n".repeat(1000)}`)).toHaveLength(20));
});

describe("a public key", () => {
	it("is identified by its fingerprint, and other kinds of keys are refused", () => {
		const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
		const [one] = exported(key);
		const read = publicKeyOf(one?.publicKey ?? "");
		expect(read && keyId(read)).toBe(key.id);
		for (const text of [
			"",
			"AAAA",
			publicKey.export({ type: "spki", format: "der" }).toString("base64"),
			key.key.export({ type: "pkcs8", format: "der" }).toString("base64"),
		])
			expect(publicKeyOf(text)).toBeNull();
	});
});
