/** A log cannot be changed, shortened inside or reordered unseen (DESIGN §3, LAW 5). */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { chained, GENESIS } from "../../store/chain.ts";
import type { Commit } from "../../store/log.ts";
import { chainedAfter, EMPTY } from "../support/commits.ts";

const log = chainedAfter(
	EMPTY,
	Array.from({ length: 8 }, (_, i) => ({ stream: `radar-${i % 3}`, version: Math.floor(i / 3) })),
);
/** Of the first commit whose hash does not follow from the one before; -1 if all do. */
const broken = (commits: readonly Commit[]): number =>
	commits.findIndex(
		({ stream, version, body, hash }, i) => hash !== chained(i === 0 ? GENESIS : (commits[i - 1]?.hash ?? ""), stream, version, body),
	);

describe("the chain of a log", () => {
	it("is whole when nobody touched it", () => expect(broken(log)).toBe(-1));

	it("is a digest anybody can make again with standard tools", () =>
		expect(chained("", "radar-1", 0, "{}")).toBe("16xcZ09D4hu4-9JHqK2B-uZNM3Ma8kYZbssZXBovqz0"));

	it.each([
		["body", (commit: Commit) => ({ ...commit, body: commit.body.replace("somebody", "somebodY") })],
		["stream", (commit: Commit) => ({ ...commit, stream: `${commit.stream}0` })],
		["version", (commit: Commit) => ({ ...commit, version: commit.version + 1 })],
		["hash", (commit: Commit) => ({ ...commit, hash: `${commit.hash.slice(0, -1)}_` })],
	])("shows that a %s was changed, and where", (_what, change) => {
		for (const at of log.keys()) expect(broken(log.map((commit, i) => (i === at ? change(commit) : commit)))).toBe(at);
	});

	it("shows that a commit was dropped, unless it was the last", () => {
		for (const at of log.keys()) expect(broken(log.filter((_, i) => i !== at))).toBe(at === log.length - 1 ? -1 : at); // the end is guarded by the signed heads
	});

	it("shows that two commits changed places", () => {
		fc.assert(
			fc.property(fc.nat(7), fc.nat(7), (a, b) => {
				fc.pre(a < b);
				const swapped = log.map((commit, i) => (i === a ? log[b] : i === b ? log[a] : commit) ?? commit);
				expect(broken(swapped)).toBe(a);
			}),
		);
	});

	it("tells apart what differs only in where one field ends and the next begins", () => {
		const field = fc.string({ unit: fc.constantFrom("a", "1", "-", ":"), maxLength: 4 });
		fc.assert(
			fc.property(fc.tuple(field, field, fc.nat(20), field), fc.tuple(field, field, fc.nat(20), field), (one, other) => {
				fc.pre(JSON.stringify(one) !== JSON.stringify(other));
				expect(chained(...one)).not.toBe(chained(...other));
			}),
		);
	});
});
