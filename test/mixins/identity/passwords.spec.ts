/** Hashes of passwords: with a salt of their own, with their parameters, and in bounded number at a time. */
import { describe, expect, it } from "@jest/globals";
import { hashOf, isOf, isWeak, namedDigest } from "../../../mixins/identity/passwords.ts";

const WEAK = { memory: 8192, passes: 1, parallelism: 1 };

describe("the hash of a password", () => {
	it("names its parameters, and fits only that password", async () => {
		const hash = await hashOf("correct horse battery");
		expect(hash).toMatch(/^\$argon2id\$v=19\$m=65536,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
		expect(await isOf("correct horse battery", hash)).toBe(true);
		expect(await isOf("correct horse batterY", hash)).toBe(false);
		expect(await isOf("", hash)).toBe(false);
	});
	it("differs each time", async () => expect(await hashOf("correct horse battery")).not.toBe(await hashOf("correct horse battery")));
	it("is that of RFC 9106 in the common notation", async () => {
		// made by the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 24 -e
		const known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
		expect(await isOf("password", known)).toBe(true);
	});
	it("fits each Unicode form of the same letters", async () => {
		const hash = await hashOf("caf\u00e9 caf\u00e9 caf\u00e9", WEAK);
		expect(await isOf("cafe\u0301 cafe\u0301 cafe\u0301", hash)).toBe(true);
	});
	it("fits no password if there is none", async () => expect(await isOf("correct horse battery", null)).toBe(false));
	it("with weaker parameters still fits, and is known to be weak", async () => {
		const hash = await hashOf("correct horse battery", WEAK);
		expect(await isOf("correct horse battery", hash)).toBe(true);
		expect([isWeak(hash), isWeak(hash, WEAK), isWeak(await hashOf("correct horse battery"))]).toEqual([true, false, false]);
	});
});

describe("many hashes at once", () => {
	it("are refused beyond a limit, and the others are computed", async () => {
		const all = await Promise.allSettled(Array.from({ length: 120 }, () => hashOf("correct horse battery", WEAK)));
		const refused = all.flatMap((one) => (one.status === "rejected" ? [one.reason as { code: number; type: string }] : []));
		expect(refused.map(({ code, type }) => `${code} ${type}`)).toEqual(Array.from({ length: 18 }, () => "503 TOO_BUSY"));
		expect(await isOf("correct horse battery", await hashOf("correct horse battery", WEAK))).toBe(true);
	});
});

describe("the digest of a password in a command", () => {
	it("is the same for the same command, and differs with password and command", async () => {
		const digest = await namedDigest("correct horse battery", "c-1");
		expect(await namedDigest("correct horse battery", "c-1")).toBe(digest);
		expect(await namedDigest("correct horse battery", "c-2")).not.toBe(digest);
		expect(await namedDigest("correct horse batterY", "c-1")).not.toBe(digest);
	});
});
