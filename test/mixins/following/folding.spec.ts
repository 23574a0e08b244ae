/** Folding - each fact is folded into its row once, in order, with the origin from its commit. */
import { describe, expect, it } from "@jest/globals";
import { foldAll, Mutex, stepsOf } from "../../../mixins/following/folding.ts";
import type { Origin } from "../../../model/index.ts";
import { Indigestible } from "../../../store/follow.ts";
import { blank, type Row } from "../../../store/rows.ts";
import { chainedAfter, EMPTY } from "../../support/commits.ts";

interface Told {
	readonly said: readonly string[];
}
const commits = chainedAfter(EMPTY, [
	{
		stream: "thing-a-1",
		version: 0,
		facts: [
			{ type: "thing.made", data: "made" },
			{ type: "thing.sold", data: "sold" },
		],
	},
	{ stream: "till-1", version: 0, facts: [{ type: "till.rang", data: "a-1" }] },
	{ stream: "thing-a-1", version: 2, facts: [{ type: "thing.broken", data: "broken" }] },
	{ stream: "thing-b", version: 0, facts: [{ type: "thing.unheard", data: "nobody cares" }] },
]);
const tell = (row: Told | null, data: string): Told => ({ said: [...(row?.said ?? []), data] });
const handlers = {
	"thing.made": tell,
	"thing.sold": tell,
	"thing.broken": (): null => null,
	"till.rang": { row: (id: string) => id, fold: (row: Told | null) => tell(row, "rang") },
};
const fold = (row: Row, cut = commits.length) =>
	foldAll(new Map([[row.id, row]]), stepsOf(handlers, "shop", 0, commits.slice(0, cut)), "shop:0", "thing").get(row.id);

describe("folding", () => {
	it("handles the facts of a batch in order, also within a commit, and records the position in the row", () => {
		expect(fold(blank("a-1"), 2)).toMatchObject({ data: { said: ["made", "sold", "rang"] }, at: { "shop:0": 2 } });
	});

	it("skips commits that a row has seen already, always as a whole", () => {
		const seen: Row = { ...blank("a-1"), rev: 1, at: { "shop:0": 1 }, data: { said: ["made", "sold"] } };
		expect(fold(seen, 2)).toMatchObject({ data: { said: ["made", "sold", "rang"] }, at: { "shop:0": 2 } });
		expect(fold({ ...seen, at: { "shop:0": 2 } }, 2)).toBeUndefined();
		expect(fold({ ...seen, at: { "web:0": 9 } }, 2)).toMatchObject({ data: { said: ["made", "sold", "made", "sold", "rang"] } });
	});

	it("sets the version of the row's own actor, also if facts of other actors follow", () => {
		expect(fold(blank("a-1"), 2)?.version).toBe(2);
		expect(fold(blank("a-1"), 3)?.version).toBe(3);
	});

	it("keeps the position of a deleted row", () => {
		expect(fold(blank("a-1"))).toMatchObject({ data: null, at: { "shop:0": 3 } });
	});

	it("passes the origin of a fact to its fold, with the whole id also if it contains dashes", () => {
		const origins: Origin[] = [];
		stepsOf({ "thing.made": tell, "till.rang": tell }, "shop", 3, commits).forEach(({ origin }) => origins.push(origin));
		expect(origins).toMatchObject([
			{ log: "shop", partition: 3, position: 1, service: "thing", id: "a-1", version: 2 },
			{ position: 2, service: "till", id: "1", version: 1 },
		]);
		expect(origins[0]?.facts.map(({ type }) => type)).toEqual(["thing.made", "thing.sold"]);
	});

	it("names the position of a fact whose fold or row function throws", () => {
		const broken = () => {
			throw new Error("a bug");
		};
		const steps = stepsOf({ "thing.broken": broken }, "shop", 0, commits);
		expect(() => foldAll(new Map([["a-1", blank("a-1")]]), steps, "shop:0")).toThrow(Indigestible);
		expect(() => foldAll(new Map([["a-1", blank("a-1")]]), steps, "shop:0")).toThrow(/position 3 cannot be folded: a bug/);
		expect(() => stepsOf({ "till.rang": { row: broken, fold: tell } }, "shop", 0, commits)).toThrow(/position 2 cannot be folded: a bug/);
	});

	it("runs two tasks one after the other, also if the first one fails", async () => {
		const mutex = new Mutex();
		const ran: string[] = [];
		const task = (name: string, fails = false) =>
			mutex.run(async () => {
				ran.push(`${name} begins`);
				await null;
				ran.push(`${name} ends`);
				if (fails) throw new Error(name);
				return name;
			});
		const results = await Promise.allSettled([task("one", true), task("two")]);
		expect(results).toMatchObject([{ status: "rejected" }, { status: "fulfilled", value: "two" }]);
		expect(ran).toEqual(["one begins", "one ends", "two begins", "two ends"]);
	});
});
