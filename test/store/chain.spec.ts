/** Chain - the hash chain detects every change, removal or reordering of commits in a log (DESIGN §3, LAW 5). */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { chained, GENESIS } from "../../store/chain.ts";
import type { Commit } from "../../store/log.ts";
import { chainedAfter, EMPTY } from "../support/commits.ts";

const log = chainedAfter(
	EMPTY,
	Array.from({ length: 8 }, (_, i) => ({ stream: `radar-${i % 3}`, version: Math.floor(i / 3) })),
);
/** Index of the first commit whose hash does not follow from the previous one; -1 if there is none. */
const broken = (commits: readonly Commit[]): number =>
	commits.findIndex(
		({ stream, version, body, hash }, i) => hash !== chained(i === 0 ? GENESIS : (commits[i - 1]?.hash ?? ""), stream, version, body),
	);

describe("the chain of a log", () => {
	it("is valid for an unchanged log", () => expect(broken(log)).toBe(-1));

	it("is a digest that standard tools can reproduce", () =>
		expect(chained("", "radar-1", 0, "{}")).toBe("16xcZ09D4hu4-9JHqK2B-uZNM3Ma8kYZbssZXBovqz0"));

	it.each([
		["body", (commit: Commit) => ({ ...commit, body: commit.body.replace("somebody", "somebodY") })],
		["stream", (commit: Commit) => ({ ...commit, stream: `${commit.stream}0` })],
		["version", (commit: Commit) => ({ ...commit, version: commit.version + 1 })],
		["hash", (commit: Commit) => ({ ...commit, hash: `${commit.hash.slice(0, -1)}_` })],
	])("detects a changed %s, with its position", (_what, change) => {
		for (const at of log.keys()) expect(broken(log.map((commit, i) => (i === at ? change(commit) : commit)))).toBe(at);
	});

	it("detects a removed commit, unless it was the last", () => {
		for (const at of log.keys()) expect(broken(log.filter((_, i) => i !== at))).toBe(at === log.length - 1 ? -1 : at); // signed heads protect the end
	});

	it("detects two swapped commits", () => {
		fc.assert(
			fc.property(fc.nat(7), fc.nat(7), (a, b) => {
				fc.pre(a < b);
				const swapped = log.map((commit, i) => (i === a ? log[b] : i === b ? log[a] : commit) ?? commit);
				expect(broken(swapped)).toBe(a);
			}),
		);
	});

	it("distinguishes commits that differ only in the border between two fields", () => {
		const field = fc.string({ unit: fc.constantFrom("a", "1", "-", ":"), maxLength: 4 });
		fc.assert(
			fc.property(fc.tuple(field, field, fc.nat(20), field), fc.tuple(field, field, fc.nat(20), field), (one, other) => {
				fc.pre(JSON.stringify(one) !== JSON.stringify(other));
				expect(chained(...one)).not.toBe(chained(...other));
			}),
		);
	});
});
